from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, list_runs
from dashboard.widgets.training import start_training


@pytest.fixture
def launched(monkeypatch):
    """Runs that the page asked to start; nothing is trained."""
    runs: list[Run] = []
    monkeypatch.setattr(background, "launch", runs.append)
    return runs


@pytest.fixture
def run(sample_cohort, data_folder) -> Run:
    """A prepared run of two epochs with ten steps each, one of them validated twice after a resumption."""
    run = Run.create(data_folder / "runs", load_preset("default"), sample_cohort, epochs=2)
    rows = []
    for step in range(1, 21):
        epoch = (step - 1) // 10
        rows.append({"kind": "step", "epoch": epoch, "step": step, "beta": epoch / 2, "train_loss": 100.0 - step,
                     "train_kl": 5.0, "train_waveform": 90.0 - step, "minutes": step / 60})  # fmt: skip
        if step % 10 == 0:
            rows.append({"kind": "epoch", "epoch": epoch, "step": step, "beta": epoch / 2, "train_loss": 99.0 - step,
                         "validation_loss": 98.0 - step, "validation_kl": 5.5, "validation_rmse_uv": 0.1})  # fmt: skip
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run.folder / "train.log").write_text("the second epoch was the best\n")
    run.write_status(state="finished", message="all 2 epochs trained", epochs_done=2, step=20, steps_per_epoch=10,
                     recordings={"train": 70, "validation": 15, "test": 15})  # fmt: skip
    return run


def specs(app) -> dict[str, dict]:
    return {json.loads(c.proto.spec)["layout"]["yaxis"]["title"]["text"]: json.loads(c.proto.spec)
            for c in app.get("plotly_chart")}  # fmt: skip


def test_before_the_first_run_it_says_what_to_do(open_page, sample_cohort, words):
    app = open_page("training")
    assert not app.exception
    assert "No training yet" in words(app)
    assert "press “Start training”" in words(app)
    assert not app.button(key="training_start").disabled


def test_start_prepares_a_run_with_the_settings_of_the_form_and_launches_it(
    open_page, sample_cohort, data_folder, launched
):
    app = open_page("training")
    app.number_input(key="training_default_training_epochs").set_value(3)
    app.number_input(key="training_default_training_learning_rate").set_value(0.002)
    app.number_input(key="training_default_preparation_fmp_above").set_value(1.5).run()
    app.button(key="training_start").click().run()
    assert not app.exception
    assert not app.error
    (run,) = list_runs(data_folder / "runs")
    assert launched == [run]
    assert run.preset.training.epochs == 3
    assert run.preset.training.learning_rate == 0.002
    assert run.preset.preparation.fmp_above == 1.5
    assert run.config.cohort == "Simulated clinic · 40 patients · seed 1"
    assert app.selectbox(key="training_run").value == run.id


def test_every_setting_of_the_form_is_one_of_the_preset(open_page, sample_cohort):
    app = open_page("training")
    for name in ("default", "reference"):
        app.selectbox(key="training_preset").set_value(name).run()
        assert not app.exception
        assert app.number_input(key=f"training_{name}_training_epochs").value == load_preset(name).training.epochs
        assert not app.button(key="training_start").disabled


def test_a_threshold_that_keeps_nothing_is_explained_and_cannot_be_started(open_page, sample_cohort, words):
    app = open_page("training")
    app.number_input(key="training_default_preparation_fmp_above").set_value(1000.0).run()
    assert not app.exception
    assert "no recording is left" in words(app).lower()
    assert app.button(key="training_start").disabled


def test_a_start_that_is_refused_is_explained_and_leaves_a_run_that_can_go_on(
    open_page, sample_cohort, data_folder, monkeypatch, words
):
    def refuse(run):
        raise InputError("the training cannot be started: the disk is full")

    monkeypatch.setattr(background, "launch", refuse)
    app = open_page("training")
    app.button(key="training_start").click().run()
    assert not app.exception
    assert "the disk is full" in words(app).lower().replace("\\", "")
    (run,) = list_runs(data_folder / "runs")
    assert (run.state, run.active) == ("failed", False)
    assert app.selectbox(key="training_run").value == run.id
    app = open_page("training")
    assert "failed" in words(app)
    assert "the disk is full" in words(app).lower().replace("\\", "")
    assert "training_stop" not in [button.key for button in app.button]
    started = []
    monkeypatch.setattr(background, "launch", started.append)
    app.button(key="training_resume").click().run()
    assert started == [run]


def test_a_start_while_another_window_trains_makes_no_run(open_page, run, data_folder, launched, words, monkeypatch):
    monkeypatch.setattr(start_training, "active_run", lambda root: None)  # the other one starts a moment later
    app = open_page("training")
    run.write_status(state="running", message="training")
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        app.button(key="training_start").click().run()
    finally:
        lock.release()
    assert not app.exception
    assert "another training is active" in words(app).lower().replace("\\", "")
    assert (list_runs(data_folder / "runs"), launched) == ([run], [])


def test_a_run_that_nobody_started_is_called_so_and_can_be_started(open_page, run, launched, words):
    run.write_status(state="pending", message="prepared")
    app = open_page("training")
    assert "not started" in words(app)
    assert "training_stop" not in [button.key for button in app.button]
    assert app.button(key="training_resume").label == "Start"
    app.button(key="training_resume").click().run()
    assert launched == [run]


def test_a_finished_run_shows_its_curves(open_page, run, words):
    app = open_page("training")
    assert not app.exception
    figures = specs(app)
    assert {"Loss", "KL (nats)", "β", "Error (µV RMS)"} <= set(figures)
    names = [trace["name"] for trace in figures["Loss"]["data"]]
    assert any("training" in n for n in names)
    assert any("validation" in n for n in names)
    text = words(app)
    assert "finished" in text
    assert "70 train · 15 validation · 15 test" in text
    assert "the second epoch was the best" in app.code[0].value


def test_steps_done_twice_after_a_resumption_are_drawn_once(open_page, run):
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "resumed", "epoch": 1, "step": 15}) + "\n")
        file.write(json.dumps({"kind": "step", "epoch": 1, "step": 16, "beta": 0.5, "train_loss": 1.0}) + "\n")
    drawn = specs(open_page("training"))["Loss"]["data"][0]["y"]
    losses = np.frombuffer(base64.b64decode(drawn["bdata"]), dtype=drawn["dtype"])
    assert losses.tolist() == [100.0 - step for step in range(1, 16)] + [1.0]


def test_a_run_that_trains_can_be_stopped_and_no_second_one_be_started(open_page, run, monkeypatch, words):
    run.write_status(state="running", message="training", epochs_done=1, step=12, started="2026-01-01T00:00:00+00:00")
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        app = open_page("training")
        assert not app.exception
        assert app.button(key="training_start").disabled
        app.button(key="training_stop").click().run()
        assert run.stop_requested
        assert app.button(key="training_stop").disabled
        assert "about a minute" in words(app)
        run.write_status(stage="fitting the sampler")
        app.run()
        assert "Training has stopped and its checkpoint is saved" in words(app)
        app.button(key="training_force").click().run()
        assert "it was started from a command line" in words(app)
        ended = []
        monkeypatch.setattr(background, "force_stop", ended.append)
        app.button(key="training_force").click().run()
        assert not app.exception
        assert ended == [run]
    finally:
        lock.release()


def test_a_trainer_that_died_is_called_so_and_can_be_resumed(open_page, run, launched, words):
    run.write_status(state="running", message="training", epochs_done=1, step=12)
    app = open_page("training")
    assert "broken off" in words(app)
    assert app.error
    app.button(key="training_resume").click().run()
    assert not app.exception
    assert launched == [run]


def test_a_damaged_metrics_line_and_an_empty_folder_do_no_harm(open_page, run):
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "epo')
    (run.folder / "train.log").unlink()
    app = open_page("training")
    assert not app.exception
    assert "Loss" in specs(app)


def test_a_model_that_is_broken_is_not_taken(open_page, run, words):
    run.model_folder.mkdir()
    (run.model_folder / "model.json").write_text("{}")
    app = open_page("training")
    app.button(key="training_use_model").click().run()
    assert not app.exception
    assert app.error


def test_what_is_kept_follows_every_rule_of_the_preset(data_folder, small_cohort):
    from abr_model.configuration import load_preset
    from abr_model.errors import InputError
    from abr_model.preparation import SelectionRules
    from dashboard.session import load_cohort
    from dashboard.summaries import selection_funnel

    loaded = load_cohort(small_cohort.write(data_folder / "cohorts" / "sample.parquet"))
    preparation = load_preset("reference").preparation
    assert selection_funnel(loaded, SelectionRules.of(preparation))["kept"].iloc[-1] > 0
    longer = preparation.model_copy(update={"samples": 10_000})
    with pytest.raises(InputError):
        selection_funnel(loaded, SelectionRules.of(longer))
