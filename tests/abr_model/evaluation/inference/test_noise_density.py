"""Densities against their known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from abr_model.evaluation.inference.noise_density import CommonColour, GaussianTraces, SampleVariance


def coloured(rng, n, samples, mean=-1.0, sd=0.4, scale=0.1):
    """Noise of a colour, and its size in each of n recordings: log-normal."""
    size = np.exp(rng.normal(mean, sd, (n, 1))) * scale
    covariance = 0.8 ** np.abs(np.subtract.outer(np.arange(samples), np.arange(samples)))
    return size * (rng.normal(size=(n, samples)) @ np.linalg.cholesky(covariance).T), covariance


def test_the_noise_size_is_found_and_integrated_out():
    rng = np.random.default_rng(0)
    train, covariance = coloured(rng, 4000, 40)
    density = CommonColour(train)
    assert density.mean == pytest.approx(-1.0 + np.log(0.1), abs=0.05)
    assert density.sd == pytest.approx(0.4, abs=0.03)
    new, _ = coloured(rng, 3000, 40)
    truth = _known(new, covariance, -1.0 + np.log(0.1), 0.4)
    found = density.log_density(new)
    assert abs(found.mean() - truth.mean()) < 0.5  # of 40-dimensional densities of some +60 nats
    assert np.abs(found - truth).mean() < 1.0
    # no other density can have a higher mean on its own data: the one-size Gaussian is lower
    assert found.mean() > GaussianTraces(train).log_density(new).mean() + 1


def _known(residuals, covariance, mean, sd):
    """By brute force over the size, from the true covariance."""
    sizes = np.linspace(mean - 5 * sd, mean + 5 * sd, 2001)
    white = np.linalg.solve(np.linalg.cholesky(covariance), residuals.T)
    power, half_log = (white**2).sum(0), 0.5 * np.linalg.slogdet(covariance)[1]
    samples = residuals.shape[1]
    each = (
        -0.5 * power[:, None] * np.exp(-2 * sizes) - samples * sizes - half_log - 0.5 * samples * np.log(2 * np.pi)
    ) + norm.logpdf(sizes, mean, sd)
    top = each.max(1)
    return top + np.log(np.exp(each - top[:, None]).sum(1) * (sizes[1] - sizes[0]))


def test_a_common_size_is_nearly_the_gaussian():
    rng = np.random.default_rng(1)
    train, _ = coloured(rng, 4000, 30, sd=0.0)
    new, _ = coloured(rng, 1000, 30, sd=0.0)
    colour, gaussian = CommonColour(train).log_density(new), GaussianTraces(train).log_density(new)
    assert abs(colour.mean() - gaussian.mean()) < 0.3


def test_it_is_a_density():
    # over two samples the integral can be done by summing: it must be 1
    rng = np.random.default_rng(2)
    density = CommonColour(rng.normal(size=(5000, 2)) * np.exp(rng.normal(0, 0.3, (5000, 1))))
    step = 0.05
    axis = np.arange(-12, 12, step)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    assert np.exp(density.log_density(grid)).sum() * step**2 == pytest.approx(1, abs=0.01)


def test_an_enormous_residual_has_a_low_but_finite_density():
    rng = np.random.default_rng(3)
    train, _ = coloured(rng, 1000, 30)
    density = CommonColour(train)
    normal, enormous = density.log_density(np.stack([train[0], 1000 * train[0]]))
    assert np.isfinite(enormous) and enormous < normal - 30


def test_independent_samples():
    rng = np.random.default_rng(4)
    sd = np.array([0.1, 0.2, 0.4])
    density = SampleVariance(rng.normal(size=(200_000, 3)) * sd)
    new = rng.normal(size=(10, 3)) * sd
    np.testing.assert_allclose(density.log_density(new), norm.logpdf(new, 0, sd).sum(1), atol=0.05)


def test_gaussian_traces():
    rng = np.random.default_rng(5)
    covariance = np.array([[0.02, 0.012], [0.012, 0.03]])
    train = rng.multivariate_normal([0.1, -0.2], covariance, 50_000)
    new = train[:20]
    expected = multivariate_normal([0.1, -0.2], covariance).logpdf(new)
    np.testing.assert_allclose(GaussianTraces(train).log_density(new), expected, atol=0.1)
