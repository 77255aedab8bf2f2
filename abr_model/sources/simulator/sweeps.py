"""How noisy each block of a recording is, and when the operator stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.sources.simulator.noise import rejected_share
from abr_model.sources.simulator.parameters import Parameters
from abr_model.sources.simulator.patients import Patient
from abr_model.sources.simulator.series import Series


@dataclass(frozen=True)
class Sweeps:
    """``block_sd_uv``, ``block_sweeps`` [n, B]; ``accepted``, ``rejected`` [n] whole sweeps."""

    block_sd_uv: np.ndarray
    block_sweeps: np.ndarray
    accepted: np.ndarray
    rejected: np.ndarray


def draw_sweeps(
    rng: np.random.Generator, patient: Patient, series: Series, response_uv: np.ndarray, parameters: Parameters
) -> Sweeps:
    """The operator watches residual noise and Fmp and stops at a target of either, or at the most sweeps.

    What is watched is the expected value of both; what is reported is measured on the blocks (:mod:`.noise`).
    """
    noise, testing = parameters.noise, parameters.testing
    n = len(series)
    run = np.exp(rng.normal(0, noise.run_log_sd, n))
    gain = rng.uniform(*noise.restless_gain, (n, noise.blocks))
    disturbed = (rng.random((n, noise.blocks)) < noise.restless_blocks) & patient.restless[series.visit][:, None]
    sd = patient.eeg_uv[series.visit] * run * np.where(series.rate > noise.usual_rate, noise.fast_rate, 1.0)
    sd = sd[:, None] * np.where(disturbed, gain, 1.0)
    variance = 1 / (1 / sd**2).mean(axis=1)

    low, high = (round(edge / 1000 * parameters.rate_hz) for edge in noise.window)
    signal = response_uv[:, low : high + 1].var(axis=1, dtype=np.float64)
    for_noise = variance / (series.noise_target_nv / 1000) ** 2
    with np.errstate(divide="ignore"):
        for_fmp = (series.fmp_target - 1) * variance / signal
    wanted = np.clip(np.fmin(for_noise, for_fmp), testing.least_sweeps, series.most_sweeps)

    share = rejected_share(sd, noise)
    share = share + (1 - share) * np.clip(rng.exponential(noise.movement, (n, 1)), 0, 0.9)
    # Sweeps run on until enough are accepted; disturbed blocks contribute fewer.
    kept = np.maximum(1 - share, 0.01)
    block_sweeps = np.maximum(np.rint(wanted[:, None] * kept / kept.sum(axis=1, keepdims=True)), 1)
    rejected = np.rint((block_sweeps * (1 - kept) / kept).sum(axis=1))
    return Sweeps(sd, block_sweeps, block_sweeps.sum(axis=1), rejected)
