"""Quality of recordings: Fmp by level, and residual noise against the number of sweeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.exploration.grouping import Groups
from abr_model.exploration.latency_intensity import by_group
from abr_model.schema import FMP, RESIDUAL_NOISE

SWEEPS = "sweeps_accepted"
SWEEP_BINS = 14
FEWEST_IN_BIN = 10
EXPECTED_SLOPE = -0.5
"""Of log noise over log sweeps: noise that is independent from sweep to sweep falls with the root of their number."""


def fmp_by_level(table: pd.DataFrame, levels: Groups) -> pd.DataFrame:
    """``level_db_nhl``, ``n``, ``p25``, ``median``, ``p75`` of Fmp at each level."""
    statistics = by_group(table[FMP.name].to_numpy(dtype=float), levels.codes, len(levels))
    return pd.DataFrame(
        {
            "level_db_nhl": levels.values,
            "n": statistics[:, 0].astype(int),
            "p25": statistics[:, 3],
            "median": statistics[:, 4],
            "p75": statistics[:, 5],
        }
    )


@dataclass(frozen=True)
class NoiseAgainstSweeps:
    """``bins``: ``sweeps`` (median of the bin), ``n``, ``p25``, ``median``, ``p75`` of residual noise in nV.

    ``single_sweep_uv`` is the median of noise × √sweeps: the noise of one sweep, µV. ``slope`` is that of log noise
    over log sweeps, fitted to all ``n`` recordings by least squares; NaN where the sweeps hardly differ.
    """

    bins: pd.DataFrame
    single_sweep_uv: float
    slope: float
    n: int

    def expected_nv(self, sweeps: np.ndarray) -> np.ndarray:
        """Residual noise at these numbers of sweeps if it falls with their root, nV."""
        return 1000 * self.single_sweep_uv / np.sqrt(sweeps)


def noise_against_sweeps(table: pd.DataFrame) -> NoiseAgainstSweeps:
    """Residual noise by number of accepted sweeps, in bins of equal width of 1/√sweeps."""
    sweeps = table[SWEEPS].to_numpy(dtype=float)
    noise = table[RESIDUAL_NOISE.name].to_numpy(dtype=float)
    known = np.isfinite(sweeps) & np.isfinite(noise) & (sweeps > 0) & (noise > 0)
    sweeps, noise = sweeps[known], noise[known]
    columns = ["sweeps", "n", "p25", "median", "p75"]
    if not len(sweeps):
        return NoiseAgainstSweeps(pd.DataFrame(columns=columns), np.nan, np.nan, 0)
    root = 1 / np.sqrt(sweeps)
    low, high = np.quantile(root, (0.001, 0.999))
    width = (high - low) / SWEEP_BINS or 1.0
    codes = np.clip((root - low) // width, 0, SWEEP_BINS - 1).astype(int)
    of_noise, of_sweeps = by_group(noise, codes, SWEEP_BINS), by_group(sweeps, codes, SWEEP_BINS)
    enough = of_noise[:, 0] >= min(FEWEST_IN_BIN, len(sweeps))
    bins = pd.DataFrame(
        np.column_stack([of_sweeps[:, 4], of_noise[:, 0], of_noise[:, 3:6]])[enough], columns=columns
    ).astype({"n": int})
    x, y = np.log(sweeps), np.log(noise)
    slope = np.polyfit(x, y, 1)[0] if x.std() > 0.05 else np.nan
    return NoiseAgainstSweeps(bins, float(np.median(noise * np.sqrt(sweeps)) / 1000), float(slope), len(sweeps))
