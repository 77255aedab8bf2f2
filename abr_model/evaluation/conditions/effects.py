"""What level, age and rate do to wave V: a regression of its latency in normal ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.age import WEEKS_PER_YEAR
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE

FEWEST_LATENCIES = 50
FEWEST_OTHER_RATES = 30
"""Recordings away from the most frequent rate that an effect of rate needs."""


@dataclass(frozen=True)
class Effect:
    """A coefficient of the regression. ``column``: its place in :func:`design`."""

    key: str
    name: str
    unit: str
    column: int


EFFECTS = (
    Effect("level", "Wave V later per 10 dB less, at 50 dB", "ms", 1),
    Effect("age", "Wave V earlier per tenfold age from term", "ms", 3),
    Effect("rate", "Wave V later per tenfold rate", "ms", 4),
)
MIDDLE_DB, MIDDLE_RATE = 50.0, 33.1
TERM_YEARS = 40.0 / WEEKS_PER_YEAR
"""Age counts from conception: log of age since birth would give the first days more weight than the first years."""


def design(table: pd.DataFrame) -> np.ndarray:
    """[n, 5]: 1, tens of dB below 50 dB and its square, −log10 of conceptional age over term, log10 of rate / 33.1.

    NaN where a condition is not known.
    """
    softer = (MIDDLE_DB - table[INTENSITY.name].to_numpy()) / 10
    age = np.log10((table[AGE.name].to_numpy() + TERM_YEARS) / TERM_YEARS)
    rate = np.log10(table[RATE.name].to_numpy() / MIDDLE_RATE)
    return np.column_stack([np.ones(len(table)), softer, softer**2, -age, rate])


class Effects:
    """Regression of ``latency_ms`` [n] on the conditions of ``table``, for normal ears, with weights."""

    def __init__(self, table: pd.DataFrame, latency_ms: np.ndarray):
        x = design(table)
        known = np.isfinite(x).all(axis=1) & np.isfinite(latency_ms)
        self.rows = np.flatnonzero(known & (table[HEARING_LOSS.name] == "normal").to_numpy(dtype=bool))
        self.x, self.y = x[self.rows], np.asarray(latency_ms, dtype=np.float64)[self.rows]
        rates = self.x[:, 4]
        _, counts = np.unique(rates, return_counts=True)
        self.has_rates = len(rates) - counts.max(initial=0) >= FEWEST_OTHER_RATES

    @property
    def n(self) -> int:
        """Latencies that the regression sees."""
        return len(self.rows)

    def coefficients(self, weights: np.ndarray | None = None) -> np.ndarray:
        """[3] in the order of :data:`EFFECTS`, ms; NaN with too few latencies, or of rate where rates hardly differ."""
        if self.n < FEWEST_LATENCIES:
            return np.full(len(EFFECTS), np.nan)
        w = np.ones(self.n) if weights is None else weights[self.rows]
        columns = [0, 1, 2, 3, 4] if self.has_rates else [0, 1, 2, 3]
        x = self.x[:, columns]
        beta = np.full(5, np.nan)
        beta[columns] = np.linalg.lstsq(x.T @ (x * w[:, None]), x.T @ (self.y * w), rcond=None)[0]
        return beta[[effect.column for effect in EFFECTS]]
