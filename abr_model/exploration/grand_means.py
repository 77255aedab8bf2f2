"""Mean and SD of the traces of each group, from blocks of recordings: a cohort need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import Kind

ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class GrandMeans:
    """``mean`` and ``sd`` [G, T] in µV (SD is NaN for a single recording), ``counts`` [G], ``labels`` of the groups,
    ``title`` what they are groups of, ``time_ms`` [T]."""

    labels: tuple[str, ...]
    counts: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    time_ms: np.ndarray
    kind: Kind
    title: str


def grand_means(
    blocks: Iterable[tuple[np.ndarray, Cohort]], codes: np.ndarray, labels: tuple[str, ...], title: str
) -> GrandMeans:
    """Mean ± SD of each group.

    Parameters
    ----------
    blocks
        Positions [b] and recordings, a part at a time, at least one part; must hold only recordings with ``codes`` of
        0 or more.
    codes
        [N] int: group of the recording at each position.
    labels
        Names of the groups, each with one recording or more.

    Returns
    -------
    GrandMeans
        In the order of ``labels``.
    """
    total = squares = centre = kind = time_ms = None
    counts = np.zeros(len(labels), dtype=int)
    for positions, cohort in blocks:
        if centre is None:
            kind, time_ms = cohort.kind, cohort.time_ms
            # Sums are taken about a typical trace: the squares of an offset would eat the digits of the variance.
            centre = cohort.waveforms[: 2 * ROWS_AT_ONCE].mean(axis=0, dtype=np.float64)
            total, squares = np.zeros((2, len(labels), cohort.samples))
        counts += np.bincount(codes[positions], minlength=len(labels))
        for start in range(0, len(positions), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            member = (np.arange(len(labels))[:, None] == codes[positions[part]]).astype(np.float64)
            deviation = cohort.waveforms[part] - centre
            total += member @ deviation
            deviation *= deviation
            squares += member @ deviation
    n = counts[:, None]
    mean = total / np.maximum(n, 1)
    variance = (squares - n * mean**2) / np.maximum(n - 1, 1)
    sd = np.where(n > 1, np.sqrt(np.maximum(variance, 0)), np.nan)
    return GrandMeans(tuple(labels), counts, mean + centre, sd, time_ms, kind, title)
