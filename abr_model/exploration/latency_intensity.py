"""Latency–intensity function of a cohort: what was marked at each level."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.exploration.grouping import Groups
from abr_model.schema import WAVES, latency_column

FEW = 8
"""Up to so many marked waves at a level are shown one by one."""
STATISTICS = ("n", "mean_ms", "sd_ms", "p25_ms", "median_ms", "p75_ms")


def measured(table: pd.DataFrame, measure: str) -> np.ndarray:
    """[N] latencies of a wave (``"V"``) or interpeak intervals (``"I-V"``), ms; NaN where a wave is not marked."""
    if measure in WAVES:
        return table[latency_column(measure)].to_numpy(dtype=float)
    first, second = measure.split("-")
    return table[latency_column(second)].to_numpy(dtype=float) - table[latency_column(first)].to_numpy(dtype=float)


def latency_by_level(table: pd.DataFrame, levels: Groups, measures: tuple[str, ...] = WAVES) -> pd.DataFrame:
    """Statistics of the marked waves at each level.

    Parameters
    ----------
    levels
        From :func:`abr_model.exploration.grouping.by_level` of the same table.
    measures
        Waves or intervals (:data:`abr_model.norms.INTERVALS`).

    Returns
    -------
    DataFrame
        ``wave``, ``level_db_nhl``, ``recordings`` at the level, and of those with the wave marked ``n``, ``mean_ms``,
        ``sd_ms``, ``p25_ms``, ``median_ms``, ``p75_ms`` (NaN where there are none; SD from two on).
    """
    parts = []
    for measure in measures:
        statistics = by_group(measured(table, measure), levels.codes, len(levels))
        part = pd.DataFrame(statistics, columns=STATISTICS).astype({"n": int})
        part.insert(0, "wave", measure)
        part.insert(1, "level_db_nhl", levels.values)
        part.insert(2, "recordings", levels.counts)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def by_group(values: np.ndarray, codes: np.ndarray, groups: int) -> np.ndarray:
    """[G, 6] n, mean, SD, lower quartile, median, upper quartile of the finite ``values`` [N] in each group."""
    known = np.isfinite(values) & (codes >= 0)
    values, codes = values[known], codes[known]
    order = np.lexsort((values, codes))
    values = values[order]
    ends = np.searchsorted(codes[order], np.arange(groups + 1))
    result = np.full((groups, 6), np.nan)
    for group in range(groups):
        part = values[ends[group] : ends[group + 1]]
        result[group, 0] = len(part)
        if len(part):
            spread = part.std(ddof=1) if len(part) > 1 else np.nan
            result[group, 1:] = (part.mean(), spread, *np.quantile(part, (0.25, 0.5, 0.75)))
    return result


def single_points(table: pd.DataFrame, levels: Groups, measures: tuple[str, ...] = WAVES) -> pd.DataFrame:
    """``wave``, ``level_db_nhl``, ``latency_ms`` of every marked wave at levels where it was marked in few
    (:data:`FEW`) recordings."""
    parts = []
    for measure in measures:
        values = measured(table, measure)
        known = np.isfinite(values) & (levels.codes >= 0)
        few = np.bincount(levels.codes[known], minlength=len(levels)) <= FEW
        shown = np.flatnonzero(known)[few[levels.codes[known]]]
        parts.append(
            pd.DataFrame(
                {"wave": measure, "level_db_nhl": levels.values[levels.codes[shown]], "latency_ms": values[shown]}
            )
        )
    return pd.concat(parts, ignore_index=True)
