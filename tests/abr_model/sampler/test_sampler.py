"""Samplers: one seed, one draw; a saved one draws as the fitted one; the draws have the right distribution."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from abr_model.configuration import LatentFlowConfig, load_preset, preset_names
from abr_model.network import build_network
from abr_model.network.outputs import Decoded, Posterior
from abr_model.objective import build_objective
from abr_model.preparation import ModelInputs
from abr_model.sampler import build_sampler, fit_sampler

SAMPLES, LATENT = 40, 2


class Known(nn.Module):
    """A network whose latents and residuals are known: z is in the latencies, the waveform is residual noise."""

    latent, samples = LATENT, SAMPLES

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def encode(self, batch):
        return Posterior(batch.latency[:, :2], torch.full((len(batch), 2), -9.0))

    def decode(self, z, static):
        return Decoded(torch.zeros(len(z), SAMPLES), torch.zeros(len(z), 3), torch.zeros(len(z), 3))


def clinic(n=4000) -> ModelInputs:
    """z depends on intensity (mean) and class (sign); noise is smooth, and small where z is small."""
    generator = torch.Generator().manual_seed(5)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    static = torch.cat([normal(n, 3), torch.randint(0, 2, (n, 1), generator=generator).float()], 1)
    z = torch.stack([2 * static[:, 1] + 0.3 * normal(n), torch.where(static[:, 3] > 0, 3.0, -3.0) + 0.5 * normal(n)], 1)
    noise = normal(n, SAMPLES + 4).unfold(1, 5, 1).mean(2) * torch.exp(0.5 * normal(n, 1))
    labels = torch.cat([z, torch.zeros(n, 1)], 1)
    return ModelInputs(noise, static, labels, torch.zeros(n, 3), torch.ones(n, 6))


def small(**changes) -> LatentFlowConfig:
    """The default preset's flow, but that it draws all latents as they are and no noise component by itself."""
    plain = {"slow_components": 0, "latents": None, "from_gaussian": False}
    return load_preset("default").sampler.model_copy(update=plain | changes)


@pytest.fixture(scope="module")
def flow():
    torch.set_num_threads(1)
    config = small(bands=(0, 4, 12, SAMPLES), training_steps=1500, hidden=48)
    progress = []
    sampler = fit_sampler(config, Known(), None, clinic(), seed=1, on_progress=lambda *p: progress.append(p))
    assert progress[-1] == (1500, 1500)
    return sampler


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", preset_names())
def test_the_same_seed_gives_the_same_draw(name):
    preset = load_preset(name)
    network = build_network(preset.network)
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    sampler.bind(network)
    static = torch.randn(5, 4).clamp(0, 4)
    before = torch.get_rng_state()
    one, same, other = (sampler.draw(static, generator(s)) for s in (3, 3, 4))
    noises = [sampler.residual_noise(one, generator(s)) for s in (3, 3, 4)]
    assert torch.equal(torch.get_rng_state(), before)
    assert one.z.shape == (5, 32)
    assert torch.equal(one.z, same.z)
    assert not torch.equal(one.z, other.z)
    if preset.sampler.kind == "latent_flow":
        assert noises[0].shape == (5, 200)
        assert torch.equal(noises[0], noises[1])
        assert not torch.equal(noises[0], noises[2])
    else:
        assert noises == [None] * 3


def test_standard_normal_is_standard_normal():
    sampler = fit_sampler(load_preset("reference").sampler, Known(), None, clinic(8), seed=0)
    z = sampler.draw(torch.zeros(20_000, 4), generator()).z
    assert z.shape[1] == LATENT
    assert z.mean().abs() < 0.02
    assert z.std().item() == pytest.approx(1, abs=0.02)


def test_the_flow_draws_z_for_the_conditions(flow):
    static = torch.zeros(3000, 4)
    static[:, 1] = torch.linspace(-1.5, 1.5, 3000)
    static[1::2, 3] = 1
    z = flow.draw(static, generator()).z
    slope = torch.linalg.lstsq(static[:, 1:2], z[:, :1]).solution.item()
    assert slope == pytest.approx(2, abs=0.2)
    assert (z[:, 0] - 2 * static[:, 1]).std().item() == pytest.approx(0.32, abs=0.12)
    assert z[1::2, 1].mean().item() == pytest.approx(3, abs=0.3)
    assert z[::2, 1].mean().item() == pytest.approx(-3, abs=0.3)


def test_residual_noise_has_the_colour_and_the_sizes_of_the_recordings(flow):
    inputs = clinic()
    noise = flow.residual_noise(flow.draw(inputs.static, generator()), generator(1))
    for lag, expected in ((1, 0.8), (3, 0.4), (8, 0.0)):
        one, other = noise[:, :-lag], noise[:, lag:]
        correlation = (one * other).mean(0) / (one.square().mean(0) * other.square().mean(0)).sqrt()
        assert correlation.mean().item() == pytest.approx(expected, abs=0.08)
    sizes, true_sizes = (x.square().mean(1).sqrt().log() for x in (noise, inputs.waveform))
    assert sizes.mean().item() == pytest.approx(true_sizes.mean().item(), abs=0.08)
    assert sizes.std().item() == pytest.approx(true_sizes.std().item(), rel=0.15)


def test_state_dict_round_trip(flow):
    other = build_sampler(flow.config, LATENT, SAMPLES).eval()
    static = torch.zeros(4, 4)
    assert not torch.equal(other.draw(static, generator()).z, flow.draw(static, generator()).z)
    other.load_state_dict(flow.state_dict())
    draw, other_draw = flow.draw(static, generator()), other.draw(static, generator())
    assert torch.equal(other_draw.z, draw.z)
    assert torch.equal(other.residual_noise(other_draw, generator()), flow.residual_noise(draw, generator()))


def test_the_fit_is_seeded_and_leaves_the_random_state_alone():
    config = small(bands=(0, SAMPLES), training_steps=20, hidden=16)
    before = torch.get_rng_state()
    one, same, other = (fit_sampler(config, Known(), None, clinic(300), seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert any(not torch.equal(one[k], other[k]) for k in one)


def test_a_real_network_can_be_fitted_on_a_handful_of_recordings():
    preset = load_preset("default").changed(sampler={"training_steps": 30})

    inputs = replace(clinic(20), waveform=torch.randn(20, 200, generator=generator()))
    torch.manual_seed(0)
    network = build_network(preset.network)
    sampler = fit_sampler(preset.sampler, network, build_objective(preset.objective), inputs, seed=0)
    draw = sampler.draw(inputs.static, generator())
    noise = sampler.residual_noise(draw, generator())
    assert torch.isfinite(noise).all()
    assert noise.std() < 10
