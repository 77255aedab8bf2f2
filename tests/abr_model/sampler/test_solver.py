"""The solver of the flow: exact where its order says so, right on a path that is known, one call a step."""

from __future__ import annotations

import math

import pytest
import torch

from abr_model.sampler.solver import follow


def test_one_call_more_than_steps():
    times = []

    def velocity(x, t):
        times.append(t)
        return torch.ones_like(x)

    assert torch.allclose(follow(velocity, torch.zeros(2, 3), 4), torch.ones(2, 3))
    assert times == [0, 0.25, 0.5, 0.75, 1]


def test_exact_for_parabolas_after_the_first_step():
    """∫ 3t² dt = 1: the corrector is exact for it, the first step's trapezoid is not (h³/2 too much)."""
    steps = 5
    end = follow(lambda x, t: torch.full_like(x, 3 * t**2), torch.zeros(1, 1, dtype=torch.float64), steps).item()
    assert end - 1 == pytest.approx(0.5 / steps**3, rel=1e-9)


def test_nearer_than_heun_for_fewer_calls():
    """x' = a(t)x, the way to a Gaussian of another SD: its end is known."""

    def velocity(x, t):
        return math.cos(3 * t) * x

    x, end = torch.ones(1, 1, dtype=torch.float64), math.exp(math.sin(3) / 3)
    heun = x
    for step in range(6):
        slope = velocity(heun, step / 6)
        heun = heun + (slope + velocity(heun + slope / 6, (step + 1) / 6)) / 12
    errors = {steps: abs(follow(velocity, x, steps).item() - end) for steps in (7, 14)}
    assert errors[7] < abs(heun.item() - end)
    assert errors[14] < errors[7] / 4, "of second order or better"


@pytest.mark.parametrize("steps", [1, 2])
def test_few_steps(steps):
    end = follow(lambda x, t: torch.full_like(x, 2 * t), torch.zeros(1, 1), steps)
    assert end.item() == pytest.approx(1.0)
