from __future__ import annotations

import numpy as np
import pytest

from abr_model.evaluation.bootstrap import patient_interval, patient_rows

RNG = np.random.default_rng(0)


def test_recordings_of_a_patient_come_and_go_together():
    patients = np.array(["a", "b", "a", "c", "b", "a"])
    for rows in patient_rows(patients, draws=30, seed=1):
        times = {name: [int((rows == i).sum()) for i in np.flatnonzero(patients == name)] for name in "abc"}
        assert all(len(set(counts)) == 1 for counts in times.values())
        assert sum(counts[0] for counts in times.values()) == 3  # as many patients as there are


def test_the_same_seed_draws_the_same():
    patients = np.repeat(np.arange(20), 3)
    first, again, other = (patient_rows(patients, 5, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_interval_of_a_mean_is_that_of_the_patients():
    """100 patients of 10 equal recordings each: the mean has the standard error of 100 values, not of 1,000."""
    per_patient = RNG.standard_normal(100)
    values, patients = np.repeat(per_patient, 10), np.repeat(np.arange(100), 10)
    low, high = patient_interval(lambda rows: values[rows].mean(), patients, seed=0, draws=2_000)
    standard_error = per_patient.std(ddof=1) / 10
    assert (high - low) / 2 == pytest.approx(1.96 * standard_error, rel=0.1)
    assert (high + low) / 2 == pytest.approx(per_patient.mean(), abs=0.3 * standard_error)


def test_where_there_is_no_interval():
    assert patient_interval(lambda rows: 1.0, np.array(["a", "a"]), seed=0) is None
    assert patient_interval(lambda rows: float("nan"), np.array(["a", "b"]), seed=0) is None


def test_resamplings_without_a_number_are_passed_over():
    patients = np.arange(30)
    sometimes = lambda rows: float("nan") if 0 not in rows else float(len(rows))  # noqa: E731
    assert patient_interval(sometimes, patients, seed=0) == (30.0, 30.0)
