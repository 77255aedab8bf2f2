"""Densities of what a network leaves of a recording, in nats per recording in µV, measured on training recordings.

An objective need not be a density: the preset ``default`` puts the best noise size of each recording into its loss, the
preset ``reference`` has squared errors. A likelihood needs the noise to be drawn from something, so here it is.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from scipy.special import digamma, logsumexp

from abr_model.residual_noise import noise_covariance

LOG_2PI = float(np.log(2 * np.pi))
RIDGE, RIDGE_OF_FEW = 1e-5, 1e-3
"""Added to the diagonal of a covariance whose mean is 1; the larger one below ten recordings per sample."""
REACH = 6
"""SDs of the logarithm of the noise size, on either side of its mean, that are integrated over."""


class NoiseDensity(Protocol):
    """Density of residuals."""

    name: str

    def log_density(self, residuals: np.ndarray) -> np.ndarray:
        """[n] nats of residuals [n, T], µV."""
        ...


class CommonColour:
    """Residual = σ·N(0, Σ) with one colour Σ and log σ ~ N(μ, τ²), both fitted to training residuals.

    log p(r) = log ∫ N(r; 0, σ²Σ) N(log σ; μ, τ²) d log σ, by the trapezoidal rule in steps finer than half of the
    integrand's width. The recording's own σ is not fitted to it, as it is in the training's loss: it is integrated out.
    Σ is Tyler's estimate (1987), as in training; μ and τ are those of the residuals' own sizes, whose chance over T
    samples is taken off.
    """

    name = "common colour, size of each recording unknown"

    def __init__(self, residuals: np.ndarray):
        residuals = np.asarray(residuals, dtype=np.float64)
        ridge = RIDGE if len(residuals) >= 10 * residuals.shape[1] else RIDGE_OF_FEW
        covariance = noise_covariance(torch.from_numpy(residuals), ridge).numpy()
        self.factor = np.linalg.cholesky(covariance)
        self.samples = len(covariance)
        half = self.samples / 2
        log_size = 0.5 * np.log(self._power(residuals) / self.samples)
        # log of a mean of T squared normal numbers: mean ψ(T/2) − log(T/2), variance about 2/T.
        self.mean = float(log_size.mean() - 0.5 * (digamma(half) - np.log(half)))
        self.sd = float(np.sqrt(max(log_size.var() - 0.5 / self.samples, 1e-6)))

    def log_density(self, residuals: np.ndarray) -> np.ndarray:
        power = self._power(residuals)
        own = 0.5 * np.log(np.maximum(power, 1e-300) / self.samples)
        low, high = min(own.min(), self.mean - REACH * self.sd), max(own.max(), self.mean + REACH * self.sd)
        width = 1 / np.sqrt(2 * self.samples + 1 / self.sd**2)
        log_size = np.linspace(low - REACH * width, high + REACH * width, int((high - low) / (0.5 * width)) + 26)
        prior = -0.5 * ((log_size - self.mean) / self.sd) ** 2 - np.log(self.sd) - 0.5 * LOG_2PI
        constant = -0.5 * self.samples * LOG_2PI - np.log(np.diag(self.factor)).sum()
        base = prior - self.samples * log_size + np.log(log_size[1] - log_size[0])
        shrink = 0.5 * np.exp(-2 * log_size)
        return constant + np.concatenate(
            [logsumexp(base - part[:, None] * shrink, axis=1) for part in np.array_split(power, len(power) // 2048 + 1)]
        )

    def _power(self, residuals: np.ndarray) -> np.ndarray:
        from scipy.linalg import solve_triangular

        white = solve_triangular(self.factor, np.asarray(residuals, dtype=np.float64).T, lower=True)
        return (white**2).sum(0)


class SampleVariance:
    """Independent Gaussian noise at each sample, of the mean square of the training residuals there."""

    name = "independent at each sample"

    def __init__(self, residuals: np.ndarray):
        self.variance = np.maximum((np.asarray(residuals, dtype=np.float64) ** 2).mean(0), 1e-12)

    def log_density(self, residuals: np.ndarray) -> np.ndarray:
        squares = np.asarray(residuals, dtype=np.float64) ** 2 / self.variance
        return -0.5 * (squares + np.log(self.variance) + LOG_2PI).sum(1)


class GaussianTraces:
    """The yardstick: every trace from one Gaussian, mean and covariance those of the training traces (Ledoit & Wolf
    2004 keep the covariance usable where there are few)."""

    def __init__(self, traces: np.ndarray):
        from sklearn.covariance import LedoitWolf

        traces = np.asarray(traces, dtype=np.float64)
        scale = traces.std()  # shrinkage is towards equal variances: in µV² they are too small for its tolerances
        fitted = LedoitWolf().fit(traces / scale)
        self.mean = fitted.location_ * scale
        self.factor = np.linalg.cholesky(fitted.covariance_) * scale

    def log_density(self, traces: np.ndarray) -> np.ndarray:
        """[n] nats of traces [n, T], µV."""
        from scipy.linalg import solve_triangular

        white = solve_triangular(self.factor, (np.asarray(traces, dtype=np.float64) - self.mean).T, lower=True)
        return -0.5 * ((white**2).sum(0) + len(self.mean) * LOG_2PI) - np.log(np.diag(self.factor)).sum()
