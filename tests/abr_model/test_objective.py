"""Both objectives: their terms, β, and that a missing label has no influence on loss and gradient."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch

from abr_model.configuration import load_preset, preset_names
from abr_model.network import build_network
from abr_model.network.outputs import Decoded, Posterior
from abr_model.objective import BetaSchedule, build_objective
from abr_model.preparation import ModelInputs
from abr_model.residual_noise import noise_covariance, towards_stationary


def recordings(n=12, samples=200, seed=0) -> ModelInputs:
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.rand(n, 6, generator=generator) > 0.5).float()
    mask[:, 2] = 1
    mask[0] = torch.tensor([0, 0, 1, 0, 0, 0])
    labels = torch.randn(n, 6, generator=generator) * mask
    classes = torch.randint(0, 5, (n, 1), generator=generator).float()
    static = torch.cat([torch.randn(n, 3, generator=generator), classes], 1)
    waveform = torch.randn(n, samples, generator=generator)
    return ModelInputs(waveform, static, labels[:, :3].clone(), labels[:, 3:].clone(), mask)


def loss_and_gradients(name: str, batch: ModelInputs) -> tuple[dict, list]:
    preset = load_preset(name)
    torch.manual_seed(3)
    network, objective = build_network(preset.network), build_objective(preset.objective)
    torch.manual_seed(4)  # the same dropout and the same z each time
    posterior, _, decoded = network(batch)
    terms = objective(batch, posterior, decoded, beta=0.5)
    terms["loss"].backward()
    return {k: v.item() for k, v in terms.items()}, [p.grad for p in network.parameters()]


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("content", [1000.0, math.nan, math.inf])
def test_a_missing_label_changes_neither_loss_nor_gradient(name, content):
    clean = recordings()
    dirty = recordings()
    dirty.latency[dirty.mask[:, :3] == 0] = content
    dirty.amplitude[dirty.mask[:, 3:] == 0] = content
    terms, gradients = loss_and_gradients(name, clean)
    dirty_terms, dirty_gradients = loss_and_gradients(name, dirty)
    assert all(math.isfinite(value) for value in terms.values())
    assert dirty_terms == terms
    for one, other in zip(gradients, dirty_gradients, strict=True):
        assert (one is None) == (other is None)
        assert one is None or (torch.isfinite(one).all() and torch.equal(one, other))


@pytest.mark.parametrize("name", preset_names())
def test_a_marked_label_does_count(name):
    changed = recordings()
    changed.latency[0, 2] += 1.0
    terms, _ = loss_and_gradients(name, recordings())
    changed_terms, _ = loss_and_gradients(name, changed)
    assert changed_terms["latency"] != terms["latency"]


@pytest.mark.parametrize("name", preset_names())
def test_beta_weighs_the_kl_and_nothing_else(name):
    batch, preset = recordings(), load_preset(name)
    network, objective = build_network(preset.network).eval(), build_objective(preset.objective)
    posterior, _, decoded = network(batch)
    without, with_kl = (objective(batch, posterior, decoded, beta) for beta in (0.0, 2.0))
    assert with_kl["loss"].item() == pytest.approx((without["loss"] + 2 * without["kl"]).item(), rel=1e-5)
    assert {k: v.item() for k, v in without.items() if k != "loss"} == {
        k: v.item() for k, v in with_kl.items() if k != "loss"
    }


def test_beta_schedule_of_the_original():
    schedule = build_objective(load_preset("reference").objective).beta_schedule
    assert schedule.at(0) == 0
    assert round(schedule.at(5), 6) == 0.000033
    assert schedule.at(15) == pytest.approx(1e-4)
    assert schedule.at(52) == pytest.approx(0.002 + 0.003 * 7 / 15)
    assert schedule.at(60) == schedule.at(500) == pytest.approx(0.005)
    assert BetaSchedule([(0, 0.3)]).at(7) == 0.3


def test_reference_terms_are_sums_over_samples_averaged_over_recordings():
    batch = recordings(n=4)
    decoded = Decoded(batch.waveform + 0.5, batch.latency + 2.0, batch.amplitude - 1.0, static=torch.zeros(4, 8))
    posterior = Posterior(torch.full((4, 32), 1.0), torch.zeros(4, 32))
    terms = build_objective(load_preset("reference").objective)(batch, posterior, decoded, beta=0.1)
    assert terms["waveform"].item() == pytest.approx(200 * 0.25)
    assert terms["latency"].item() == pytest.approx(4.0 * batch.mask[:, :3].sum().item() / 4)
    assert terms["amplitude"].item() == pytest.approx(batch.mask[:, 3:].sum().item() / 4)
    assert terms["kl"].item() == pytest.approx(16.0)
    assert "static" not in terms
    weighted = load_preset("reference").changed(objective={"static_weight": 1.0}).objective
    more = build_objective(weighted)(batch, posterior, decoded, beta=0.1)
    expected = batch.static[:, :3].square().sum(1).mean().item() + math.log(5)
    assert more["static"].item() == pytest.approx(expected, rel=1e-5)
    assert (more["loss"] - terms["loss"]).item() == pytest.approx(expected, rel=1e-4)


def test_whitened_terms_are_likelihoods():
    batch = recordings(n=4)
    log_sd = torch.tensor([0.1, -0.2, 0.3, 0.0, 0.5, -0.5])
    decoded = Decoded(batch.waveform + 0.5, batch.latency + 2.0, batch.amplitude - 1.0, marked=torch.zeros(4, 6))
    decoded.label_log_sd = log_sd
    posterior = Posterior(torch.full((4, 32), 1.0), torch.zeros(4, 32), torch.zeros(4, 32), torch.zeros(4, 32))
    objective = build_objective(load_preset("default").objective)
    objective.eigenvalues.fill_(0.25 - objective.ridge)  # W = 2·1, log|W| = 200·log 2
    terms = objective(batch, posterior, decoded, beta=0.1)
    assert terms["waveform"].item() == pytest.approx(100 * math.log(1.0 + 1e-4) - 200 * math.log(2), rel=1e-5)
    difference = np.array([2.0, 2.0, 2.0, -1.0, -1.0, -1.0])
    each = torch.from_numpy(-scipy.stats.t.logpdf(difference, 2, scale=np.exp(log_sd.numpy()))) * batch.mask
    assert terms["latency"].item() == pytest.approx(each[:, :3].sum().item() / 4, rel=1e-5)
    assert terms["amplitude"].item() == pytest.approx(each[:, 3:].sum().item() / 4, rel=1e-5)
    assert terms["marked"].item() == pytest.approx(6 * math.log(2), rel=1e-5)
    assert terms["kl"].item() == pytest.approx(16.0)


@pytest.mark.parametrize("name", preset_names())
def test_what_is_decoded_for_a_missing_label_does_not_matter(name):
    batch, preset = recordings(n=5), load_preset(name)
    torch.manual_seed(0)
    decoded = build_network(preset.network).decode(torch.randn(5, 32), batch.static)
    latency, amplitude = decoded.latency.detach().requires_grad_(), decoded.amplitude.detach().requires_grad_()
    decoded.latency, decoded.amplitude = latency, amplitude
    posterior = Posterior(torch.zeros(5, 32), torch.zeros(5, 32))
    build_objective(preset.objective)(batch, posterior, decoded, beta=1.0)["loss"].backward()
    gradient = torch.cat([latency.grad, amplitude.grad], 1)
    assert torch.equal(gradient != 0, batch.mask > 0)


def test_kl_to_a_conditional_prior():
    mean, log_variance = torch.randn(3, 5), torch.randn(3, 5)
    same = Posterior(mean, log_variance, prior_mean=mean, prior_log_variance=log_variance)
    assert same.kl().abs().max() < 1e-5
    standard = Posterior(mean, log_variance, torch.zeros(3, 5), torch.zeros(3, 5))
    assert torch.allclose(standard.kl(), Posterior(mean, log_variance).kl(), atol=1e-5)


def coloured(n: int, samples: int, seed: int) -> torch.Tensor:
    """Noise of one colour and of a size that differs from trace to trace."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(n, samples + 8, generator=generator)
    smooth = white.unfold(1, 9, 1).mean(2) + 0.02 * torch.randn(n, samples, generator=generator)
    return smooth * torch.exp(torch.randn(n, 1, generator=generator))


def test_noise_covariance_does_not_depend_on_the_size_of_each_trace():
    noise = coloured(4000, 40, seed=0)
    covariance = noise_covariance(noise, ridge=1e-6)
    sizes = torch.exp(3 * torch.randn(4000, 1, generator=torch.Generator().manual_seed(9)))
    assert torch.allclose(noise_covariance(noise * sizes, ridge=1e-6), covariance, atol=0.01)
    assert covariance.diagonal().mean().item() == pytest.approx(1, abs=1e-3)
    # a running mean of 9 samples correlates neighbours by 8/9 and nothing 9 samples apart
    assert covariance.diagonal(1).mean().item() == pytest.approx(8 / 9, abs=0.03)
    assert abs(covariance.diagonal(12).mean().item()) < 0.05


class Silent(torch.nn.Module):
    """A network that decodes zeros, so that the residuals are the recordings themselves."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def encode(self, batch):
        return Posterior(torch.zeros(len(batch), 2), torch.zeros(len(batch), 2))

    def decode(self, z, static):
        return Decoded(torch.zeros(len(z), 40), torch.zeros(len(z), 3), torch.zeros(len(z), 3))


def test_refresh_whitens_the_residual_noise():
    objective = build_objective(load_preset("default").objective, samples=40)
    batch = replace(recordings(n=4000, samples=40), waveform=coloured(4000, 40, seed=1))
    for _ in range(3):
        objective.refresh(Silent(), batch)
    assert torch.equal(objective.eigenvectors, torch.eye(40))  # not before epoch index 3
    objective.refresh(Silent(), batch)
    assert_whitens(objective)


def assert_whitens(objective):
    """Other noise of the same colour comes out white."""
    fresh = coloured(4000, 40, seed=2) @ objective.whitening.T
    fresh = fresh / fresh.square().mean(1, keepdim=True).sqrt()
    correlation = fresh.T @ fresh / len(fresh)
    assert (correlation - torch.eye(40)).abs().max() < 0.12


def test_noise_that_was_measured_before_training_is_kept():
    objective = build_objective(load_preset("default").changed(objective={"whiten_from_epoch": 0}).objective, 40)
    objective.measure_noise(coloured(4000, 40, seed=1))
    assert_whitens(objective)
    known = objective.whitening
    objective.refresh(Silent(), replace(recordings(n=400, samples=40), waveform=torch.randn(400, 40)))
    assert torch.equal(objective.whitening, known)
    other = build_objective(load_preset("default").objective, 40)
    other.load_state_dict(objective.state_dict())
    assert bool(other.noise_known)


def test_the_ridge_falls_while_training_and_is_at_its_value_else():
    objective = build_objective(load_preset("default").changed(objective={"ridge": 0.01, "ridge_epochs": 2}).objective)
    assert objective.ridge == pytest.approx(0.01)
    for progress, ridge in ((0.0, 1.0), (1.0, 0.1), (2.0, 0.01), (5.0, 0.01)):
        objective.progress = progress
        assert objective.ridge == pytest.approx(ridge)


def test_a_covariance_of_few_recordings_is_drawn_towards_a_stationary_one():
    truth = noise_covariance(coloured(20_000, 40, seed=0), 1e-4)
    few = noise_covariance(coloured(60, 40, seed=3), 1e-4)
    better = towards_stationary(few, 60)
    assert (better - truth).square().sum() < 0.6 * (few - truth).square().sum()
    assert better.diagonal().mean().item() == pytest.approx(few.diagonal().mean().item())
    assert torch.allclose(towards_stationary(truth, 10**9), truth, atol=1e-6)


def test_refresh_leaves_network_and_random_state_alone_and_survives_a_state_dict():
    preset = load_preset("default").changed(objective={"whiten_from_epoch": 0})
    network, objective = build_network(preset.network).train(), build_objective(preset.objective)
    before = torch.get_rng_state()
    objective.refresh(network, recordings(n=300))
    assert network.training
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(objective.eigenvectors, torch.eye(200))
    other = build_objective(preset.objective)
    other.load_state_dict(objective.state_dict())
    assert torch.equal(other.whitening, objective.whitening)


def test_objectives_have_no_trainable_parameters():
    for name in preset_names():
        assert list(build_objective(load_preset(name).objective).parameters()) == []
