"""What the person says about all recordings of an import: fills cells that the files leave empty, and is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from abr_model.errors import InputError
from abr_model.schema import AGE, COLUMNS_BY_NAME, HEARING_LOSS, POLARITY
from abr_model.sources.part import Part
from abr_model.sources.report import Refusals
from abr_model.table import conform_table

STATABLE = (AGE.name, HEARING_LOSS.name, "sex", POLARITY.name)
"""What can be true of every recording of a file that does not say it. Levels, ears and marks differ within a file."""


def checked_statements(stated: Mapping) -> dict:
    """The statements that are not None, checked by the schema.

    Raises
    ------
    InputError
        Another column than :data:`STATABLE`, a value out of range or an unknown class.
    """
    said = {name: value for name, value in stated.items() if value is not None}
    for name, value in said.items():
        if name not in STATABLE:
            raise InputError("this cannot be stated for all recordings", column=name, allowed=", ".join(STATABLE))
        try:
            table = conform_table(pd.DataFrame({"recording_id": ["r"], "patient_id": ["p"], name: [value]}))
        except InputError as error:
            raise InputError(error.problem, column=name, value=error.value, allowed=error.allowed) from error
        if table[name].isna().any():  # "not a number" passes a schema in which missing is allowed
            raise InputError("the stated value is missing", column=name, allowed=COLUMNS_BY_NAME[name].allowed)
        said[name] = table[name].tolist()[0]
    return said


def fill_missing(kept: list[tuple[Part, Refusals]], stated: dict) -> tuple[list[tuple[Part, Refusals]], dict[str, int]]:
    """The parts with ``stated`` in their missing cells, and in how many recordings each value was used."""
    filled = dict.fromkeys(stated, 0)
    parts = []
    for part, refusals in kept:
        table = part.table.copy()
        for name, value in stated.items():
            if name not in table:
                table[name] = pd.Series([None] * len(table), dtype="str" if isinstance(value, str) else "float64")
            missing = table[name].isna()
            filled[name] += int(missing.sum())
            table[name] = table[name].where(~missing, value)
        parts.append((replace(part, table=table), refusals))
    return parts, filled


def sentence_of(name: str, value, recordings: int) -> str:
    """``"age 25 years stated by the person for 18 recordings"``."""
    column = COLUMNS_BY_NAME[name]
    words = " ".join(filter(None, [column.in_sentence, value if isinstance(value, str) else f"{value:g}", column.unit]))
    if not recordings:
        return f"{words} stated by the person was not used: every recording has its own"
    return f"{words} stated by the person for {recordings:,} recordings"
