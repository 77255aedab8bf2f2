"""Sizes of the noise as a few principal components, and the flow that draws them."""

from __future__ import annotations

import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.sampler import build_sampler, fit_sampler
from abr_model.sampler.size_components import SizeComponents

SAMPLES = 40
RECORDINGS = 20_000


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbers(n=RECORDINGS, seed=0):
    """A coefficient and five log sizes: a common one with two humps, a tilt, and the scatter of each."""
    made = generator(seed)
    humps = torch.where(torch.rand(n, 1, generator=made) < 0.4, -1.0, 1.0) + 0.2 * torch.randn(n, 1, generator=made)
    tilt = 0.5 * torch.randn(n, 1, generator=made) * torch.linspace(-1, 1, 5)
    return torch.cat(
        [torch.randn(n, 1, generator=made), humps + tilt + 0.05 * torch.randn(n, 5, generator=made) - 2.0], 1
    )


def test_the_leading_components_hold_what_recordings_differ_in():
    components = SizeComponents(fixed=1, columns=6, count=2)
    components.fit(numbers())
    known, new = components(numbers(seed=1)), numbers(seed=1)
    assert known.shape == (RECORDINGS, 3) and components.others == 3
    assert torch.equal(known[:, 0], new[:, 0]), "the coefficient as it is"
    torch.testing.assert_close(torch.cov(known[:, 1:].T), torch.eye(2), atol=0.05, rtol=0)
    back = components.inverse(known, torch.zeros(RECORDINGS, 3))
    assert (back - new).std().item() < 0.05
    assert torch.equal(back[:, 0], new[:, 0])


def test_with_the_others_from_a_normal_distribution_sizes_have_their_covariance():
    components = SizeComponents(fixed=1, columns=6, count=2)
    components.fit(numbers())
    new = numbers(seed=1)
    made = components.inverse(components(new), torch.randn(RECORDINGS, 3, generator=generator(2)))
    torch.testing.assert_close(torch.cov(made.T), torch.cov(new.T), atol=0.02, rtol=0.02)
    assert abs((made - new).mean().item()) < 0.01


def test_all_components_lose_nothing():
    components = SizeComponents(fixed=0, columns=6, count=6)
    components.fit(numbers())
    new = numbers(seed=1)
    torch.testing.assert_close(components.inverse(components(new), new[:, :0]), new, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def flow(inputs, one_informed, settings):
    torch.set_num_threads(1)
    asked = settings(
        noise_sizes="logarithms",
        size_components=1,
        slow_components=1,
        latents=1,
        from_gaussian=True,
        training_steps=600,
    )
    return fit_sampler(asked, one_informed(), None, inputs, seed=1)


def test_the_flow_draws_fewer_numbers_and_noise_of_the_same_power(flow, inputs):
    assert len(flow.centre) == 1 + 1 + 1 and flow.velocity.input.in_features == 3
    draw = flow.draw(inputs.static, generator())
    noise = flow.residual_noise(draw, generator(1))
    measured = inputs.waveform - inputs.waveform.mean(0)
    assert noise.std().item() == pytest.approx(measured.std().item(), rel=0.1)
    fast = torch.sin(torch.arange(SAMPLES) * 2.5)
    assert (noise @ fast).std().item() == pytest.approx((measured @ fast).std().item(), rel=0.15)
    sizes = [draw.noise_scale[:, 1:].log(), flow._noise_numbers(measured)[:, 1:]]
    assert sizes[0].std(0).tolist() == pytest.approx(sizes[1].std(0).tolist(), rel=0.3)


def test_one_ear_has_the_same_sizes_everywhere_and_a_saved_flow_draws_them_again(flow, one_informed):
    static = torch.zeros(6, 4)
    draw = flow.draw(static, generator(), ears=3)
    assert torch.equal(draw.noise_scale[:3], draw.noise_scale[3:])
    other = build_sampler(flow.config, 3, SAMPLES).eval()
    other.load_state_dict(flow.state_dict())
    other.bind(one_informed())
    assert torch.equal(other.draw(static, generator(), ears=3).noise_scale, draw.noise_scale)


def test_components_are_of_logarithms():
    with pytest.raises(InputError, match="size_components"):
        load_preset("default").changed(sampler={"size_components": 3, "noise_sizes": "normal scores"})
