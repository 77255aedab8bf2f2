"""Where previews are made: a few conditions at which held-out recordings are many, and the levels of one series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.exploration.grouping import Groups, by_age, by_hearing, by_level, by_rate
from abr_model.exploration.latency_intensity import by_group
from abr_model.runs.previews import SMALLEST_GROUP, FixedCondition, HeldOut
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE, latency_column

CONDITIONS_SHOWN = 4
DRAWS = 64
"""Generated recordings per condition and level: the error of their mean is an eighth of their SD."""
MANY = 20
"""Ages and levels are grouped finely where the largest group has so many recordings; else coarsely."""
FEW_LEVELS = 6
SMALLEST_PATIENTS = 3
"""A mean over many recordings of one patient says little about others: shown only where there is nothing better."""
MATURE_YEARS = 2.0
"""Wave V matures within two years (physiology notes): where two groups of ages must do, they meet here."""
ENOUGH = 0.25
"""A group that is to differ much from the first may be smaller, down to this share of the largest one."""

LEVEL, AGE_BAND, RATE_GROUP, HEARING = range(4)
_NAMES = (INTENSITY.name, AGE.name, RATE.name, HEARING_LOSS.name)
Cell = tuple[int, ...]


@dataclass(frozen=True)
class FixedConditions:
    """The held-out side of every preview, and what to generate beside it.

    ``rows`` [C + L, DRAWS] are positions in the validation part, for each of ``held_out.conditions`` and then for each
    of ``held_out.levels``: a recording is generated for the age, level, rate and hearing of each of them, so that both
    sides hold the same conditions. A group of fewer than :data:`DRAWS` comes several times.
    """

    held_out: HeldOut
    rows: np.ndarray

    def table(self, validation: Cohort) -> pd.DataFrame:
        """Conditions to generate at, (C + L) · DRAWS rows."""
        return validation.table.iloc[self.rows.ravel()][list(CONDITION_NAMES)].reset_index(drop=True)


def fixed_conditions(validation: Cohort) -> FixedConditions:
    """Choose them by the numbers of recordings in ``validation``.

    Recordings are grouped by level, age, rate and hearing. The series is the hearing, age and rate with most
    recordings. The conditions are its level with most recordings, a level far from that, another age and another
    hearing loss (each with as much of the rest in common as recordings allow), then further levels of the series, until
    there are :data:`CONDITIONS_SHOWN`. No group has fewer than :data:`~abr_model.runs.previews.SMALLEST_GROUP`
    recordings, nor, where recordings allow, fewer than :data:`SMALLEST_PATIENTS` patients.
    """
    table = validation.table
    groupings = _groupings(table)
    base = next((i for i, grouping in enumerate(groupings) if grouping.is_enough), len(groupings) - 1)
    codes, groups, cells = groupings[base].codes, groupings[base].groups, groupings[base].cells
    series = _series(cells)
    if series is None:
        return _nothing(validation)
    chosen = _choose(groupings[base:], series)
    members = [grouping.rows(cell) for grouping, cell, _ in chosen]
    conditions = tuple(
        _condition(table.iloc[rows], grouping.groups, cell, differs_in)
        for (grouping, cell, differs_in), rows in zip(chosen, members, strict=True)
    )
    traces = [validation.waveforms[rows].astype(np.float64) for rows in members]
    marked = np.isfinite(table[latency_column("V")].to_numpy(dtype=float))
    of_series = (codes[:, AGE_BAND:] == series).all(axis=1) & marked
    patients = table["patient_id"].to_numpy()[of_series]
    levels = [cell[LEVEL] for cell in _cells(codes[of_series], patients, groupings[base].smallest_patients)]
    at_levels = np.where(of_series, codes[:, LEVEL], -1)
    statistics = by_group(table[latency_column("V")].to_numpy(dtype=float), at_levels, len(groups[LEVEL]))[levels]
    held_out = HeldOut(
        kind=validation.kind,
        time_ms=np.asarray(validation.time_ms),
        conditions=conditions,
        mean=np.stack([t.mean(axis=0) for t in traces]),
        sd=np.stack([t.std(axis=0, ddof=1) for t in traces]),
        series=conditions[0].series,
        levels=groups[LEVEL].values[levels],
        latency_ms=statistics[:, 3:6],
        marked=statistics[:, 0].astype(int),
    )
    members += [np.flatnonzero(at_levels == level) for level in levels]
    return FixedConditions(held_out, np.stack([_spread(rows) for rows in members]))


def _nothing(validation: Cohort) -> FixedConditions:
    """Every group is too small."""
    none, traces = np.zeros(0), np.zeros((0, validation.samples))
    held_out = HeldOut(
        kind=validation.kind,
        time_ms=np.asarray(validation.time_ms),
        conditions=(),
        mean=traces,
        sd=traces,
        series="",
        levels=none,
        latency_ms=np.zeros((0, 3)),
        marked=none.astype(int),
    )
    return FixedConditions(held_out, np.zeros((0, DRAWS), dtype=int))


# --- grouping and choosing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grouping:
    """Recordings by level, age, rate and hearing: ``codes`` [N, 4], and the recordings of each cell large enough."""

    groups: tuple[Groups, ...]
    codes: np.ndarray
    cells: dict[Cell, int]
    smallest_patients: int

    @property
    def is_enough(self) -> bool:
        return max(self.cells.values(), default=0) >= MANY

    def rows(self, cell: Cell) -> np.ndarray:
        return np.flatnonzero((self.codes == cell).all(axis=1))


def _groupings(table: pd.DataFrame) -> list[_Grouping]:
    """From fine to coarse."""
    rates, hearing, patients = by_rate(table), by_hearing(table), table["patient_id"].to_numpy()
    fine, coarse = (_said_to_be_rounded(levels, table) for levels in (by_level(table), by_level(table, FEW_LEVELS)))
    groupings = []
    for levels, ages, smallest in (
        (fine, by_age(table), SMALLEST_PATIENTS),
        (fine, _two_ages(table), SMALLEST_PATIENTS),
        (fine, _all_ages(table), SMALLEST_PATIENTS),
        (coarse, _all_ages(table), SMALLEST_PATIENTS),
        (coarse, _all_ages(table), 1),
    ):
        groups = (levels, ages, rates, hearing)
        codes = np.column_stack([group.codes for group in groups])
        groupings.append(_Grouping(groups, codes, _cells(codes, patients, smallest), smallest))
    return groupings


def _two_ages(table: pd.DataFrame) -> Groups:
    age = table[AGE.name].to_numpy(dtype=float)
    codes = np.where(np.isnan(age), -1, age >= MATURE_YEARS)
    return Groups(codes, ("under 2 years", "2 years and older"), AGE.label, np.arange(2.0))


def _all_ages(table: pd.DataFrame) -> Groups:
    codes = np.where(table[AGE.name].isna(), -1, 0)
    return Groups(codes, ("all ages",), AGE.label, np.zeros(1))


def _said_to_be_rounded(levels: Groups, table: pd.DataFrame) -> Groups:
    known = levels.codes >= 0
    if np.allclose(levels.values[levels.codes[known]], table[INTENSITY.name].to_numpy(dtype=float)[known]):
        return levels
    return replace(levels, labels=tuple(f"about {label}" for label in levels.labels))


def _cells(codes: np.ndarray, patients: np.ndarray, smallest: int) -> dict[Cell, int]:
    """Recordings in each combination of level, age, rate and hearing that is large enough, in ascending order."""
    known = (codes >= 0).all(axis=1)
    if not known.any():
        return {}
    cells, cell_of, counts = np.unique(codes[known], axis=0, return_inverse=True, return_counts=True)
    pairs = np.unique(np.column_stack([cell_of.ravel(), pd.factorize(patients[known])[0]]), axis=0)
    of_patients = np.bincount(pairs[:, 0], minlength=len(cells))
    enough = (counts >= SMALLEST_GROUP) & (of_patients >= smallest)
    return {tuple(map(int, cell)): int(n) for cell, n in zip(cells[enough], counts[enough], strict=True)}


def _series(cells: dict[Cell, int]) -> Cell | None:
    """Age, rate and hearing with most recordings."""
    total: dict[Cell, int] = {}
    for cell, n in cells.items():
        total[cell[AGE_BAND:]] = total.get(cell[AGE_BAND:], 0) + n
    return max(total, key=lambda key: (total[key], key), default=None)


def _choose(groupings: list[_Grouping], series: Cell) -> list[tuple[_Grouping, Cell, str]]:
    """Cells of the first, finest grouping and what sets each apart from the first cell; another hearing loss may come
    from a coarser one: it is rarer."""
    base = groupings[0]
    levels = {cell: n for cell, n in base.cells.items() if cell[AGE_BAND:] == series}
    first = max(levels, key=lambda cell: (levels[cell], cell))
    chosen = [(base, first, "")]
    for axis in (LEVEL, AGE_BAND):
        if (other := _other(base.cells, first, axis)) is not None:
            chosen.append((base, other, _NAMES[axis]))
    one_of_first = base.rows(first)[0]
    for grouping in groupings:
        like_first = tuple(map(int, grouping.codes[one_of_first]))
        if (other := _other(grouping.cells, like_first, HEARING)) is not None:
            chosen.append((grouping, other, _NAMES[HEARING]))
            break
    taken = {cell for grouping, cell, _ in chosen if grouping is base}
    further = sorted((cell for cell in levels if cell not in taken), key=lambda cell: -levels[cell])
    chosen += [(base, cell, INTENSITY.name) for cell in further]
    return chosen[:CONDITIONS_SHOWN]


def _other(cells: dict[Cell, int], first: Cell, axis: int) -> Cell | None:
    """A cell that differs from ``first`` in one condition: most of the rest in common, then far away, then large."""
    differing = {cell: n for cell, n in cells.items() if cell[axis] != first[axis]}
    if axis == LEVEL:
        differing = {cell: n for cell, n in differing.items() if cell[AGE_BAND:] == first[AGE_BAND:]}
    if axis == AGE_BAND:  # a newborn of another hearing would show two things at once
        differing = {cell: n for cell, n in differing.items() if cell[HEARING] == first[HEARING]}
    if not differing:
        return None
    common = {cell: sum(a == b for a, b in zip(cell, first, strict=True)) for cell in differing}
    most = max(common.values())
    differing = {cell: n for cell, n in differing.items() if common[cell] == most}
    largest = max(differing.values())
    candidates = [cell for cell, n in differing.items() if n >= ENOUGH * largest]
    ordered = axis != HEARING  # classes of hearing have no distance
    return max(candidates, key=lambda cell: (abs(cell[axis] - first[axis]) if ordered else 0, differing[cell], cell))


def _spread(rows: np.ndarray) -> np.ndarray:
    """:data:`DRAWS` of them, evenly spread; all of them where they are no more, and then some several times."""
    return rows[np.linspace(0, len(rows) - 1, DRAWS).round().astype(int)]


# --- describing --------------------------------------------------------------------------------------------------


def _condition(rows: pd.DataFrame, groups: tuple[Groups, ...], cell: Cell, differs_in: str) -> FixedCondition:
    age = float(rows[AGE.name].median())
    step = 1 / 12 if age < 2 else 1.0 if age < 20 else 5.0  # so that it is no patient's own
    return FixedCondition(
        level=f"{groups[LEVEL].labels[cell[LEVEL]]} {INTENSITY.unit}",
        hearing=HEARING_LOSSES[cell[HEARING]].label,
        ages=groups[AGE_BAND].labels[cell[AGE_BAND]],
        rate=f"{groups[RATE_GROUP].labels[cell[RATE_GROUP]]} {RATE.unit}",
        age_years=round(round(age / step) * step, 4),
        intensity_db_nhl=round(float(rows[INTENSITY.name].median()), 1),
        stimulus_rate_per_s=round(float(rows[RATE.name].median()), 1),
        hearing_loss=HEARING_LOSSES[cell[HEARING]].code,
        n=len(rows),
        patients=int(rows["patient_id"].nunique()),
        differs_in=differs_in,
    )
