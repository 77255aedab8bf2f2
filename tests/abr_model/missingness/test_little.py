"""Little's test, held against a published value and against data of which it is known why values are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from abr_model.errors import InputError
from abr_model.missingness import em_normal, little_test, one_recording_a_patient
from abr_model.missingness.little import _em_step, _patterns

# Daily air quality in New York, May to September 1973: the data set `airquality` of R's package datasets
# (Chambers et al. 1983, Graphical Methods for Data Analysis).
AIRQUALITY = Path(__file__).with_name("airquality.csv")
MIXED = 0.5 + 0.5 * np.eye(4)


def normal(chance, number: int = 300) -> np.ndarray:
    return chance.multivariate_normal(np.zeros(4), MIXED, number)


def as_table(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])


def test_airquality_gives_the_value_that_naniar_publishes():
    found = little_test(pd.read_csv(AIRQUALITY))
    assert (found.df, found.patterns, found.recordings) == (14, 4, 153)
    assert found.statistic == pytest.approx(35.1061288689702, rel=1e-5)
    assert found.p == pytest.approx(0.00141778113856683, rel=1e-4)


def test_p_is_uniform_where_values_are_missing_completely_at_random():
    chance = np.random.default_rng(0)
    p = []
    for _ in range(150):
        values = normal(chance)
        values[chance.random(values.shape) < 0.1] = np.nan
        p.append(little_test(as_table(values)).p)
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) < 0.05) < 0.12


def test_values_missing_for_a_reason_are_found_out():
    values = normal(np.random.default_rng(0))
    values[values[:, 0] > 0.8, 1] = np.nan
    assert little_test(as_table(values)).p < 1e-10


def test_units_do_not_matter():
    values = normal(np.random.default_rng(6))
    values[np.random.default_rng(7).random(values.shape) < 0.2] = np.nan
    one = little_test(as_table(values))
    other = little_test(as_table(values * [1e-3, 1, 1e4, 7] + [0, 1e3, -5, 0]))
    assert other.statistic == pytest.approx(one.statistic, rel=1e-6) and other.df == one.df


def test_em_of_complete_data_is_the_mean_and_the_covariance():
    values = normal(np.random.default_rng(8)) * [1, 10, 0.1, 5] + 3
    mean, covariance = em_normal(values)
    assert mean == pytest.approx(values.mean(axis=0))
    assert covariance == pytest.approx(np.cov(values.T, bias=True))


def test_em_finds_what_a_lone_mean_misses():
    """Half of the second column is missing where the first is large: its known mean is far off, EM's is not."""
    chance = np.random.default_rng(9)
    values = chance.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 20_000)
    values[values[:, 0] > 0, 1] = np.nan
    mean, covariance = em_normal(values)
    assert np.nanmean(values[:, 1]) < -0.5
    assert mean[1] == pytest.approx(0, abs=0.05)
    assert covariance == pytest.approx(np.array([[1, 0.8], [0.8, 1]]), abs=0.05)


def test_em_settles_where_nine_in_ten_are_missing():
    chance = np.random.default_rng(10)
    values = chance.multivariate_normal(np.zeros(4), MIXED, 5000)
    values[(chance.random(5000) < 0.9) | (values[:, 2] > 1), 0] = np.nan
    values[(chance.random(5000) < 0.9) | (values[:, 3] > 1), 1] = np.nan
    mean, covariance = em_normal(values)
    new_mean, new_covariance = _em_step(_patterns(values), mean, covariance, len(values))
    assert new_mean == pytest.approx(mean, abs=1e-6) and new_covariance == pytest.approx(covariance, abs=1e-6)


def test_one_recording_a_patient(made):
    drawn = one_recording_a_patient(made, seed=1)
    assert len(drawn) == made["patient_id"].nunique() == drawn["patient_id"].nunique()
    assert set(drawn["recording_id"]) <= set(made["recording_id"])
    assert list(one_recording_a_patient(made, seed=1)["recording_id"]) == list(drawn["recording_id"])
    assert list(one_recording_a_patient(made, seed=2)["recording_id"]) != list(drawn["recording_id"])


def test_columns_without_a_say_are_left_out_with_the_reason(made):
    found = little_test(made, ["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "latency_III_ms", "fmp"])
    assert found.columns == ("age_years", "intensity_db_nhl", "latency_III_ms")
    assert found.left_out == {"stimulus_rate_per_s": "the same in all recordings", "fmp": "never known"}
    assert found.p < 1e-10  # wave III is missing below 50 dB


def test_rows_without_any_value_say_nothing():
    values = normal(np.random.default_rng(12))
    values[np.random.default_rng(13).random(values.shape) < 0.2] = np.nan
    padded = np.vstack([values, np.full((50, 4), np.nan)])
    one, other = little_test(as_table(values)), little_test(as_table(padded))
    assert other.statistic == pytest.approx(one.statistic) and other.recordings == one.recordings


def holed(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[::3, 0] = np.nan
    return values


COMPLETE = normal(np.random.default_rng(11))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (COMPLETE, "nothing is missing"),
        (holed(COMPLETE)[:12], "too few recordings"),
        (holed(COMPLETE)[:, :1], "two columns"),
        (holed(np.column_stack([COMPLETE[:, 0], np.ones(300)])), "two columns"),
        (holed(np.column_stack([COMPLETE[:, 0], COMPLETE[:, 1], 2 * COMPLETE[:, 1] + 1])), "say the same thing"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_words(values, words):
    with pytest.raises(InputError, match=words):
        little_test(as_table(values))


def test_columns_never_known_together_are_refused():
    values = COMPLETE.copy()
    values[:150, 0] = np.nan
    values[150:, 1] = np.nan
    with pytest.raises(InputError, match="x0 and x1 are hardly ever known together"):
        little_test(as_table(values))


def test_an_unknown_column_is_named():
    with pytest.raises(InputError, match="'size'"):
        little_test(as_table(COMPLETE), ["x0", "size"])


def test_a_covariance_that_is_singular_but_for_rounding_has_a_likelihood():
    """A Cholesky root may exist where the other decomposition finds the matrix singular."""
    from abr_model.missingness.little import _log_likelihood, _Pattern

    tiny = 1e-17
    covariance = np.array([[1.0, 0.0, 0.0], [0.0, tiny, tiny * (1 - 1e-9)], [0.0, tiny * (1 - 1e-9), tiny]])
    pattern = _Pattern(np.ones(3, dtype=bool), 5, np.zeros(3), np.eye(3))
    assert np.isfinite(_log_likelihood([pattern], np.zeros(3), covariance))
    assert _log_likelihood([pattern], np.zeros(3), np.diag([1.0, 1.0, -1.0])) == -np.inf
