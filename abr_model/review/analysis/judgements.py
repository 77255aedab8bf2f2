"""Confirmed answers of a closed study beside what the items are: the tables that every statistic is worked out from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.review.answer import RATINGS
from abr_model.review.store import Stored
from abr_model.review.study import Key
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, WAVES, latency_column

CALLED_GENERATED = RATINGS // 2
"""Ratings above this call an item generated."""


def judgements(stored: list[Stored], key: Key) -> pd.DataFrame:
    """One row for each confirmed answer.

    Columns: ``reviewer``, ``item``, ``repeat``, ``generated`` (what it is), ``rating``, ``called_generated``,
    ``correct``, ``plausibility`` (NaN: not asked), ``seconds``, ``noticed`` (tuple), ``note``, and of the item
    ``level`` (dB nHL, of the loudest trace), ``age_years``, ``hearing_loss``.
    """
    conditions = [_conditions(key, item) for item in range(len(key.generated))]
    rows = []
    for one in stored:
        if not one.answer.done or one.answer.rating is None:
            continue
        answer, generated = one.answer, bool(key.generated[one.item])
        called = answer.rating > CALLED_GENERATED
        rows.append(
            {
                "reviewer": one.reviewer,
                "item": one.item,
                "repeat": one.repeat,
                "generated": generated,
                "rating": answer.rating,
                "called_generated": called,
                "correct": called == generated,
                "plausibility": np.nan if answer.plausibility is None else float(answer.plausibility),
                "seconds": answer.seconds,
                "noticed": answer.noticed,
                "note": answer.note,
                **conditions[one.item],
            }
        )
    columns = [
        "reviewer",
        "item",
        "repeat",
        "generated",
        "rating",
        "called_generated",
        "correct",
        "plausibility",
        "seconds",
        "noticed",
        "note",
        "level",
        "age_years",
        "hearing_loss",
    ]
    return pd.DataFrame(rows, columns=columns).astype({"generated": bool, "called_generated": bool, "correct": bool})


def marked_waves(stored: list[Stored], key: Key) -> pd.DataFrame:
    """One row for each wave that was judged on a trace, of confirmed answers.

    Columns: ``reviewer``, ``item``, ``repeat``, ``trace``, ``wave``, ``generated``, ``level`` (dB nHL of that trace),
    ``ms`` (NaN: judged absent) and ``label_ms``: the mark of the cohort, or what the model says; NaN without one.
    """
    wanted = [INTENSITY.name, *(latency_column(wave) for wave in WAVES)]
    tables = [key.table(item)[wanted].to_dict("list") for item in range(len(key.generated))]
    rows = []
    for one in stored:
        if not one.answer.done:
            continue
        table = tables[one.item]
        for mark in one.answer.marks:
            rows.append(
                {
                    "reviewer": one.reviewer,
                    "item": one.item,
                    "repeat": one.repeat,
                    "trace": mark.trace,
                    "wave": mark.wave,
                    "generated": bool(key.generated[one.item]),
                    "level": float(table[INTENSITY.name][mark.trace]),
                    "ms": np.nan if mark.ms is None else mark.ms,
                    "label_ms": float(table[latency_column(mark.wave)][mark.trace]),
                }
            )
    columns = ["reviewer", "item", "repeat", "trace", "wave", "generated", "level", "ms", "label_ms"]
    return pd.DataFrame(rows, columns=columns).astype({"generated": bool})


def by_reviewer(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """[reviewers, items] values of the first presentations; NaN where there is no answer."""
    first = table[table["repeat"] == 0]
    return first.pivot(index="reviewer", columns="item", values=column).astype(float)


def _conditions(key: Key, item: int) -> dict:
    table = key.table(item)
    first = table.iloc[0]
    return {
        "level": float(table[INTENSITY.name].max()),
        AGE.name: float(first[AGE.name]),
        HEARING_LOSS.name: first[HEARING_LOSS.name],
    }
