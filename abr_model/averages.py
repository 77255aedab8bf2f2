"""Averages over recordings: the mean trace of each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.recordings import Recordings
from abr_model.schema import INTENSITY, Kind

MAXIMUM_LEVELS = 12
"""Levels that a picture can stack and a person can still tell apart."""
ROWS_AT_ONCE = 4_000


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


def level_means(
    recordings: Recordings, most_levels: int = MAXIMUM_LEVELS, among: np.ndarray | None = None
) -> LevelMeans:
    """Mean ± SD by level of all recordings, or of those in the mask ``among`` [N].

    Levels are rounded to 5, 10 or 20 dB where there are more than ``most_levels``. Recordings without a level are left
    out. Returns arrays of length 0 when none has one. Traces are read block by block.
    """
    level = recordings.table[INTENSITY.name].to_numpy()
    known = np.isfinite(level) if among is None else np.isfinite(level) & among
    step = next((s for s in (1, 5, 10, 20) if len(_rounded(level[known], s)[0]) <= most_levels), 20)
    levels, of_known = _rounded(level[known], step)
    which = np.full(len(level), -1)
    which[known] = of_known
    counts = np.bincount(of_known, minlength=len(levels)) if len(levels) else np.zeros(0, dtype=int)
    total, squares = np.zeros((2, len(levels), recordings.samples))
    centre = None
    for rows, part in recordings.blocks(known, size=ROWS_AT_ONCE):
        if centre is None:  # an offset common to all would take digits from the sum of squares
            centre = part.waveforms.mean(axis=0, dtype=np.float64)
        traces = part.waveforms - centre
        member = (which[rows] == np.arange(len(levels))[:, None]).astype(np.float64)  # [L, n]
        total += member @ traces
        squares += member @ traces**2
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / counts[:, None]
        variance = (squares - counts[:, None] * mean**2) / (counts[:, None] - 1)
        sd = np.sqrt(np.maximum(variance, 0))
    sd[counts < 2] = np.nan
    mean += 0 if centre is None else centre
    order = np.argsort(levels)[::-1]
    return LevelMeans(levels[order], counts[order], mean[order], sd[order], recordings.time_ms, recordings.kind, step)


def _rounded(level: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(np.round(level / step) * step, return_inverse=True)
