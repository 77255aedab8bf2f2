from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.generation.response import INTERVALS, _weighted_median, level_series, response_series, response_summary
from abr_model.schema import WAVES


def test_a_summary_is_the_mean_and_spread_of_its_draws(default_model, condition):
    response = response_summary(default_model, condition, draws=32, seed=0)
    assert response.responses.shape == (32, default_model.network.samples)
    np.testing.assert_allclose(response.mean, response.responses.mean(axis=0))
    np.testing.assert_allclose(response.sd, response.responses.std(axis=0))
    assert (response.sd > 0).all()
    assert response.has_noise
    assert not np.allclose(response.recordings, response.responses)
    assert response.time_ms[1] - response.time_ms[0] == pytest.approx(1 / 15)
    assert tuple(response.waves.index) == WAVES
    assert response.waves["marked"].between(0, 1).all()


def test_a_model_without_noise_or_marks_says_so(reference_model, condition):
    response = response_summary(reference_model, condition, draws=8, seed=0)
    assert not response.has_noise
    assert response.waves["marked"].isna().all()
    assert response.waves["latency_ms"].notna().all()


def test_the_same_ears_at_every_condition(default_model, condition):
    """Common random numbers: a change of condition moves the mean far less than other draws of the same would."""
    here = response_summary(default_model, condition, 16, seed=0)
    near = response_summary(default_model, condition | {"intensity_db_nhl": 75.0}, 16, seed=0)
    others = response_summary(default_model, condition, 16, seed=1)
    moved = np.abs(near.responses - here.responses).mean()
    assert 0 < moved < 0.5 * np.abs(others.responses - here.responses).mean()


def test_a_level_series_is_the_summary_at_each_level(default_model, condition):
    series = level_series(default_model, condition, (20, 50, 80), draws=16, seed=0)
    assert series.mean.shape == (3, default_model.network.samples)
    for i, level in enumerate((20.0, 50.0, 80.0)):
        one = response_summary(default_model, condition | {"intensity_db_nhl": level}, 16, seed=0)
        np.testing.assert_allclose(series.mean[i], one.mean, atol=1e-5)
        np.testing.assert_allclose(series.latency_ms[i], one.waves["latency_ms"], atol=1e-4)
        np.testing.assert_allclose(series.marked[i], one.waves["marked"], atol=1e-5)
        np.testing.assert_allclose(series.sd[i], one.sd, atol=1e-5)
        np.testing.assert_allclose(series.responses[i], one.responses, atol=1e-5)
        np.testing.assert_allclose(series.recordings[i], one.recordings, atol=1e-4)
        here = series.at(level)
        assert here.condition == one.condition
        for name in INTERVALS:
            assert getattr(here, name) == pytest.approx(getattr(one, name), abs=1e-3, nan_ok=True)
        np.testing.assert_allclose(here.mean, one.mean, atol=1e-5)


@pytest.mark.parametrize(
    ("axis", "values"),
    [("age_years", (0.0, 2.0, 40.0)), ("stimulus_rate_per_s", (11.1, 33.1)), ("hearing_loss", ("normal", "total"))],
)
def test_a_series_goes_along_any_condition(default_model, condition, axis, values):
    series = response_series(default_model, condition, axis, values, draws=8, seed=0)
    assert series.values.tolist() == list(values)
    for value in values:
        one = response_summary(default_model, condition | {axis: value}, 8, seed=0)
        here = series.at(value)
        assert here.condition == one.condition
        np.testing.assert_allclose(here.mean, one.mean, atol=1e-5)
        np.testing.assert_allclose(here.recordings, one.recordings, atol=1e-4)
    assert np.abs(series.mean[0] - series.mean[-1]).max() > 1e-3
    with pytest.raises(ValueError, match=axis):
        _ = series.levels


def test_intervals_are_those_of_draws_that_have_both_waves(reference_model, condition):
    """Without marks every draw counts: the median of the differences, not the difference of the medians."""
    series = level_series(reference_model, condition, (60, 80), draws=15, seed=0)
    one = response_summary(reference_model, condition, 15, seed=0)
    assert series.at(80.0).i_iii_ms == pytest.approx(one.i_iii_ms, abs=1e-3)
    from abr_model.generation.conditions import conditions_table
    from abr_model.generation.generate import block_generator, decode, draw

    table = conditions_table(**condition, n=15)
    generator = block_generator(0, 0)
    decoded = decode(reference_model, draw(reference_model, table, generator, ears=15), table, generator, ears=15)
    i, iii, v = decoded.latency_ms.T
    assert one.i_iii_ms == pytest.approx(np.median(iii - i), abs=1e-6)
    assert one.iii_v_ms == pytest.approx(np.median(v - iii), abs=1e-6)
    assert one.i_v_ms == pytest.approx(np.median(v - i), abs=1e-6)


def test_of_a_series_only_some_levels(default_model, condition):
    series = level_series(default_model, condition, range(0, 105, 5), draws=4, seed=0)
    some = series.every(10, 65.0)
    assert some.levels.tolist() == list(range(5, 100, 10))
    np.testing.assert_array_equal(some.at(65.0).mean, series.at(65.0).mean)
    with pytest.raises(KeyError):
        some.at(60.0)


def test_a_level_out_of_range_is_refused(default_model, condition):
    with pytest.raises(InputError) as refused:
        level_series(default_model, condition, (20, 300), draws=4, seed=0)
    assert refused.value.value == 300


def test_medians_weigh_a_draw_by_its_mark():
    values = np.array([[[1.0], [2.0], [9.0], [np.nan]]])
    assert _weighted_median(values, np.array([[[1.0], [1.0], [1.0], [5.0]]]))[0, 0] == 2.0
    assert _weighted_median(values, np.array([[[0.1], [0.1], [1.0], [5.0]]]))[0, 0] == 9.0
    assert np.isnan(_weighted_median(values * np.nan, np.ones((1, 4, 1)))[0, 0])
