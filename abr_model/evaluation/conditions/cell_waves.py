"""Wave V of a cell's mean trace: where it lies in what is expected, and where a generator puts it."""

from __future__ import annotations

import numpy as np

from abr_model.cohort import Sampling
from abr_model.waves import pick_wave

SEARCH_MS = 1.0
"""Wave V of a mean trace is looked for this far from where it is expected; an error cannot be larger."""
SMALLEST_WAVE_UV = 0.04
"""Peak to trough; below it a mean trace has no wave V to speak of (clear response: at least 40 nV, physiology notes 7).
"""
LEAST_MARKED = 0.5
"""Share of a cell's recordings in which wave V must be marked."""
NO_WAVE_CLASSES = ("total",)
NOT_MARKED = "wave V is marked in fewer than half"
NO_WAVE = "no wave V in the mean"
NO_HEARING = "ears without hearing"


def expected_wave_v(
    means: np.ndarray, sampling: Sampling, marked_ms: np.ndarray, marked_share: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wave V of the mean trace of each cell that the generated one is held beside.

    Parameters
    ----------
    means
        [K, T] mean clean (or recorded) trace of each cell, µV.
    sampling
        Of the traces.
    marked_ms, marked_share
        [K] median marked latency of wave V and the share of recordings in which it is marked.
    classes
        [K] hearing class.

    Returns
    -------
    latency_ms, amplitude_uv
        [K] peak, and its height over the following trough; NaN where there is no wave V.
    untold
        [K] why there is none; empty where there is.
    """
    asked = np.where(marked_share >= LEAST_MARKED, marked_ms, np.nan)
    asked[np.isin(classes, NO_WAVE_CLASSES)] = np.nan
    latency, amplitude = pick_wave(means, sampling, asked, SEARCH_MS)
    untold = np.full(len(means), "", dtype=object)
    untold[~(amplitude >= SMALLEST_WAVE_UV)] = NO_WAVE
    untold[~(marked_share >= LEAST_MARKED) | ~np.isfinite(marked_ms)] = NOT_MARKED
    untold[np.isin(classes, NO_WAVE_CLASSES)] = NO_HEARING
    gone = untold != ""
    latency[gone], amplitude[gone] = np.nan, np.nan
    return latency, amplitude, untold


def wave_v_errors(
    means: np.ndarray, sampling: Sampling, latency_ms: np.ndarray, amplitude_uv: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far wave V of ``means`` [K, T] lies from the expected one.

    Returns
    -------
    latency_error_ms, amplitude_error_uv, found
        [K] signed errors and whether there is a peak at all. Without one the latency error is :data:`SEARCH_MS` (it is
        at least that) and the amplitude is 0. NaN where none is expected, or the mean is not known.
    """
    latency, amplitude = pick_wave(means, sampling, latency_ms, SEARCH_MS)
    asked = np.isfinite(latency_ms) & np.isfinite(means).all(axis=1)
    found = np.isfinite(latency)
    by = np.where(found, latency - latency_ms, SEARCH_MS)
    height = np.where(found, amplitude, 0.0) - amplitude_uv
    return np.where(asked, by, np.nan), np.where(asked, height, np.nan), found & asked
