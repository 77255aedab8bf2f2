"""A flow that draws the leading noise components with z: their shape and their tie to z are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from abr_model.configuration import LatentFlowConfig, load_preset
from abr_model.errors import InputError
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import ModelInputs
from abr_model.sampler import build_sampler, fit_sampler

SAMPLES = 40
RECORDINGS = 3000


class OneInformed(nn.Module):
    """Latent 1 of three is informed by the recording (its label); the prior of all three moves with the level."""

    latent, samples = 3, SAMPLES

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def prior_of(self, static):
        mean = static[:, 1:2] * torch.tensor([1.0, 2.0, -1.0])
        return mean, torch.full_like(mean, 2 * torch.log(torch.tensor(0.5)).item())

    def encode(self, batch):
        mean, log_variance = self.prior_of(batch.static)
        known = torch.tensor([False, True, False])
        return Posterior(
            torch.where(known, batch.latency, mean), torch.where(known, -8.0, log_variance), mean, log_variance
        )

    def decode(self, z, static):
        return Decoded(torch.zeros(len(z), SAMPLES), torch.zeros(len(z), 3), torch.zeros(len(z), 3))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def inputs() -> ModelInputs:
    """White noise and, now and then, a large slow wave that goes up where z is high and down where it is low."""
    made = generator(5)
    static = torch.cat([torch.randn(RECORDINGS, 3, generator=made), torch.zeros(RECORDINGS, 1)], 1)
    z = torch.randn(RECORDINGS, 1, generator=made)
    wave = torch.sin(torch.linspace(0, torch.pi, SAMPLES))
    noise = 0.3 * torch.randn(RECORDINGS, SAMPLES, generator=made) + 2 * z * wave
    label = 2 * static[:, 1:2] + 0.5 * z
    labels = torch.cat([torch.zeros_like(label), label, torch.zeros_like(label)], 1)
    return ModelInputs(noise, static, labels, torch.zeros(RECORDINGS, 3), torch.ones(RECORDINGS, 6))


def settings(**changes) -> LatentFlowConfig:
    return LatentFlowConfig(
        bands=(0, 1, 6, SAMPLES), noise_sizes="normal scores", hidden=32, training_steps=800, **changes
    )


@pytest.fixture(scope="module")
def flow(inputs):
    torch.set_num_threads(1)
    return fit_sampler(settings(slow_components=1, latents=1, from_gaussian=True), OneInformed(), None, inputs, seed=1)


def test_the_flow_draws_the_informed_latent_and_the_prior_the_others(flow, inputs):
    assert flow.informed.chosen.tolist() == [1]
    draw = flow.draw(inputs.static, generator())
    relative = (draw.z - OneInformed().prior_of(inputs.static)[0]) / 0.5
    for latent in range(3):
        assert relative[:, latent].mean().item() == pytest.approx(0, abs=0.12)
        assert relative[:, latent].std().item() == pytest.approx(1, abs=0.12)
    assert abs(torch.corrcoef(relative.T)[0, 1].item()) < 0.1


def test_a_slow_wave_keeps_its_tie_to_z(flow, inputs):
    draw = flow.draw(inputs.static, generator())
    noise = flow.residual_noise(draw, generator(1))
    wave = torch.sin(torch.linspace(0, torch.pi, SAMPLES))
    height = noise @ wave / wave.square().sum()
    relative = (draw.z[:, 1] - 2 * inputs.static[:, 1]) / 0.5
    assert torch.corrcoef(torch.stack([height, relative]))[0, 1].item() > 0.9
    assert height.std().item() == pytest.approx(2, rel=0.15)
    assert draw.noise_scale.shape == (RECORDINGS, 3)
    # recorded again: as large, but in a direction of its own
    again = flow.residual_noise(replace(draw, slow_noise=None), generator(2)) @ wave / wave.square().sum()
    assert again.std().item() == pytest.approx(2, rel=0.15)
    assert abs(torch.corrcoef(torch.stack([again, relative]))[0, 1].item()) < 0.1


def test_the_same_ears_have_the_same_slow_noise_at_every_condition(flow):
    static = torch.zeros(6, 4)
    draw = flow.draw(static, generator(), ears=3)
    assert torch.equal(draw.z[:3], draw.z[3:])
    assert torch.equal(draw.slow_noise[:3], draw.slow_noise[3:])
    noise = flow.residual_noise(draw, generator(), ears=3)
    assert torch.equal(noise[:3], noise[3:])


def test_a_saved_one_draws_the_same_for_its_network(flow, inputs):
    other = build_sampler(flow.config, 3, SAMPLES).eval()
    other.load_state_dict(flow.state_dict())
    with pytest.raises(RuntimeError, match="bind"):
        other.draw(inputs.static[:4], generator())
    other.bind(OneInformed())
    one, same = (sampler.draw(inputs.static[:4], generator()) for sampler in (flow, other))
    assert torch.equal(one.z, same.z)
    assert torch.equal(one.slow_noise, same.slow_noise)
    assert not any("weight" in name and "velocity" not in name for name in flow.state_dict())


def test_the_velocity_is_finite_at_both_ends_of_time(flow):
    x = torch.randn(5, len(flow.centre), generator=generator())
    for t in (0.0, 0.5, 1.0):
        assert torch.isfinite(flow.velocity(x, torch.full((5,), t), torch.zeros(5, 8))).all()


def test_slow_components_are_bands_of_their_own(inputs):
    sampler = build_sampler(settings(slow_components=2), 3, SAMPLES)
    assert sampler.band.tolist() == [0, 1, *[2] * 4, *[3] * (SAMPLES - 6)]
    assert sampler.draw(inputs.static[:5], generator()).slow_noise.shape == (5, 2)
    assert build_sampler(settings(), 3, SAMPLES).draw(inputs.static[:5], generator()).slow_noise is None


def test_there_is_noise_beside_the_slow_components():
    with pytest.raises(InputError, match="slow_components"):
        load_preset("default").changed(sampler={"slow_components": 5, "bands": [0, 2, 5]})
