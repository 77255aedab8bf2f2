"""The numbers that sum up all cells, of one set of recordings beside the held-out ones, with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.evaluation.bootstrap import patient_intervals
from abr_model.evaluation.conditions.cell_comparison import QUANTITIES, CellComparison
from abr_model.evaluation.conditions.cell_grid import CellGrid
from abr_model.evaluation.conditions.effects import EFFECTS, Effects
from abr_model.evaluation.conditions.level_function import LevelMedians
from abr_model.evaluation.score import Interval
from abr_model.schema import latency_column

LATENCY_ERROR_MS = 0.10


@dataclass(frozen=True)
class Figure:
    """A number made of the errors of all cells: ``statistic`` of column ``column``."""

    key: str
    name: str
    unit: str
    column: str
    statistic: Callable[[np.ndarray], float]
    better: str = "lower"
    allowed: tuple[float | None, float | None] = (None, None)
    note: str = ""
    of_mean: bool = False
    """Of the mean trace of a cell."""


def median_size(values: np.ndarray) -> float:
    return float(np.median(np.abs(values)))


def share_true(values: np.ndarray) -> float:
    return float(100 * np.mean(values))


FIGURES = (
    Figure(
        "wave_v_latency_of_mean",
        "Wave V latency error of the conditional mean, median of the cells",
        "ms",
        "wave_v_error_ms",
        median_size,
        allowed=(None, LATENCY_ERROR_MS),
        of_mean=True,
    ),
    Figure(
        "wave_v_amplitude_of_mean",
        "Wave V amplitude error of the conditional mean, median of the cells",
        "µV",
        "wave_v_error_uv",
        median_size,
        note="peak to following trough",
        of_mean=True,
    ),
    Figure(
        "mean_trace_rmse", "Mean trace, RMSE, median of the cells", "nV", "trace_rmse_nv", median_size, of_mean=True
    ),
    Figure(
        "mean_trace_correlation",
        "Mean trace, correlation, median of the cells",
        "",
        "trace_correlation",
        lambda values: float(np.median(values)),
        better="higher",
        of_mean=True,
    ),
    *(
        Figure(f"{q.key}_{distance}", f"{q.name[0].upper()}{q.name[1:]}, {words}, median of the cells", unit,
                f"{q.key}_{distance}", median_size)
        for q in QUANTITIES
        if q.distribution
        for distance, words, unit in (
            ("wasserstein", "Wasserstein distance", q.unit),
            ("ks", "Kolmogorov–Smirnov distance", ""),
        )
    ),
    *(
        Figure(f"{q.key}_difference", f"{q.name[0].upper()}{q.name[1:]}, error of the mean, median of the cells",
                "points" if q.unit == "%" else q.unit, f"{q.key}_difference", median_size)
        for q in QUANTITIES
        if not q.distribution
    ),
)  # fmt: skip

INSIDE = len(FIGURES)
BY_LEVEL = INSIDE + 1
FIRST_EFFECT = INSIDE + 2
"""Places of further numbers of a :class:`CellSide`, after the figures."""


class CellSide:
    """What one set of recordings shows beside the held-out ones, with intervals.

    ``means`` [m, T] µV: what mean traces are taken of, where not of the recordings of ``side``.
    """

    def __init__(
        self, side: Cohort, real: Cohort, traces, grid: CellGrid, patients, *, paired: bool, seed: int, means=None
    ):
        self.side, self.real = side, real
        self.cells = CellComparison(side, real, traces, grid, patients, means) if len(grid) else None
        self.levels = LevelMedians(side, real)
        self.effects = [Effects(c.table, c.table[latency_column("V")].to_numpy()) for c in (side, real)]
        self.allowed = self.cells.allowed() if self.cells else {}
        self.found = self.cells.measure() if self.cells else {}
        self.values = self._numbers(self.found, None, None)
        sets = [patients] if paired else [patients, real.table["patient_id"].to_numpy()]
        intervals = patient_intervals(self._resampled, sets, seed, values=self.values)
        self.intervals = possible(intervals) or [None] * len(self.values)

    def _resampled(self, rows: list[np.ndarray]) -> np.ndarray:
        of_side, of_real = rows[0], rows[-1]
        weights = (
            np.bincount(of_side, minlength=len(self.side)).astype(np.float64),
            np.bincount(of_real, minlength=len(self.real)).astype(np.float64),
        )
        return self._numbers(self.cells.measure(*weights) if self.cells else {}, *weights)

    def _numbers(self, found: dict, side_weights, real_weights) -> np.ndarray:
        numbers = [statistic_of(figure, found) for figure in FIGURES]
        numbers.append(share_inside(self.inside(found)) if found else np.nan)
        numbers.append(self.levels.measure(side_weights, real_weights))
        weights = side_weights, real_weights
        of_side, of_real = (effects.coefficients(w) for effects, w in zip(self.effects, weights, strict=True))
        return np.array([*numbers, *(of_side - of_real)])

    def inside(self, found: dict) -> dict[str, np.ndarray]:
        """[K] per quantity whether its mean is within its margin; NaN where the cell cannot tell."""
        inside = {}
        for quantity in QUANTITIES:
            off, limit = np.abs(found[f"{quantity.key}_difference"]), self.allowed[quantity.key]
            known = np.isfinite(off) & np.isfinite(limit)
            inside[quantity.key] = np.where(known, off <= limit, np.nan)
        return inside

    def number(self, place: int) -> tuple[float, Interval | None]:
        """One of the numbers with its interval."""
        return float(self.values[place]), self.intervals[place]


def possible(intervals: list[Interval | None]) -> list[Interval | None]:
    """No error below 0, no share above 100 %, no correlation above 1; differences of effects have no such ends."""
    ends = [(-1.0, 1.0) if figure.better == "higher" else (0.0, np.inf) for figure in FIGURES]
    ends += [(0.0, 100.0), (0.0, np.inf), *[(-np.inf, np.inf)] * len(EFFECTS)]
    return [i and (max(i[0], low), min(i[1], high)) for i, (low, high) in zip(intervals, ends, strict=False)]


def statistic_of(figure: Figure, found: dict) -> float:
    values = found.get(figure.column, np.zeros(0))
    values = values[np.isfinite(values)]
    return figure.statistic(values) if len(values) else float("nan")


def share_inside(inside: dict[str, np.ndarray]) -> float:
    flags = np.concatenate(list(inside.values()))
    flags = flags[np.isfinite(flags)]
    return share_true(flags) if len(flags) else float("nan")
