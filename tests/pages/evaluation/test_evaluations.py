"""Evaluations in the background as the page shows them: started, running, stopped, failed, of another cohort."""

from __future__ import annotations

from dataclasses import replace

import pytest

from abr_model.errors import InputError
from abr_model.evaluation.background import launch as background
from abr_model.evaluation.background.folder import Evaluation, list_evaluations
from abr_model.runs.lock import Lock


@pytest.fixture
def evaluation(data_folder, measured_model, model_folder, sample_cohort) -> Evaluation:
    """One that was made and not started."""
    return Evaluation.create(data_folder, measured_model, model_folder, sample_cohort, sections=["cells"])


def test_no_model(data_folder, open_page, shown):
    app = open_page("evaluation")
    assert not app.exception and "There is no trained model yet" in shown(app)


def test_a_model_without_a_scorecard_can_be_evaluated_now(model_folder, sample_cohort, open_page, launched, shown):
    app = open_page("evaluation")
    text = shown(app)
    assert "This model has not been evaluated yet" in text and "About " in text and "in the background" in text
    sections = next(c for c in app.button_group if c.key == "evaluation_sections_own")
    sections.set_value(["cells", "physiology"])
    app.number_input(key="evaluation_seed").set_value(4)
    app.button(key="evaluation_start").click().run()
    assert not app.exception and not app.error
    (made,) = launched
    assert made.request.sections == ("cells", "physiology") and made.request.seed == 4
    assert not made.request.other_cohort and made.request.cohort_path == str(sample_cohort)


def test_without_a_section_nothing_starts(model_folder, sample_cohort, open_page, launched):
    app = open_page("evaluation")
    next(c for c in app.button_group if c.key == "evaluation_sections_own").set_value([]).run()
    assert app.button(key="evaluation_start").disabled


def test_another_cohort(model_folder, sample_cohort, other_clinic, data_folder, open_page, launched, shown):
    other_clinic.write(data_folder / "cohorts" / "other.parquet")  # the newest is chosen
    app = open_page("evaluation")
    choice = app.radio(key="evaluation_on")
    assert choice.options[1] == f"Another cohort, the one that is chosen: {other_clinic.provenance.title}"
    choice.set_value("other").run()
    sections = next(c for c in app.button_group if c.key == "evaluation_sections_other")
    assert "Privacy" not in sections.options and "Reconstruction" in sections.options
    app.button(key="evaluation_start").click().run()
    (made,) = launched
    assert made.request.other_cohort and made.request.cohort == other_clinic.provenance.title


def test_the_same_simulated_patients_are_refused(model_folder, sample_cohort, data_folder, open_page, launched, shown):
    from abr_model.sources.simulator import simulate

    simulate(patients=12, seed=1).write(data_folder / "cohorts" / "fewer.parquet")
    app = open_page("evaluation")
    assert len(app.radio(key="evaluation_on").options) == 1
    assert "same seed simulates the same patients" in shown(app)


def test_what_cannot_be_started_is_said(model_folder, sample_cohort, open_page, monkeypatch, shown):
    def refuse(evaluation):
        raise InputError("the evaluation cannot be started: no memory is left")

    monkeypatch.setattr(background, "launch", refuse)
    app = open_page("evaluation")
    app.button(key="evaluation_start").click().run()
    assert not app.exception
    assert "The evaluation cannot be started: no memory is left" in shown(app)


def test_the_same_is_not_measured_twice(measured, open_form, launched, shown):
    app = open_form()
    assert f"This was measured on {measured.made}" in shown(app)
    assert app.button(key="evaluation_start").disabled
    app.number_input(key="evaluation_seed").set_value(1).run()
    assert not app.button(key="evaluation_start").disabled


def test_what_is_being_measured_is_not_started_twice(model_folder, evaluation, open_page, shown):
    lock = Lock(evaluation.lock_file)
    assert lock.acquire()
    evaluation.write_status(state="running", message="Privacy")
    app = open_page("evaluation")
    assert "This is being measured now" in shown(app) and app.button(key="evaluation_start").disabled
    app.number_input(key="evaluation_seed").set_value(1).run()  # another seed is another question
    assert not app.button(key="evaluation_start").disabled
    lock.release()


def test_a_running_one_shows_section_and_share_and_can_be_stopped(measured, evaluation, open_page, shown):
    lock = Lock(evaluation.lock_file)
    assert lock.acquire()
    evaluation.write_status(state="running", message="Privacy", done=0.41, seconds_left=30)
    app = open_page("evaluation")
    assert not app.exception
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["Privacy · 41% · about 30 s left"] and "measuring" in shown(app)
    app.button(key=f"evaluation_stop_{evaluation.id}").click().run()
    assert evaluation.stop_requested
    assert app.button(key=f"evaluation_stop_{evaluation.id}").disabled
    lock.release()


def test_one_that_died_is_said_and_goes_on(measured, evaluation, open_page, launched, shown):
    evaluation.write_status(state="running", message="Privacy", done=0.41)  # nobody holds the lock
    (evaluation.folder / "evaluate.log").write_text("killed in the middle")
    app = open_page("evaluation")
    text = shown(app)
    assert "broken off" in text and "died without a word" in text
    assert "killed in the middle" in [code.value for code in app.code]
    app.button(key=f"evaluation_go_on_{evaluation.id}").click().run()
    assert launched == [evaluation]


def test_a_failed_one_says_why_and_can_be_deleted(measured, evaluation, data_folder, open_page, shown):
    evaluation.write_status(state="failed", message="the cohort was replaced since this evaluation was made")
    app = open_page("evaluation")
    assert "The cohort was replaced" in shown(app)
    app.button(key=f"evaluation_delete_{evaluation.id}").click().run()
    assert not app.exception and list_evaluations(data_folder) == []


def test_a_finished_one_is_offered_beside_the_shipped(measured, evaluation, open_page, shown):
    evaluation.write_status(state="finished", message="finished")
    replace(measured, seed=7, sections=measured.sections[:3], beside=()).write(evaluation.folder)
    app = open_page("evaluation")
    picker = app.selectbox(key="evaluation_scorecard_picker")
    assert len(picker.options) == 2 and "seed 7 · 3 of 12 sections" in picker.options[1]
    picker.set_value(evaluation.id).run()
    assert not app.exception and app.query_params["scorecard"] == evaluation.id
    # The baselines of the shipped scorecard were measured on the same recordings, so they stand beside this one, too.
    assert "pca flow" in shown(app)


def test_a_damaged_scorecard_hides_no_other(measured, evaluation, open_page, shown):
    (evaluation.folder / "scorecard.json").write_text("{")
    app = open_page("evaluation")
    assert not app.exception and "figures that are asked" in shown(app)


def test_a_training_at_work_is_said(model_folder, sample_cohort, open_page, locks_folder, shown):
    assert "A training is at work" not in shown(open_page("evaluation"))
    lock = Lock(locks_folder / "training")
    assert lock.acquire()
    assert "A training is at work on this machine" in shown(open_page("evaluation"))
    lock.release()


def test_what_was_started_here_is_shown_when_it_is_there(measured, open_form, launched, shown):
    app = open_form()
    app.number_input(key="evaluation_seed").set_value(1).run()
    app.button(key="evaluation_start").click().run()
    (made,) = launched
    assert app.query_params["scorecard"] != made.id
    made.write_status(state="finished", message="finished")
    replace(measured, seed=1).write(made.folder)
    app.run()
    assert app.query_params["scorecard"] == made.id
