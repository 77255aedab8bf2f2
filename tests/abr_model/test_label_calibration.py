"""Intervals from the errors of held-out labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from abr_model.label_calibration import FEWEST, LabelCalibration, LabelErrors, measure_calibration
from abr_model.label_prediction import hidden, labels_of_wave, predict_labels
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling

SAMPLES = 12


def errors_of(rng, n):
    """Marks of which one in five strays, and more so where the label is hard to tell."""
    difficulty = rng.uniform(0, 1, n)
    stray = rng.random(n) < 0.2
    return np.where(stray, rng.normal(0.5, 2.0, n), rng.normal(0, 0.02 + 0.2 * difficulty)), difficulty


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_intervals_cover_what_they_say_where_a_gaussian_does_not(level):
    rng = np.random.default_rng(0)
    calibration = LabelErrors.measure(2, True, *errors_of(rng, 20_000))
    errors, difficulty = errors_of(rng, 20_000)
    inside = np.abs(errors - calibration.median_at(difficulty)) <= calibration.distance_at(difficulty, level)
    assert inside.mean() == pytest.approx(level, abs=0.015)
    for harder in (difficulty < 0.3, difficulty > 0.7):  # and in the easy and in the hard ones alone
        assert inside[harder].mean() == pytest.approx(level, abs=0.03)
    gaussian = np.abs(errors - errors.mean()) <= 0.6745 * errors.std()
    assert gaussian.mean() > 0.7  # instead of a half


def test_coverage_holds_on_average_over_small_calibrations():
    # 100 marks: the finite-sample rank (n + 1) matters, a plain quantile would cover less
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        calibration = LabelErrors.measure(0, True, rng.normal(size=FEWEST), np.zeros(FEWEST))
        new = rng.normal(size=200)
        zeros = np.zeros(200)
        covered.append((np.abs(new - calibration.median_at(zeros)) <= calibration.distance_at(zeros, 0.9)).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_a_hard_label_has_a_wider_interval():
    rng = np.random.default_rng(2)
    difficulty = rng.uniform(0, 1, 3000)
    calibration = LabelErrors.measure(2, True, rng.normal(0, 0.1 + difficulty), difficulty)
    easy, hard = calibration.distance_at(np.array([0.05, 0.95]), 0.9)
    assert hard > 3 * easy


def test_too_few_marks_have_no_calibration():
    assert LabelErrors.measure(0, True, np.zeros(FEWEST - 1), np.zeros(FEWEST - 1)) is None


def test_equal_difficulties_make_one_class():
    errors = np.random.default_rng(0).normal(size=2000)
    found = LabelErrors.measure(0, True, errors, np.full(2000, 0.3))
    assert np.isfinite(found.distance_at(np.array([0.1, 0.3, 0.5]), 0.9)).all()


def test_an_unknown_difficulty_has_no_interval():
    calibration = LabelErrors.measure(0, True, np.arange(200.0), np.zeros(200))
    assert np.isnan(calibration.distance_at(np.array([np.nan]), 0.9)).all()


class Reader(torch.nn.Module):
    """Reads label k as sample k of the trace; z adds noise of a known SD to wave V's latency."""

    latent, samples = 1, SAMPLES

    def __init__(self, label_sd=0.5, latent_sd=0.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.label_log_sd = None if label_sd is None else torch.full((6,), float(np.log(label_sd)))
        self.latent_sd = latent_sd

    def encode(self, batch):
        self.seen = batch
        n = len(batch.waveform)
        return Posterior(batch.waveform[:, :1] * 0, torch.full((n, 1), 2 * np.log(max(self.latent_sd, 1e-6))))

    def decode(self, z, static):
        waveform = self.seen.waveform
        latency = waveform[:, :3] + torch.nn.functional.pad(z, (2, 0))
        return Decoded(waveform * 0.9, latency, waveform[:, 3:6], label_log_sd=self.label_log_sd)


SCALING = Scaling(
    age="log", waveform="global", samples=SAMPLES, condition_mean=(0, 0, 0), condition_sd=(1, 1, 1),
    waveform_mean_uv=(0.0,), waveform_sd_uv=(0.5,), label_mean=(1.5, 4, 7, 0, 0, 0), label_sd=(2, 2, 2, 1, 1, None),
)  # fmt: skip


def inputs(rng, n, errors=None):
    waveform = torch.from_numpy(rng.normal(size=(n, SAMPLES)).astype(np.float32))
    labels = waveform[:, :6] + (0 if errors is None else torch.from_numpy(errors.astype(np.float32)))
    mask = torch.from_numpy((rng.random((n, 6)) < 0.8).astype(np.float32))
    return ModelInputs(waveform, torch.zeros(n, 4), labels[:, :3] * mask[:, :3], labels[:, 3:] * mask[:, 3:], mask)


def test_prediction_is_in_units_and_its_sd_joins_draws_and_label_noise():
    batch = inputs(np.random.default_rng(0), 700)
    found = predict_labels(Reader(label_sd=0.3, latent_sd=0.4), SCALING, batch, draws=400)
    expected = batch.waveform[:, :6].numpy() * np.array([2, 2, 2, 1, 1, np.nan]) + np.array([1.5, 4, 7, 0, 0, 0])
    np.testing.assert_allclose(found.mean, expected, atol=1e-4)
    assert np.isnan(found.mean[:, 5]).all()  # a wave never marked in training
    np.testing.assert_allclose(found.sd[:, 0], 2 * 0.3, rtol=1e-4)
    np.testing.assert_allclose(found.sd[:, 2], 2 * np.hypot(0.3, 0.4), rtol=0.05)
    left = 0.5 * 0.1 * np.sqrt((batch.waveform.numpy() ** 2).mean(1))
    np.testing.assert_allclose(found.difficulty[:, 4], left, rtol=1e-3)


def test_a_prediction_does_not_depend_on_its_neighbours():
    batch = inputs(np.random.default_rng(0), 600)
    network = Reader(latent_sd=0.4)
    together = predict_labels(network, SCALING, batch)
    alone = predict_labels(network, SCALING, batch[slice(300, 310)])
    np.testing.assert_array_equal(together.mean[300:310], alone.mean)
    np.testing.assert_array_equal(together.sd[300:310], alone.sd)


def test_a_network_without_label_sd_has_none():
    assert np.isnan(predict_labels(Reader(label_sd=None), SCALING, inputs(np.random.default_rng(0), 5)).sd).all()


def test_hidden_labels_are_not_marked_and_zero():
    batch = inputs(np.random.default_rng(0), 50)
    taken = hidden(batch, labels_of_wave(2))
    assert not taken.mask[:, [2, 5]].any() and not taken.latency[:, 2].any() and not taken.amplitude[:, 2].any()
    torch.testing.assert_close(taken.mask[:, [0, 1, 3, 4]], batch.mask[:, [0, 1, 3, 4]])
    assert batch.mask[:, 2].any()


def test_measured_errors_are_those_of_the_marks():
    rng = np.random.default_rng(3)
    batch = inputs(rng, 3000, errors=np.column_stack([rng.normal(0.25, 0.5, (3000, 5)), np.zeros(3000)]))
    calibration = measure_calibration(Reader(label_sd=1.0), SCALING, batch)
    for known in (True, False):
        found = calibration.of(0, known)
        assert found.other_known is known
        np.testing.assert_allclose(found.median, 0.25, atol=0.08)  # in SDs of the label: 2 ms
        np.testing.assert_allclose(found.distance_at(np.array([1.0]), 0.9), 1.645 * 0.5, atol=0.12)
    assert calibration == LabelCalibration.model_validate_json(calibration.model_dump_json())


def test_the_other_situation_stands_in_where_one_has_too_few():
    only = LabelErrors.measure(1, False, np.arange(200.0), np.zeros(200))
    calibration = LabelCalibration(recordings=200, draws=4, errors=(only,))
    assert calibration.of(1, True) is only
    assert calibration.of(2, True) is None
