"""What struck the reviewers: ticks counted by kind, and what they wrote."""

from __future__ import annotations

import pandas as pd

from abr_model.review.analysis.results import Note, Noticed
from abr_model.review.answer import NOTICED


def noticed_things(table: pd.DataFrame) -> list[Noticed]:
    """Every tick-box, the most ticked on generated items first."""
    first = table[table["repeat"] == 0]
    found = []
    for tick, words in NOTICED.items():
        ticked = first["noticed"].map(lambda ticks, tick=tick: tick in ticks).astype(bool)
        found.append(
            Noticed(
                what=words,
                recorded=int((ticked & ~first["generated"]).sum()),
                generated=int((ticked & first["generated"]).sum()),
                when_right=int((ticked & first["generated"] & first["called_generated"]).sum()),
            )
        )
    return sorted(found, key=lambda one: -one.generated)


def notes(table: pd.DataFrame) -> list[Note]:
    """Everything that was written, by item."""
    written = table[table["note"].str.strip() != ""].sort_values(["item", "reviewer"])
    return [
        Note(
            reviewer=row.reviewer, item=int(row.item), generated=bool(row.generated), rating=int(row.rating),
            note=row.note.strip(),
        )
        for row in written.itertuples()
    ]  # fmt: skip
