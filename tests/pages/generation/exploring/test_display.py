"""How things are shown: draws, sweeps, ear, norm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np


def test_draws_mean_or_recordings(app, shown, set_to, array, labels):
    assert "12 single draws" in labels(app)
    set_to(app, show="mean").run()
    assert array(shown(app)["picture"]["single"]).shape == (1, 0, 200)
    set_to(app, show="recordings").run()
    assert "12 generated recordings (with residual noise)" in labels(app)
    assert array(shown(app)["picture"]["single"]).shape == (1, 12, 200)


def test_fewer_draws_and_another_number_of_sweeps(app, shown, set_to, array, labels):
    responses = array(shown(app)["picture"]["single"])[0, :3]
    set_to(app, show="recordings").run()
    before = array(shown(app)["picture"]["single"])[0, :3] - responses
    app.slider(key="display_draws").set_value(3).run()
    app.selectbox(key="display_sweeps").set_value(500).run()
    assert "3 generated recordings (residual noise of 500 sweeps)" in labels(app)
    after = array(shown(app)["picture"]["single"])[0] - responses
    assert after.shape == (3, 200)
    factor = (after * before).sum() / (before**2).sum()
    assert factor > 1  # fewer sweeps than the median of such recordings, more noise
    np.testing.assert_allclose(after, factor * before, atol=2e-3)
    assert (app.query_params["draws"], app.query_params["sweeps"]) == ("3", "500")


def test_without_sweeps_in_the_cohort_no_other_number_is_offered(open_page, data_folder, model, small_cohort):
    table = small_cohort.table.assign(sweeps_accepted=np.nan)
    replace(small_cohort, table=table).write(data_folder / "cohorts" / "bare.parquet")
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert app.selectbox(key="display_sweeps").disabled
    assert "do not say how many sweeps" in app.selectbox(key="display_sweeps").help


def test_the_ear_chooses_among_the_recordings_alone(app, words, shown, mean_of):
    generated, near = mean_of(app), shown(app)["near"]["traces"]
    app.segmented_control(key="display_ear").set_value("left").run()
    assert not app.exception
    np.testing.assert_array_equal(mean_of(app), generated)
    assert shown(app)["near"]["traces"] != near
    assert "left ear" in shown(app)["legend"]["near"]
    assert "makes no difference between ears" in words(app)


def test_another_norm_is_drawn(app, figure, trace):
    app.selectbox(key="generation_norm").set_value("Prosser & Arslan 1987").run()
    assert trace(figure(app, 1), "Prosser")
    app.selectbox(key="generation_norm").set_value("no norm").run()
    assert not any("SD" in t.get("name", "") for t in figure(app, 1)["data"])
