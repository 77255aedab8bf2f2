from __future__ import annotations

import numpy as np
import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.preparation import model_inputs
from abr_model.training.augmentation import Augmentation
from abr_model.training.parts import prepare_parts


@pytest.fixture(scope="module", params=["reference", "default"])
def case(request, small_cohort):
    """Training recordings of both ways of scaling (per sample, global)."""
    parts = prepare_parts(small_cohort, load_preset(request.param))
    return parts.train, parts.scaling, model_inputs(parts.train, parts.scaling)


def test_a_shift_moves_trace_and_latency_labels_alike(case):
    cohort, scaling, inputs = case
    shift = torch.arange(len(inputs)) % 21 - 10
    moved = Augmentation(scaling, cohort.sampling, 0, 10).shifted(inputs, shift)
    before_uv, after_uv = cohort.waveforms, scaling.waveform_to_uv(moved.waveform)
    for i in range(40):
        k = int(shift[i])
        if k >= 0:
            np.testing.assert_allclose(after_uv[i, k:], before_uv[i, : 200 - k], atol=1e-5)
            np.testing.assert_allclose(after_uv[i, :k], before_uv[i, 0], atol=1e-5)
        else:
            np.testing.assert_allclose(after_uv[i, :k], before_uv[i, -k:], atol=1e-5)
    before_ms, _ = scaling.labels_to_units(inputs.latency, inputs.amplitude)
    after_ms, _ = scaling.labels_to_units(moved.latency, moved.amplitude)
    marked = inputs.mask[:, :3].numpy() > 0
    expected = np.repeat(shift.numpy()[:, None] * 1000 / cohort.sampling.rate_hz, 3, axis=1)
    np.testing.assert_allclose((after_ms - before_ms)[marked], expected[marked], atol=1e-5)
    assert marked[:, 2].sum() > 100
    assert (moved.latency[~inputs.mask[:, :3].bool()] == 0).all(), "a missing label stays 0 under its mask"


def test_shift_leaves_everything_else(case):
    cohort, scaling, inputs = case
    moved = Augmentation(scaling, cohort.sampling, 0, 10)(inputs)
    for name in ("static", "amplitude", "mask"):
        torch.testing.assert_close(getattr(moved, name), getattr(inputs, name), rtol=0, atol=0)


def test_noise_has_its_size_and_touches_the_trace_alone(case):
    cohort, scaling, inputs = case
    torch.manual_seed(0)
    noisy = Augmentation(scaling, cohort.sampling, 0.3, 0)(inputs)
    assert (noisy.waveform - inputs.waveform).std().item() == pytest.approx(0.3, rel=0.02)
    torch.testing.assert_close(noisy.latency, inputs.latency, rtol=0, atol=0)


def test_without_augmentation_the_batch_is_the_same(case):
    cohort, scaling, inputs = case
    assert Augmentation(scaling, cohort.sampling, 0, 0)(inputs) is inputs
