"""One run, watched on the page Training: its state, what is said about it, and what can be done with it."""

from __future__ import annotations

import os
import sys
import time
from types import SimpleNamespace

import pytest

from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.bin import deleted_runs
from abr_model.runs.notes import read_notes
from abr_model.runs.queue import now, take_ticket
from abr_model.runs.run import list_runs


@pytest.fixture
def launched(monkeypatch) -> list[tuple]:
    """What the page asked to start; nothing is trained."""
    runs = []
    monkeypatch.setattr(background, "launch", lambda run, queue=False: runs.append((run, queue)))
    return runs


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def test_a_finished_run_says_what_it_reached_and_what_can_be_done(open_page, finished, words):
    app = open_page("training")
    assert not app.exception
    text = words(app)
    assert "**six epochs** :green-badge[finished]" in text
    assert "6 of 6 epochs done" in text
    assert "70 train + 15 validation + 15 test" in text.replace("\\", "")
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Best epoch"] == "4"
    assert shown["Trace error"] == "0.061 µV"
    assert shown["Wave V latency error"] == "0.12 ms"
    assert shown["Active latent units"] == "3 of 4"
    assert not {"training_stop", "training_resume", "training_use_model"} & keys(app)  # ended, and without a model


def test_a_run_that_has_just_started_logs_nothing_yet(open_page, make_run, alive, words):
    run = make_run("fresh", state="running", message="starting", steps_per_epoch=None)
    alive(run)
    app = open_page("training")
    assert not app.exception
    assert ":primary-badge[training]" in words(app)
    assert "The curves appear with the first logged step" in words(app)
    assert "recordings are read and prepared" in app.get("progress")[0].proto.text
    assert not app.get("plotly_chart")
    assert "training_stop" in keys(app)


def test_a_training_shows_progress_and_time_left(open_page, make_run, alive, history):
    run = make_run("on its way", history(2), state="running", step=20, epochs=4, epochs_done=2, seconds_left=200.0)
    alive(run)
    app = open_page("training")
    progress = app.get("progress")[0].proto
    assert progress.value == 50
    assert "2 of 4 epochs done · step 20 · about 3 min left" in progress.text
    assert {m.label: m.value for m in app.metric}["Recordings"] == "900 /s"


def test_stop_asks_first_and_ending_at_once_is_offered_after_the_grace_period(
    open_page, make_run, alive, words, monkeypatch
):
    run = make_run("to be stopped", state="running", step=12, epochs_done=1)
    alive(run)
    app = open_page("training")
    app.button(key="training_stop").click().run()
    assert run.stop_requested
    assert app.button(key="training_stop").disabled
    assert "training_force" not in keys(app)
    assert "offered 10 s after" in words(app)
    run.write_status(stage="fitting the sampler")
    os.utime(run.folder / "STOP", (time.time() - 11, time.time() - 11))
    app.run()
    assert "Training has stopped and its checkpoint is saved" in words(app)
    app.button(key="training_force").click().run()
    assert "it was started from a command line" in words(app)
    ended = []
    monkeypatch.setattr(background, "force_stop", ended.append)
    app.button(key="training_force").click().run()
    assert not app.exception
    assert ended == [run]


def test_a_trainer_that_died_is_called_broken_off_and_can_be_resumed(open_page, make_run, history, launched, words):
    run = make_run("killed", history(2), state="running", message="training", epochs_done=2, step=27)
    app = open_page("training")
    assert ":red-badge[broken off]" in words(app)
    assert "died without a word after 2 whole epochs" in words(app)
    assert {m.label: m.value for m in app.metric}["Trace error, validation"].endswith("µV")
    app.button(key="training_resume").click().run()
    assert not app.exception
    assert launched == [(run, False)]


def test_a_failed_run_says_why_once(open_page, make_run, history, words):
    make_run("exploded", history(3), state="failed", epochs_done=3, epoch=3, message="the loss is no longer a number")
    app = open_page("training")
    assert ":red-badge[failed]" in words(app)
    assert [e.value for e in app.error] == [
        "The loss is no longer a number. What was learned up to the last whole epoch is kept."
    ]


def test_alerts_stand_as_sentences(open_page, make_run, history, words):
    rows = history(4)
    for row in rows:
        if row["kind"] == "epoch":
            row["active_units"] = 0
    make_run("collapsed", rows, state="finished", epochs_done=4)
    app = open_page("training")
    assert any("posterior collapse" in w.value for w in app.warning)


def test_a_waiting_run_shows_its_place_and_can_leave_the_queue(open_page, make_run, alive, words):
    run = make_run("second", state="waiting", queued=now(), message="waits for first; 1st in the queue")
    alive(run)
    take_ticket(run)
    app = open_page("training")
    assert not app.exception
    assert ":orange-badge[waits]" in words(app)
    assert "1st in the queue" in words(app)
    assert "training_stop" not in keys(app)
    app.button(key="training_leave").click().run()
    assert run.stop_requested


def test_resume_goes_into_the_queue_while_another_run_waits(open_page, make_run, alive, launched):
    waiting = make_run("waits", state="waiting", queued=now())
    alive(waiting)
    take_ticket(waiting)
    stopped = make_run("stopped one", state="stopped", epochs_done=1)
    app = open_page("training")
    app.radio(key="training_list").set_value(stopped.id).run()
    assert app.button(key="training_resume").label == "Add to the queue"
    app.button(key="training_resume").click().run()
    assert launched == [(stopped, True)]


def test_what_is_refused_is_said_below_the_buttons_until_the_next_action(open_page, make_run, monkeypatch, words):
    def refuse(run, queue=False):
        raise InputError("another training is active")

    make_run("stopped one", state="stopped", epochs_done=1)
    monkeypatch.setattr(background, "launch", refuse)
    app = open_page("training")
    app.button(key="training_resume").click().run()
    assert [e.value for e in app.error] == ["Another training is active."]
    monkeypatch.setattr(background, "launch", lambda run, queue=False: None)
    app.button(key="training_resume").click().run()
    assert not app.error


def test_resume_from_a_checkpoint_goes_back_to_it_before_it_goes_on(open_page, make_run, launched, monkeypatch):
    run = make_run("long", state="stopped", epochs_done=25)
    run.last_checkpoint.parent.mkdir()
    for name in ("last", "epoch-10", "epoch-20"):
        run.last_checkpoint.with_name(f"{name}.ckpt").touch()
    went_back = []
    # The real one imports torch and Lightning, and needs a real checkpoint: see the tests of abr_model.training.
    fake = SimpleNamespace(rewind=lambda run, name: went_back.append((run, name, list(launched))))
    monkeypatch.setitem(sys.modules, "abr_model.training.checkpoints", fake)
    app = open_page("training")
    choice = app.selectbox(key="training_checkpoint")
    assert choice.options == ["after epoch 20", "after epoch 10"]
    choice.set_value("epoch-10").run()
    app.button(key="training_resume_checkpoint").click().run()
    assert not app.exception
    assert went_back == [(run, "epoch-10", [])]
    assert launched == [(run, False)]


def test_a_damaged_checkpoint_is_told_and_nothing_is_started(open_page, make_run, launched, words):
    run = make_run("long", state="stopped", epochs_done=25)
    run.last_checkpoint.parent.mkdir()
    run.last_checkpoint.with_name("epoch-10.ckpt").write_bytes(b"no checkpoint")
    app = open_page("training")
    app.button(key="training_resume_checkpoint").click().run()
    assert not app.exception
    assert "damaged" in app.error[0].value
    assert launched == []


def test_clone_opens_the_form_with_this_run(open_page, finished, words):
    app = open_page("training")
    app.button(key="training_clone_button").click().run()
    app.run()
    assert not app.exception
    assert app.session_state["training_view"] == "new"
    assert app.selectbox(key="training_preset").value == f"run {finished.id}"


def test_label_and_notes_are_kept_and_the_list_calls_the_run_so(open_page, finished, words):
    app = open_page("training")
    app.text_input(key=f"training_label_{finished.id}").set_value("the *good* one").run()
    app.text_area(key=f"training_notes_{finished.id}").set_value("β rose too early").run()
    app.run()
    assert not app.exception
    assert (read_notes(finished).label, read_notes(finished).notes) == ("the *good* one", "β rose too early")
    assert r"**the \*good\* one**" in words(app)
    assert r"the \*good\* one" in app.radio(key="training_list").options[0]
    assert "“β rose too early”" in words(app)


def test_deleting_asks_and_moves_to_the_bin_from_where_it_is_restored(open_page, finished, make_run, words):
    other = make_run("another", state="stopped")
    root = finished.folder.parent
    app = open_page("training")
    app.radio(key="training_list").set_value(finished.id).run()
    app.button(key="training_delete").click().run()
    assert deleted_runs(root) == []
    app.button(key="training_delete_not").click().run()
    assert "training_delete_sure" not in keys(app)
    app.button(key="training_delete").click().run()
    app.button(key="training_delete_sure").click().run()
    app.run()
    assert not app.exception
    assert list_runs(root) == [other]
    assert app.radio(key="training_list").value == other.id
    app.button(key=f"training_restore_{finished.id}").click().run()
    app.run()
    assert set(list_runs(root)) == {finished, other}
    assert app.radio(key="training_list").value == finished.id


def test_a_training_cannot_be_deleted(open_page, make_run, alive):
    run = make_run("busy", state="running")
    alive(run)
    assert "training_delete" not in keys(open_page("training"))


def test_a_dry_run_is_called_so_and_its_model_is_not_offered(open_page, make_run, history, model, words):
    run = make_run("", history(1), {"dry_run": True, "epochs": 1}, state="finished", epochs=1, epochs_done=1)
    model.save(run.model_folder)
    app = open_page("training")
    assert "dry run: its model is no result" in words(app)
    assert not {"training_use_model", "training_open_generation"} & keys(app)


def test_a_model_is_taken_for_generation(open_page, finished, make_run, model):
    from dashboard.model_in_use import is_in_use

    model.save(finished.model_folder)
    newer = make_run("newer", state="finished")
    model.save(newer.model_folder)  # without a choice the newest model is in use
    app = open_page("training")
    assert "training_use_model" not in keys(app)
    app.radio(key="training_list").set_value(finished.id).run()
    app.button(key="training_use_model").click().run()
    assert not app.exception
    assert is_in_use(finished.model_folder)
    assert "training_open_generation" in keys(app)


def test_a_model_that_is_broken_is_not_taken(open_page, finished):
    finished.model_folder.mkdir()
    (finished.model_folder / "model.json").write_text("{}")
    app = open_page("training")
    app.button(key="training_use_model").click().run()
    assert not app.exception
    assert app.error
