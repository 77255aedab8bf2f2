"""The Training page as a whole: from the form to the run, and back."""

from __future__ import annotations

import pytest

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.preparation import SelectionRules
from abr_model.runs import launch as background
from abr_model.runs.run import Run, list_runs
from dashboard.session import load_cohort
from dashboard.summaries import selection_funnel


def test_before_the_first_run_the_form_is_open_and_a_start_leads_to_the_run(
    open_page, sample_cohort, root, launched, estimates, shown
):
    app = open_page("training")
    assert not app.exception
    assert app.segmented_control(key="training_view_control").value == "new"
    app.button(key="training_start").click().run()
    assert not app.exception
    (run,) = list_runs(root)
    assert [started for started, _ in launched] == [run]
    assert app.segmented_control(key="training_view_control").value == "runs"
    assert app.query_params["run"] == run.id
    assert "not started" in shown(app)


def test_a_start_that_is_refused_is_told_and_can_be_tried_again(
    open_page, sample_cohort, root, estimates, shown, monkeypatch
):
    def refuse(run, **options):
        raise InputError("the training cannot be started: the disk is full")

    monkeypatch.setattr(background, "launch", refuse)
    app = open_page("training")
    app.button(key="training_start").click().run()
    assert not app.exception
    assert "the disk is full" in shown(app)
    (run,) = list_runs(root)
    started = []
    monkeypatch.setattr(background, "launch", lambda run, **options: started.append(run))
    app.button(key="training_resume").click().run()
    assert started == [run]


def test_the_form_is_as_it_was_after_another_view_and_another_page(open_page, go, sample_cohort, estimates):
    app = open_page("training")
    app.number_input(key="training_training_epochs").set_value(3).run()
    app.segmented_control(key="training_view_control").set_value("runs").run()
    app.segmented_control(key="training_view_control").set_value("new").run()
    assert app.number_input(key="training_training_epochs").value == 3
    go(app, "data")
    go(app, "training")
    assert not app.exception
    assert app.number_input(key="training_training_epochs").value == 3


def test_clone_with_changes_opens_the_form_with_the_settings_of_the_run(open_page, sample_cohort, root, estimates):
    run = Run.create(root, load_preset("reference").changed(training={"epochs": 7}), sample_cohort)
    app = open_page("training")
    assert app.segmented_control(key="training_view_control").value == "runs"
    app.button(key="training_clone_button").click().run()
    assert not app.exception
    assert app.segmented_control(key="training_view_control").value == "new"
    assert app.number_input(key="training_training_epochs").value == 7
    assert app.selectbox(key="training_preset").value == f"run {run.id}"


def test_what_is_kept_follows_every_rule_of_the_preset(data_folder, small_cohort):
    loaded = load_cohort(small_cohort.write(data_folder / "cohorts" / "sample.parquet"))
    preparation = load_preset("reference").preparation
    assert selection_funnel(loaded, SelectionRules.of(preparation))["kept"].iloc[-1] > 0
    longer = preparation.model_copy(update={"samples": 10_000})
    with pytest.raises(InputError):
        selection_funnel(loaded, SelectionRules.of(longer))
