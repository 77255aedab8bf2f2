"""Tables of cells (level × age × class) as a grid that is coloured by how far off each cell is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.evaluation.score import Section
from abr_model.evaluation.words import UNTOLD
from abr_model.realism.ears import AGE_WORDS
from abr_model.schema import HEARING_LOSSES

LABELS = AGE_WORDS | {h.code: h.short_label.lower() for h in HEARING_LOSSES}


@dataclass(frozen=True)
class HeatCell:
    """One cell: its words, how many recordings, and how far off it is from 0 (not at all) to 100."""

    words: str
    n: str
    heat: int


@dataclass(frozen=True)
class HeatMap:
    """A grid: ``levels`` across, a row a group; cells in the order of the levels, None without recordings."""

    title: str
    levels: list[str]
    rows: list[tuple[str, list[HeatCell | None]]]


@dataclass(frozen=True)
class _Wanted:
    """Which column of which table becomes a grid, and how far off is fully coloured."""

    section: str
    table: str
    level: str
    groups: tuple[str, ...]
    n: str
    value: str
    title: str
    full: float


WANTED = (
    _Wanted(
        "cells", "cells", "level_db_nhl", ("age_band", "hearing_loss"), "n", "wave_v_error_ms",
        "Wave V latency of the mean response, generated − true or held-out, ms (full colour: 0.3 ms)", 0.3,
    ),
    _Wanted(
        "cells", "cells", "level_db_nhl", ("age_band", "hearing_loss"), "n", "marked_V_difference",
        "Recordings with a marked wave V, generated − held-out, percentage points (full colour: 20)", 20.0,
    ),
)  # fmt: skip


def heat_maps(section: Section) -> list[HeatMap]:
    """The grids of a section; a table that lacks a column has none."""
    found = []
    for wanted in WANTED:
        table = section.tables.get(wanted.table)
        needed = {wanted.level, *wanted.groups, wanted.n, wanted.value}
        if wanted.section == section.key and table is not None and needed <= set(table.columns) and len(table):
            found.append(_grid(table, wanted))
    return found


def _grid(table: pd.DataFrame, wanted: _Wanted) -> HeatMap:
    levels = np.sort(table[wanted.level].dropna().unique())
    rows = []
    for group, part in table.groupby(list(wanted.groups), sort=False, dropna=False):
        by_level = part.drop_duplicates(wanted.level).set_index(wanted.level)
        cells = [_cell(by_level.loc[level], wanted) if level in by_level.index else None for level in levels]
        rows.append((", ".join(LABELS.get(name, str(name)) for name in group), cells))
    return HeatMap(wanted.title, [f"{level:g}" for level in levels], rows)


def _cell(row: pd.Series, wanted: _Wanted) -> HeatCell:
    value, n = row[wanted.value], f"{row[wanted.n]:,.0f}"
    if pd.isna(value):
        return HeatCell(UNTOLD, n, 0)
    digits = 2 if wanted.full < 10 else 0
    words = f"{round(value, digits) or 0.0:+.{digits}f}".replace("-", "−")  # never −0.00
    return HeatCell(words, n, round(100 * min(abs(value) / wanted.full, 1.0)))
