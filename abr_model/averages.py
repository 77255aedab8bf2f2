"""Averages over recordings: the mean trace of each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import INTENSITY, Kind

MAXIMUM_LEVELS = 12
"""Levels that a picture can stack and a person can still tell apart."""


@dataclass(frozen=True)
class LevelMeans:
    """Mean and SD of the recordings at each level: ``levels`` [L] in dB nHL, loudest first; ``counts`` [L] recordings;
    ``mean`` and ``sd`` [L, T] in µV; ``time_ms`` [T]. ``step_db`` is the width that levels were rounded to."""

    levels: np.ndarray
    counts: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    time_ms: np.ndarray
    kind: Kind
    step_db: int


def level_means(cohort: Cohort, most_levels: int = MAXIMUM_LEVELS) -> LevelMeans:
    """Mean ± SD by level; levels are rounded to 5, 10 or 20 dB where there are more than ``most_levels``.

    Recordings without a level are left out. Returns arrays of length 0 when none has one.
    """
    level = cohort.table[INTENSITY.name].to_numpy()
    known = np.isfinite(level)
    step = next((s for s in (1, 5, 10, 20) if len(_rounded(level[known], s)[0]) <= most_levels), 20)
    levels, which = _rounded(level[known], step)
    traces = cohort.waveforms[known]
    order = np.argsort(levels)[::-1]
    mean = np.zeros((len(levels), cohort.samples))
    sd = np.zeros_like(mean)
    counts = np.bincount(which, minlength=len(levels)) if len(levels) else np.zeros(0, dtype=int)
    for i in range(len(levels)):
        part = traces[which == i].astype(np.float64)
        mean[i] = part.mean(axis=0)
        sd[i] = part.std(axis=0, ddof=1) if len(part) > 1 else np.nan
    return LevelMeans(levels[order], counts[order], mean[order], sd[order], cohort.time_ms, cohort.kind, step)


def _rounded(level: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(np.round(level / step) * step, return_inverse=True)
