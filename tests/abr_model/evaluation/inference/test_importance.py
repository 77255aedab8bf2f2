"""The importance-weighted bound of a linear Gaussian model, whose marginal is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from abr_model.evaluation.inference.importance import LabelDensity, bound, effective_draws, log_weights
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling

SAMPLES, LATENT, NOISE = 6, 2, 0.5
UNIT = 0.2
"""µV of one scaled unit."""
LABEL_SD = np.array([0.3, 0.3, 0.3, 0.1, 0.1, 0.1])
SCALING = Scaling(
    age="log", waveform="global", samples=SAMPLES, condition_mean=(0, 0, 0), condition_sd=(1, 1, 1),
    waveform_mean_uv=(0.05,), waveform_sd_uv=(UNIT,), label_mean=(1.5, 4, 7, 0, 0, 0), label_sd=(2, 2, 2, 1, 1, 1),
)  # fmt: skip
PRIOR_MEAN, PRIOR_VARIANCE = np.array([0.5, -0.3]), np.array([0.7, 1.4])


class WhiteNoise:
    name = "white"

    def log_density(self, residuals):
        return multivariate_normal(np.zeros(SAMPLES), (NOISE * UNIT) ** 2 * np.eye(SAMPLES)).logpdf(residuals)


class Linear(torch.nn.Module):
    """x = A z + noise, labels = B z + errors. The posterior given trace and labels is exact, widened by ``width``."""

    latent, samples = LATENT, SAMPLES

    def __init__(self, width=1.0, learned_prior=True):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.a = torch.nn.Parameter(torch.randn(SAMPLES, LATENT, generator=generator))
        self.b = torch.nn.Parameter(torch.randn(6, LATENT, generator=generator) * 0.1)
        self.width = width
        self.mean = torch.tensor(PRIOR_MEAN if learned_prior else np.zeros(LATENT))
        self.variance = torch.tensor(PRIOR_VARIANCE if learned_prior else np.ones(LATENT))
        self.learned_prior = learned_prior

    def encode(self, batch):
        units = torch.tensor([2, 2, 2, 1, 1, 1.0])
        precision = torch.cat([torch.full((SAMPLES,), NOISE**-2), (units / torch.tensor(LABEL_SD)) ** 2]).double()
        design = torch.cat([self.a, self.b]).double()
        seen = torch.cat([batch.waveform, batch.latency, batch.amplitude], 1).double()
        means, variances = [], []
        for row, mask in zip(seen, batch.mask, strict=True):
            weight = precision * torch.cat([torch.ones(SAMPLES), mask]).double()
            inverse = torch.linalg.inv(design.T @ (weight[:, None] * design) + torch.diag(1 / self.variance))
            means.append(inverse @ (design.T @ (weight * row) + self.mean / self.variance))
            variances.append(inverse.diagonal())
        log_variance = torch.stack(variances).log() + 2 * np.log(self.width)
        prior = torch.zeros_like(log_variance)
        if not self.learned_prior:
            return Posterior(torch.stack(means).float(), log_variance.float())
        return Posterior(
            torch.stack(means).float(),
            log_variance.float(),
            (prior + self.mean).float(),
            (prior + self.variance.log()).float(),
        )

    def decode(self, z, static):
        labels = z @ self.b.T
        return Decoded(z @ self.a.T, labels[:, :3], labels[:, 3:])

    def exact(self, batch, with_labels):
        """log p of the trace in µV (and marked labels in ms, µV)."""
        units = np.array([2, 2, 2, 1, 1, 1.0])
        a, b = self.a.detach().double().numpy() * UNIT, self.b.detach().double().numpy() * units[:, None]
        values = [batch.waveform.double().numpy() * UNIT]
        values.append(torch.cat([batch.latency, batch.amplitude], 1).double().numpy() * units)
        design = np.vstack([a, b])
        noise = np.concatenate([np.full(SAMPLES, (NOISE * UNIT) ** 2), LABEL_SD**2])
        found = []
        for row, mask in zip(np.hstack(values), batch.mask.numpy(), strict=True):
            kept = np.concatenate([np.ones(SAMPLES), mask * with_labels]) > 0
            covariance = design @ np.diag(self.variance.numpy()) @ design.T + np.diag(noise)
            mean = design @ self.mean.numpy()
            found.append(multivariate_normal(mean[kept], covariance[np.ix_(kept, kept)]).logpdf(row[kept]))
        return np.array(found)


def batch(n=20):
    rng = np.random.default_rng(0)
    z = PRIOR_MEAN + rng.normal(size=(n, LATENT)) * np.sqrt(PRIOR_VARIANCE)
    network = Linear()
    waveform = z @ network.a.detach().numpy().T + NOISE * rng.normal(size=(n, SAMPLES))
    labels = z @ network.b.detach().numpy().T + rng.normal(size=(n, 6)) * LABEL_SD / [2, 2, 2, 1, 1, 1]
    mask = (rng.random((n, 6)) < 0.7).astype(np.float32)
    labels = labels * mask
    tensors = (waveform, np.zeros((n, 4)), labels[:, :3], labels[:, 3:], mask)
    return ModelInputs(*(torch.tensor(t, dtype=torch.float32) for t in tensors))


@pytest.mark.parametrize("with_labels", [True, False])
@pytest.mark.parametrize("learned_prior", [True, False])
def test_the_bound_reaches_the_exact_marginal(with_labels, learned_prior):
    told, network = batch(), Linear(width=1.2, learned_prior=learned_prior)
    shown = (
        told if with_labels else ModelInputs(told.waveform, told.static, told.latency, told.amplitude, told.mask * 0)
    )
    labels = LabelDensity(LABEL_SD) if with_labels else None
    weights = log_weights(network, SCALING, shown, told, WhiteNoise(), labels, 4096, seed=0)
    exact = network.exact(told, with_labels)
    np.testing.assert_allclose(bound(weights, 4096), exact, atol=0.05)
    few = bound(weights, 1)
    assert few.mean() < exact.mean() - 0.02  # one draw bounds from below
    assert few.mean() < bound(weights, 8).mean() < exact.mean() + 0.01  # more draws: tighter


def test_with_the_exact_posterior_every_draw_has_the_same_weight():
    told = batch()
    network = Linear()
    network.a.data[:, 1] = 0  # the posterior is then a product of Gaussians over z, as the encoder's are
    network.b.data[:, 1] = 0
    weights = log_weights(network, SCALING, told, told, WhiteNoise(), LabelDensity(LABEL_SD), 8, seed=1)
    np.testing.assert_allclose(weights, weights[:, :1].repeat(8, 1), atol=1e-3)
    np.testing.assert_allclose(bound(weights, 1), network.exact(told, True), atol=1e-3)
    np.testing.assert_allclose(effective_draws(weights), 8, rtol=1e-4)


def test_missing_labels_count_nothing_whatever_stands_there():
    density = LabelDensity(np.array([1, 1, np.nan, 1, 1, 1.0]))
    errors = np.array([[0.0, np.nan, np.nan, 0, 0, 0]])
    found = density.log_density(errors, np.array([[1, 0, 0, 0, 0, 0]]))
    np.testing.assert_allclose(found, -0.5 * np.log(2 * np.pi))


def test_one_draw_with_all_the_weight_counts_one():
    assert effective_draws(np.array([[0.0, -800, -800]]))[0] == pytest.approx(1)
