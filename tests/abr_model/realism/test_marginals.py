from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.realism.marginals import marginals
from abr_model.realism.sampling_error import PatientBootstrap, error_of_share, error_over_patients

PATIENTS, EACH = 400, 10


@pytest.fixture(scope="module")
def ages():
    """One age per patient, the same in each of their recordings."""
    return np.repeat(np.random.default_rng(1).normal(10, 4, PATIENTS), EACH)


@pytest.fixture(scope="module")
def bootstrap():
    return PatientBootstrap.of(np.repeat(np.arange(PATIENTS), EACH), resamples=2000)


def test_recordings_of_one_patient_count_once(ages, bootstrap):
    assert bootstrap.error_of_mean(ages) == pytest.approx(4 / np.sqrt(PATIENTS), rel=0.1)
    assert bootstrap.error_of_sd(ages) == pytest.approx(4 / np.sqrt(2 * PATIENTS), rel=0.15)


def test_independent_recordings_have_the_error_of_their_number(bootstrap):
    values = np.random.default_rng(2).normal(0, 1, PATIENTS * EACH)
    assert bootstrap.error_of_mean(values) == pytest.approx(1 / np.sqrt(PATIENTS * EACH), rel=0.1)


def test_missing_values_are_left_out(ages, bootstrap):
    half = np.where(np.arange(len(ages)) % 2, ages, np.nan)
    assert bootstrap.error_of_mean(half) == pytest.approx(bootstrap.error_of_mean(ages), rel=1e-6)


def test_error_of_a_slope(bootstrap):
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, PATIENTS * EACH)
    y = 2 * x + rng.normal(0, 1, len(x))
    assert bootstrap.error_of_slope(x, y) == pytest.approx(1 / np.sqrt(len(x)), rel=0.2)


def test_the_interval_of_a_median_is_that_of_theory(ages, bootstrap):
    low, high = bootstrap.quantile_interval(ages, 0.5, 1.96)
    half = 1.96 * 1.2533 * 4 / np.sqrt(PATIENTS)
    assert (high - low) / 2 == pytest.approx(half, rel=0.25)


def test_the_interval_of_a_quantile_in_the_middle_of_a_step_is_the_step():
    levels = np.repeat(np.tile([20.0, 40.0, 80.0], 400), 1)
    bootstrap = PatientBootstrap.of(np.arange(1200))
    assert bootstrap.quantile_interval(levels, 0.5, 2.77) == (40.0, 40.0)
    low, high = bootstrap.quantile_interval(levels, 1 / 3, 2.77)
    assert (low, high) == (20.0, 40.0)


def test_very_many_patients_have_the_same_error_in_bounded_memory():
    values = np.random.default_rng(6).normal(0, 1, 60_000)
    bootstrap = PatientBootstrap.of(np.arange(60_000) // 2)
    assert bootstrap.patients == 30_000
    assert bootstrap.weights.size < 3_000_000
    assert bootstrap.error_of_mean(values) == pytest.approx(1 / np.sqrt(60_000), rel=0.1)


def test_any_statistic_of_few_values():
    values = np.random.default_rng(4).normal(0, 1, 200)
    error = error_over_patients(values, np.arange(200), np.median, resamples=1000)
    assert error == pytest.approx(1.2533 / np.sqrt(200), rel=0.25)
    assert np.isnan(error_over_patients(values, np.zeros(200)))


def test_a_share_of_all_is_not_certain():
    assert error_of_share(1.0, 50) > 0.02
    assert error_of_share(0.5, 10_000) == pytest.approx(0.005, rel=0.01)


def clinic(age=0.0, level=None) -> pd.DataFrame:
    """A clinic of 500 patients whose levels are those published in the quartiles; other columns are as given."""
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(500), 8)
    return pd.DataFrame(
        {
            "patient_id": patient.astype(str),
            "age_years": age + rng.random(500)[patient] * 0.9,
            "intensity_db_nhl": rng.choice(np.arange(0, 101, 5.0), len(patient)) if level is None else level,
            "stimulus_rate_per_s": np.where(rng.random(500) < 0.8, 33.1, 39.1)[patient],
            "hearing_loss": "normal",
        }
    )


def rows(table):
    return {c.key: c for c in marginals(table)}


def test_age_is_compared_in_completed_years():
    found = rows(clinic())
    assert found["age_years_mean"].measured == 0
    assert found["age_years_p50"].met
    assert not rows(clinic(age=1.0))["age_years_p50"].met


def test_levels_and_rates():
    found = rows(clinic())
    assert found["levels"].measured == 21
    assert found["levels"].met
    assert not rows(clinic(level=40.0))["levels"].met
    assert found["intensity_db_nhl_mean"].met is False  # 50 instead of 46 dB, in 4,000 recordings
    assert found["rate_33.1"].met
    assert found["rate_33.1"].error == pytest.approx(100 * np.sqrt(0.8 * 0.2 / 500), rel=0.2)


def test_a_clinic_of_other_classes_is_found_out():
    found = rows(clinic())
    assert not found["class_normal"].met
    assert found["class_neuropathy"].measured == 0
    assert found["class_neuropathy"].error > 0.2  # none of 500 patients: the error of a share of 0 is not 0


def test_missing_columns_say_so():
    table = clinic().assign(age_years=np.nan, hearing_loss=None, stimulus_rate_per_s=np.nan)
    found = rows(table)
    for key in ("age_years_mean", "stimulus_rate_per_s_mean", "rate_33.1", "class_normal"):
        assert found[key].met is None, key
