"""The panel of previews, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from abr_model.configuration import load_preset
from abr_model.runs.previews import FixedCondition, HeldOut, Preview, Previews
from abr_model.runs.run import Run

LEVELS = np.array([20.0, 80.0])
TIME_MS = np.arange(60) / 5


def panel(folder: str) -> None:
    from abr_model.runs.run import Run
    from dashboard.widgets.training.watching.previews import previews_panel

    previews_panel(Run(folder))


@pytest.fixture
def run(sample_cohort: Path, data_folder: Path) -> Run:
    return Run.create(data_folder / "runs", load_preset("default"), sample_cohort)


def write_held_out(run: Run, conditions: int = 1) -> None:
    condition = FixedCondition(
        level="80 dB nHL",
        hearing="Normal hearing",
        ages="18–45 years",
        rate="33.1 /s",
        age_years=30.0,
        intensity_db_nhl=80.0,
        stimulus_rate_per_s=33.1,
        hearing_loss="normal",
        n=38,
        patients=21,
    )
    Previews(run.folder).write_held_out(
        HeldOut(
            kind="simulated",
            time_ms=TIME_MS,
            conditions=(condition,) * conditions,
            mean=np.zeros((conditions, 60)),
            sd=np.full((conditions, 60), 0.1),
            series=condition.series,
            levels=LEVELS,
            latency_ms=np.array([[8.0, 8.2, 8.4], [5.4, 5.5, 5.6]]),
            marked=np.array([12, 40]),
        )
    )


def write(run: Run, epoch: int, drawn_from: str = "posteriors") -> None:
    Previews(run.folder).write(
        Preview(
            epoch=epoch,
            drawn_from=drawn_from,
            draws=64,
            with_noise=drawn_from == "sampler",
            mean=np.full((1, 60), 0.01 * epoch),
            sd=np.full((1, 60), 0.1),
            latency_ms=np.array([8.0, 5.5]),
        )
    )


def show(run: Run) -> AppTest:
    app = AppTest.from_function(panel, args=(str(run.folder),), default_timeout=60).run()
    assert not app.exception
    return app


def shown_text(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption])


def alts(app: AppTest) -> str:
    return " ".join(chart.proto.alt for chart in app.get("plotly_chart"))


def test_before_the_first_preview_it_says_when_it_comes(run):
    assert "has made no preview" in shown_text(show(run))
    write_held_out(run)
    app = show(run)
    assert "has made no preview" in shown_text(app)
    assert not app.get("plotly_chart")


def test_a_run_without_previews_says_so(sample_cohort, data_folder):
    run = Run.create(data_folder / "runs", load_preset("default"), sample_cohort, preview_every=0)
    assert "makes no previews" in shown_text(show(run))


def test_too_few_recordings_are_said_to_be(run):
    write_held_out(run, conditions=0)
    assert "5 held-out recordings" in shown_text(show(run))


def test_the_newest_is_shown_with_where_it_was_drawn_from(run):
    write_held_out(run)
    for epoch in (1, 2):
        write(run, epoch)
    app = show(run)
    assert len(app.get("plotly_chart")) == 2
    assert "after epoch 2" in alts(app)
    text = shown_text(app)
    assert "fits its sampler after training" in text
    assert "it is narrower" in text
    assert "research use only" in text
    assert "Normal hearing, 18–45 years, 33.1 /s" in text


def test_one_can_look_back_and_is_not_carried_along_until_one_returns(run):
    write_held_out(run)
    for epoch in (1, 2):
        write(run, epoch)
    app = show(run)
    app.select_slider(key="training_preview_slider").set_value(1).run()
    assert "after epoch 1" in alts(app)
    write(run, 4)
    app.run()
    assert "after epoch 1" in alts(app), "it stays where the person went"
    app.select_slider(key="training_preview_slider").set_value(4).run()
    write(run, 6)
    app.run()
    assert "after epoch 6" in alts(app), "at the right end it follows the training"


def test_after_training_the_final_model_is_shown(run):
    write_held_out(run)
    write(run, 1)
    write(run, 1, "sampler")
    app = show(run)
    assert "after final model" in alts(app)
    assert "with their residual noise" in shown_text(app)
