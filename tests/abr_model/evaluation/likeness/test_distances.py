"""Distances whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from prdc import compute_prdc

from abr_model.evaluation.likeness.distances import (
    KernelDistance,
    autocorrelation,
    frechet,
    median_distance,
    moments,
    neighbour_shares,
)
from abr_model.evaluation.likeness.next_sample import next_sample_errors
from abr_model.evaluation.likeness.patient_sums import PatientSums, value_and_interval


def test_frechet_distance_of_gaussians_is_the_formula_s():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50000, 3)) * [1, 2, 1], rng.normal(size=(50000, 3)) * [1, 1, 3] + [2, 0, 0]
    # 2² of the means; (2 − 1)² + (1 − 3)² of the standard deviations
    assert frechet(moments(a).mean(0), moments(b).mean(0)) == pytest.approx(4 + 1 + 4, rel=0.02)
    assert frechet(moments(a).mean(0), moments(a).mean(0)) == pytest.approx(0, abs=1e-6)


def test_neighbour_shares_are_those_of_prdc():
    rng = np.random.default_rng(1)
    real, candidate = rng.normal(size=(300, 5)), 0.8 * rng.normal(size=(300, 5)) + 0.3
    of_candidate, of_real = neighbour_shares(candidate, real)
    expected = compute_prdc(real, candidate, nearest_k=5)
    found = dict(zip(("precision", "density"), of_candidate.mean(0), strict=True))
    found |= dict(zip(("recall", "coverage"), of_real.mean(0), strict=True))
    assert found == pytest.approx(expected)


def _kernel(candidate, real, candidate_patients, real_patients):
    return KernelDistance(candidate, real, candidate_patients, real_patients, median_distance(real))


def test_mmd_is_zero_on_average_for_one_law_even_where_patients_differ():
    """Patients with a mean of their own on one side alone: pairs within a patient would make it large."""
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(40), 10)
    values = []
    for _ in range(30):
        real = rng.normal(size=(40, 1, 2)).repeat(10, 1).reshape(-1, 2) + rng.normal(size=(400, 2))
        candidate = np.sqrt(2) * rng.normal(size=(400, 2))
        values.append(_kernel(candidate, real, patients, patients).value())
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(30)


def test_mmd_finds_a_shift_and_its_p_value_says_so():
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(30), 8)
    real, same, shifted = rng.normal(size=(3, 240, 4))
    assert _kernel(same, real, patients, patients).p_value(0) > 0.05
    moved = _kernel(shifted + 0.7, real, patients, patients)
    assert moved.value() > 0.05 and moved.p_value(0) == pytest.approx(1 / 1000)


def test_mmd_agrees_with_the_sum_over_all_pairs_when_each_patient_has_one_recording():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(12, 2)), rng.normal(size=(12, 2)) + 1
    names = np.arange(12)

    def k(x, y):
        return np.exp(-((x[:, None] - y[None]) ** 2).sum(2) / (2 * 1.5**2))

    others = ~np.eye(12, dtype=bool)
    expected = k(a, a)[others].mean() + k(b, b)[others].mean() - 2 * k(a, b)[others].mean()
    assert KernelDistance(a, b, names, names, 1.5).value() == pytest.approx(expected)


def test_autocorrelation_of_a_slow_sine_and_of_white_noise():
    time = np.arange(200)
    sine = np.sin(2 * np.pi * time / 40)[None]
    found = autocorrelation(sine, 40)
    assert found[0, 19] == pytest.approx(-0.9, abs=0.02)  # half a period later, one tenth has left the trace
    noise = np.random.default_rng(0).normal(size=(500, 200))
    assert np.abs(autocorrelation(noise, 20).mean(0)).max() < 0.02


def test_next_sample_is_learned_as_well_from_the_same_law_and_worse_from_another():
    rng = np.random.default_rng(5)

    def autoregressive(n, coefficient):
        traces = np.zeros((n, 60))
        for t in range(1, 60):
            traces[:, t] = coefficient * traces[:, t - 1] + rng.normal(size=n)
        return traces

    patients = np.repeat(np.arange(20), 10)
    errors = next_sample_errors(
        autoregressive(200, 0.9), patients, autoregressive(200, -0.5), autoregressive(200, 0.9)
    ).mean(0)
    from_generated, from_other, from_real = errors
    assert from_real == pytest.approx(np.sqrt(2 / np.pi), rel=0.05)  # mean absolute value of what cannot be known
    assert from_other / from_real == pytest.approx(1, abs=0.01)
    assert from_generated / from_real > 1.5


def test_the_interval_of_a_mean_is_that_of_the_patients():
    """20 recordings of each of 100 patients who differ by SD 1: the mean's standard error is 0.1, not 0.1/√20."""
    rng = np.random.default_rng(6)
    patients = np.repeat([f"p{k}" for k in range(100)], 20)
    values = np.repeat(rng.normal(size=100), 20) + 0.1 * rng.normal(size=2000)
    sums = PatientSums(values, patients)
    value, (low, high) = value_and_interval(lambda a, b: a[0], sums, sums, together=True, seed=0, is_size=False)
    assert value == pytest.approx(values.mean())
    assert (high - low) / (2 * 1.96) == pytest.approx(0.1, rel=0.25)


def test_the_interval_of_a_size_holds_it_and_does_not_fall_below_zero():
    rng = np.random.default_rng(7)
    patients = np.repeat(np.arange(30), 5)
    a, b = (PatientSums(rng.normal(size=(150, 10)), patients) for _ in range(2))
    value, (low, high) = value_and_interval(lambda x, y: np.abs(x - y).mean(), a, b, together=False, seed=0)
    assert 0 <= low <= value <= high
