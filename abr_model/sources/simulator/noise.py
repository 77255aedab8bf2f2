"""Background noise of an averaged recording, from simulated blocks of sweeps, and what the device makes of it.

A recording is averaged in ``B`` blocks. The average of one block's noise is band-limited Gaussian noise whose variance
is the EEG's of that block over its number of accepted sweeps; it is drawn as complex Fourier coefficients, which are
needed only inside the pass band. The recording is the average of the blocks weighted by the inverse of their variance
("Bayesian" weighting: Elberling & Wahlgreen 1985; Don & Elberling 1994).

Residual noise and Fmp come from these blocks:

- residual noise² = mean over ``points`` sample points of the weighted variance between blocks,
  ``Σ w (x - x̄)² / (B - 1)`` with ``Σ w = 1``: the variance of the weighted mean;
- Fmp = variance over time of the averaged trace in the window / residual noise² (Elberling & Don 1984 at one point;
  Don & Elberling 1994 at several). Noise slower than the window counts below the line but not above it, so without
  a response Fmp lies below 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import irfft
from scipy.special import ndtr

from abr_model.sources.simulator.parameters import Noise, Parameters


@dataclass(frozen=True)
class Averaged:
    """Averaged noise of ``n`` recordings: trace [n, T] float32 in µV, between-block residual noise [n] in µV."""

    noise_uv: np.ndarray
    residual_noise_uv: np.ndarray


@lru_cache(maxsize=8)
def band(noise: Noise, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Bins of the pass band and the amplitude of each; noise so made has a standard deviation of 1.

    EEG with power ``f ** -exponent`` plus a flat part, through the amplifier's filters.
    """
    frequency = np.fft.rfftfreq(noise.period, 1 / rate_hz)
    inside = (frequency > 0) & (frequency <= 1.5 * noise.low_pass)
    f = frequency[inside]
    filters = (f / noise.high_pass) ** 2 / (1 + (f / noise.high_pass) ** 2) / (1 + (f / noise.low_pass) ** 4)
    eeg, flat = f**-noise.exponent * filters, filters
    power = (1 - noise.muscle_share) * eeg / eeg.sum() + noise.muscle_share * flat / flat.sum()
    return np.flatnonzero(inside), np.sqrt(power).astype(np.float32)


@lru_cache(maxsize=8)
def _at_points(noise: Noise, rate_hz: float) -> np.ndarray:
    """[2K, points]: coefficients of a block to its values at the points at which its variance is measured."""
    bins, amplitude = band(noise, rate_hz)
    points = np.linspace(*noise.window, noise.points) / 1000 * rate_hz
    angle = 2 * np.pi * np.outer(bins, points) / noise.period
    return np.concatenate([amplitude[:, None] * np.cos(angle), -amplitude[:, None] * np.sin(angle)]).astype(np.float32)


def average_noise(
    rng: np.random.Generator, block_sd_uv: np.ndarray, block_sweeps: np.ndarray, parameters: Parameters
) -> Averaged:
    """Simulate the blocks, average them, measure the variance between them.

    Parameters
    ----------
    block_sd_uv, block_sweeps
        [n, B]: standard deviation of a single sweep (µV) and number of accepted sweeps in each block.
    """
    noise, rate_hz = parameters.noise, parameters.rate_hz
    bins, amplitude = band(noise, rate_hz)
    n, blocks = block_sd_uv.shape
    variance = block_sd_uv**2 / block_sweeps
    weight = 1 / variance
    weight = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    coefficients = rng.standard_normal((n, blocks, 2 * len(bins)), dtype=np.float32)
    coefficients *= np.sqrt(variance).astype(np.float32)[:, :, None]
    mean = (weight[:, None, :] @ coefficients)[:, 0]

    at_points = (coefficients.reshape(n * blocks, -1) @ _at_points(noise, rate_hz)).reshape(n, blocks, -1)
    deviation = at_points - (weight[:, None, :] @ at_points)
    between = (weight[:, None, :] @ deviation**2)[:, 0] / (blocks - 1)

    spectrum = np.zeros((n, noise.period // 2 + 1), dtype=np.complex64)
    spectrum[:, bins] = (mean[:, : len(bins)] + 1j * mean[:, len(bins) :]) * (amplitude * noise.period / 2)
    trace = irfft(spectrum, noise.period, axis=1)[:, : parameters.samples]
    # Amplifier and converter: white, so what the blocks' weights leave of it is known without drawing every block.
    white = noise.white * np.sqrt((weight**2 / block_sweeps).sum(axis=1))
    trace += white[:, None].astype(np.float32) * rng.standard_normal(trace.shape, dtype=np.float32)
    return Averaged(trace, np.sqrt(between.mean(axis=1) + white**2, dtype=np.float64))


def fmp(waveforms: np.ndarray, residual_noise_uv: np.ndarray, parameters: Parameters) -> np.ndarray:
    """[n] Fmp of averaged traces [n, T]: variance over time in the window over the residual noise's."""
    low, high = (round(edge / 1000 * parameters.rate_hz) for edge in parameters.noise.window)
    return waveforms[:, low : high + 1].var(axis=1, dtype=np.float64) / residual_noise_uv**2


def rejected_share(block_sd_uv: np.ndarray, noise: Noise) -> np.ndarray:
    """Share of sweeps that exceed the artefact limit somewhere, for Gaussian EEG with a few independent looks."""
    return 1 - (2 * ndtr(noise.reject_above / block_sd_uv) - 1) ** noise.looks
