"""Conditions, and what the model makes of them beside recordings near them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from abr_model.cohort import Cohort


def test_draws_three_figures_with_words_for_those_who_do_not_see_them(app, figure, trace, shown, labels):
    charts = app.get("plotly_chart")
    assert len(charts) == 2
    assert all(chart.proto.alt for chart in charts)
    assert "over 24 draws, with 7 nearest recordings" in shown(app)["alt"]
    assert "7 nearest recordings (simulated clinic)" in labels(app)
    assert trace(figure(app, 0), "wave V")
    assert trace(figure(app, 1), "Gorga 1989")


@pytest.mark.parametrize("axis", ["intensity_db_nhl", "age_years", "stimulus_rate_per_s", "hearing_loss"])
def test_the_browser_has_a_whole_axis_once_it_asks(app, axis, shown, array, mean_of, axis_of):
    """Dragging needs no server: the sweep, not only the place that is shown. It is sent once."""
    assert shown(app)["sweep"] is None
    app.session_state["explorer_sweep"] = axis
    app.run()
    sent = shown(app)["sweep"]
    assert sent["axis"] == axis
    assert sent["stops"][-1] == len(axis_of(app, axis)["stops"]) - 1
    sweep = array(sent["mean"])
    assert sweep.shape == (len(sent["stops"]), 200)
    assert (np.ptp(sweep, axis=0) > 0).all()  # the stops differ
    here = axis_of(app, axis)["at"]
    np.testing.assert_allclose(sweep[sent["stops"].index(here)], mean_of(app), atol=1e-4)
    app.run()
    assert shown(app)["sweep"] is None


@pytest.mark.parametrize(
    "change",
    [{"intensity_db_nhl": 40.0}, {"age_years": 30.0}, {"stimulus_rate_per_s": 11.1}, {"hearing_loss": "total"}],
)
def test_each_condition_changes_the_trace(app, change, mean_of, set_to):
    before = mean_of(app)
    set_to(app, **change).run()
    assert not app.exception
    assert not np.allclose(mean_of(app), before)


def test_the_same_position_gives_the_same_picture(app, level_to, mean_of):
    before = mean_of(app)
    level_to(app, 40).run()
    level_to(app, 80).run()
    np.testing.assert_array_equal(mean_of(app), before)


def test_the_nearest_recordings_follow_the_level(app, shown, level_to):
    before = shown(app)["near"]["traces"]
    level_to(app, 20).run()
    assert shown(app)["near"]["traces"] != before


def test_the_recordings_as_mean_and_as_difference(app, words, shown, set_to, array, mean_of, labels):
    set_to(app, compare="mean").run()
    assert re.search(r"mean ± SD of \d+ recordings near", " ".join(labels(app)))
    assert "Mean ± SD of " in words(app)
    assert array(shown(app)["near"]["traces"]).shape[0] == 0  # no trace is read that is not drawn
    set_to(app, compare="difference").run()
    sent = shown(app)["near"]
    np.testing.assert_allclose(array(sent["difference"]), mean_of(app) - array(sent["mean"]), atol=1e-3)
    set_to(app, compare="nothing").run()
    assert labels(app) == ["generated mean ± SD", "12 single draws"]


def test_no_mean_of_too_few_recordings(app, words, shown, set_to):
    set_to(app, compare="mean", hearing_loss="neuropathy", age_years=90.0).run()
    assert not app.exception
    assert "Fewer than 3 recordings are near: no mean is drawn" in words(app)
    assert shown(app)["near"]["mean"] is None


def test_a_cohort_without_ages_and_classes_is_compared_by_what_it_has(
    open_page, data_folder, model, small_cohort, words
):
    table = small_cohort.table.assign(age_years=np.nan, hearing_loss=None, fmp=np.nan)
    Cohort(small_cohort.waveforms, table, small_cohort.sampling, small_cohort.provenance).write(
        data_folder / "cohorts" / "bare.parquet"
    )
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert not app.exception
    text = words(app)
    assert "age and hearing loss are not recorded in this cohort" in text
    assert "All recordings are compared" in text
