"""A flow that draws the leading noise components with z: their shape and their tie to z are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.sampler import build_sampler, fit_sampler

SAMPLES = 40
RECORDINGS = 3000


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def flow(inputs, one_informed, settings):
    torch.set_num_threads(1)
    return fit_sampler(settings(slow_components=1, latents=1, from_gaussian=True), one_informed(), None, inputs, seed=1)


def test_the_flow_draws_the_informed_latent_and_the_prior_the_others(flow, inputs, one_informed):
    assert flow.informed.chosen.tolist() == [1]
    draw = flow.draw(inputs.static, generator())
    relative = (draw.z - one_informed().prior_of(inputs.static)[0]) / 0.5
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


def test_a_saved_one_draws_the_same_for_its_network(flow, inputs, one_informed):
    other = build_sampler(flow.config, 3, SAMPLES).eval()
    other.load_state_dict(flow.state_dict())
    with pytest.raises(RuntimeError, match="bind"):
        other.draw(inputs.static[:4], generator())
    other.bind(one_informed())
    one, same = (sampler.draw(inputs.static[:4], generator()) for sampler in (flow, other))
    assert torch.equal(one.z, same.z)
    assert torch.equal(one.slow_noise, same.slow_noise)
    assert not any("weight" in name and "velocity" not in name for name in flow.state_dict())


def test_the_velocity_is_finite_at_both_ends_of_time(flow):
    x = torch.randn(5, len(flow.centre), generator=generator())
    for t in (0.0, 0.5, 1.0):
        assert torch.isfinite(flow.velocity(x, torch.full((5,), t), torch.zeros(5, 8))).all()


def test_slow_components_are_bands_of_their_own(inputs, settings):
    sampler = build_sampler(settings(slow_components=2), 3, SAMPLES)
    assert sampler.band.tolist() == [0, 1, *[2] * 4, *[3] * (SAMPLES - 6)]
    assert sampler.draw(inputs.static[:5], generator()).slow_noise.shape == (5, 2)
    assert build_sampler(settings(), 3, SAMPLES).draw(inputs.static[:5], generator()).slow_noise is None


def test_there_is_noise_beside_the_slow_components():
    with pytest.raises(InputError, match="slow_components"):
        load_preset("default").changed(sampler={"slow_components": 5, "bands": [0, 2, 5]})
