from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from abr_model.runs.alerts import PLATEAU_EPOCHS, Alert, alerts
from abr_model.runs.history import SELECTION_LOSS, History
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run

PLENTY = 100_000_000_000
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    return run


@pytest.fixture
def training(run):
    """The run, held by a trainer."""
    run.write_status(state="running", stage="training")
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    yield run
    lock.release()


def epoch_row(epoch: int, **values) -> dict:
    row = {"kind": "epoch", "epoch": epoch, "step": 10 * (epoch + 1), "minutes": 0.5 * (epoch + 1), "beta": 1.0}
    usual = {"train_loss": 1.0, "train_kl": 1.0, "validation_loss": 1.0, "validation_kl": 1.0}
    return row | usual | {"active_units": 8, "kl_per_latent": [1.0] * 8} | values


def history_of(run: Run, *rows: dict) -> History:
    with (run.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    os.utime(run.folder / "metrics.jsonl", (NOW.timestamp(), NOW.timestamp()))
    history = History(run.folder)
    history.update()
    return history


def course(run: Run, epochs: int, validation: Callable, train: Callable, last_beta_from: int = 0) -> History:
    """Epochs with their losses; before ``last_beta_from`` β has not reached its last value."""
    rows = []
    for epoch in range(epochs):
        at_last = epoch >= last_beta_from
        loss = {SELECTION_LOSS: validation(epoch), "validation_loss": validation(epoch) - (0 if at_last else 1)}
        rows.append(epoch_row(epoch, train_loss=train(epoch), beta=1.0 if at_last else 0.5, **loss))
    return history_of(run, *rows)


def said(run: Run, history: History, now: datetime = NOW, free_bytes: int = PLENTY) -> list[Alert]:
    return alerts(run, history, now, free_bytes)


def kinds(*args, **options) -> list[str]:
    return [alert.kind for alert in said(*args, **options)]


def falling(epoch: int) -> float:
    return 100 * 0.9**epoch


def test_a_training_that_goes_well_gives_no_alert(training):
    assert said(training, course(training, 60, falling, falling)) == []


def test_nor_does_one_that_has_not_begun(run, training):
    run.write_status(state="pending")
    assert said(run, History(run.folder), now=datetime.now(UTC)) == []


# --- not a number -----------------------------------------------------------------------------------------------------


def test_a_run_that_failed_because_its_loss_is_no_number_says_so(run):
    run.write_status(state="failed", message="the loss is no longer a number in epoch 4: nan", epoch=3)
    (alert,) = said(run, History(run.folder))
    assert (alert.kind, alert.severity, alert.epoch) == ("not a number", "error", 4)
    assert "epoch 4" in alert.sentence and "lower learning rate" in alert.sentence


def test_another_failure_is_not_called_so(run):
    run.write_status(state="failed", message="the cohort has another content than when the run was made", epoch=3)
    assert said(run, History(run.folder)) == []


@pytest.mark.parametrize("name", ["train_loss", "train_kl", "validation_loss", "validation_kl", SELECTION_LOSS])
def test_a_term_that_became_null_is_not_a_number(training, name):
    rows = [epoch_row(0, **{SELECTION_LOSS: 1.0}), epoch_row(1, **{SELECTION_LOSS: 1.0, name: None})]
    (alert,) = said(training, history_of(training, *rows))
    assert (alert.kind, alert.severity, alert.epoch) == ("not a number", "error", 2)
    assert ("validation loss" in alert.sentence) == name.startswith("validation")


def test_a_step_may_be_not_a_number_before_its_epoch_ends(training):
    row = {"kind": "step", "epoch": 0, "step": 1, "minutes": 0, "train_loss": None}
    assert kinds(training, history_of(training, row)) == ["not a number"]


def test_a_wave_that_is_never_marked_and_a_gradient_that_overflowed_are_no_alarm(training):
    row = epoch_row(0, validation_latency_I_mae_ms=None, gradient_norm=None, **{SELECTION_LOSS: 1.0})
    assert said(training, history_of(training, row)) == []


# --- plateau ----------------------------------------------------------------------------------------------------------


def test_a_validation_loss_that_stands_still_is_a_plateau(training):
    history = course(training, 20, lambda epoch: falling(min(epoch, 10)), falling)
    (alert,) = said(training, history)
    assert (alert.kind, alert.severity, alert.epoch) == ("plateau", "warning", 11)
    assert "epoch 11" in alert.sentence


def test_creeping_is_standing_still(training):
    assert kinds(training, course(training, 20, lambda e: falling(min(e, 10)) - 1e-6 * e, falling)) == ["plateau"]


def test_a_late_gain_ends_a_plateau(training):
    history = course(training, 20, lambda epoch: falling(min(epoch, 10)) - (epoch == 19), falling)
    assert said(training, history) == []


def test_it_takes_its_epochs(training):
    assert said(training, course(training, PLATEAU_EPOCHS, lambda _: 1.0, falling)) == []


def test_epochs_before_the_last_beta_do_not_count(training):
    """While β rises, the loss with the last β says nothing."""
    assert said(training, course(training, 20, lambda epoch: 1.0, falling, last_beta_from=15)) == []
    assert said(training, course(training, 20, lambda epoch: 1.0 + epoch, falling, last_beta_from=99)) == []


def test_a_run_that_has_ended_needs_no_word_about_a_plateau(run):
    run.write_status(state="finished")
    assert said(run, course(run, 20, lambda _: 1.0, falling)) == []


# --- overfitting ------------------------------------------------------------------------------------------------------


def valley(epoch: int) -> float:
    return falling(epoch) if epoch <= 12 else falling(12) + 2 * (epoch - 12)


def test_a_validation_loss_that_rises_while_training_goes_on_falling_is_overfitting(run):
    run.write_status(state="finished")
    (alert,) = said(run, course(run, 20, valley, falling))
    assert (alert.kind, alert.severity, alert.epoch) == ("overfitting", "warning", 13)
    assert "28.24 to 42.24" in alert.sentence


@pytest.mark.parametrize(
    ("validation", "train"),
    [
        (valley, valley),  # both rise: something else is wrong
        (lambda e: falling(min(e, 12)) + 0.5 * (e > 12), falling),  # within what a validation loss wobbles
        (lambda e: valley(e) if e != 19 else falling(19), falling),  # it came back
    ],
)
def test_what_is_no_overfitting(run, validation, train):
    run.write_status(state="finished")
    assert said(run, course(run, 20, validation, train)) == []


def test_it_is_not_called_so_while_beta_rises(run):
    run.write_status(state="finished")
    assert said(run, course(run, 20, valley, falling, last_beta_from=15)) == []


# --- posterior collapse -----------------------------------------------------------------------------------------------


def with_active_units(run: Run, *units: int) -> History:
    return history_of(
        run, *[epoch_row(epoch, active_units=n, **{SELECTION_LOSS: 1.0}) for epoch, n in enumerate(units)]
    )


def test_latent_units_out_of_use_are_a_collapse(training):
    (alert,) = said(training, with_active_units(training, 8, 5, 0, 0, 0))
    assert (alert.kind, alert.severity, alert.epoch) == ("posterior collapse", "warning", 3)
    assert "0 of 8 latent units" in alert.sentence


def test_one_bad_epoch_among_good_ones_is_no_collapse(training):
    assert said(training, with_active_units(training, 8, 8, 0)) == []


def test_a_start_without_latent_units_is_none_yet(training):
    assert said(training, with_active_units(training, 0)) == []
    assert said(training, with_active_units(training, 0, 1)) == []  # appended to the one before
    assert kinds(training, with_active_units(training, 0, 0)) == ["posterior collapse"]


# --- stalled ----------------------------------------------------------------------------------------------------------


def stalled(run: Run, history: History, after: timedelta) -> bool:
    (run.folder / "status.json").write_text(json.dumps(run.status | {"updated": NOW.isoformat()}))
    return "stalled" in kinds(run, history, now=NOW + after)


def test_silence_is_a_stall(training):
    history = history_of(training, *[epoch_row(epoch, **{SELECTION_LOSS: 1.0}) for epoch in range(3)])  # 30 s each
    assert not stalled(training, history, timedelta(minutes=2))
    assert stalled(training, history, timedelta(minutes=3))
    (alert,) = said(training, history, now=NOW + timedelta(minutes=10))
    assert alert.severity == "warning" and "for 10 minutes" in alert.sentence


def test_a_slow_training_may_be_silent_for_longer(training):
    rows = [epoch_row(epoch, **{SELECTION_LOSS: 1.0, "minutes": 10 * epoch}) for epoch in range(3)]
    history = history_of(training, *rows)
    assert not stalled(training, history, timedelta(minutes=45))
    assert stalled(training, history, timedelta(minutes=55))


def test_before_the_first_step_it_may_take_longer(training):
    history = History(training.folder)
    assert not stalled(training, history, timedelta(minutes=4))
    assert stalled(training, history, timedelta(minutes=6))


def test_so_it_may_where_a_resumed_training_reads_its_recordings_again(training):
    history = history_of(training, *[epoch_row(epoch, **{SELECTION_LOSS: 1.0}) for epoch in range(3)])
    training.write_status(stage="preparing the recordings")
    assert not stalled(training, history, timedelta(minutes=4))
    assert stalled(training, history, timedelta(minutes=6))


def test_a_status_that_is_renewed_is_a_sign_of_life(training):
    history = history_of(training, epoch_row(0, **{SELECTION_LOSS: 1.0}))
    training.write_status(state="running")
    late = datetime.now(UTC)
    assert late > NOW + timedelta(days=1)
    assert said(training, history, now=late) == []


@pytest.mark.parametrize("stage", ["fitting the sampler", "measuring on held-out recordings"])
def test_after_the_last_batch_nothing_is_logged(training, stage):
    training.write_status(stage=stage)
    assert not stalled(training, history_of(training, epoch_row(0)), timedelta(hours=1))


def test_a_run_that_nobody_trains_is_not_stalled(run):
    run.write_status(state="stopped")
    assert not stalled(run, history_of(run, epoch_row(0, **{SELECTION_LOSS: 1.0})), timedelta(days=9))


# --- disk -------------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_is_said_in_time(training):
    history = History(training.folder)
    training.write_status()
    now = datetime.now(UTC)
    assert kinds(training, history, now=now, free_bytes=2_000_000_000) == []
    (alert,) = said(training, history, now=now, free_bytes=800_000_000)
    assert (alert.kind, alert.severity) == ("disk nearly full", "warning") and "800 MB" in alert.sentence
    assert said(training, history, now=now, free_bytes=50_000_000)[0].severity == "error"


def test_large_checkpoints_need_more_room(training):
    training.last_checkpoint.parent.mkdir()
    with training.last_checkpoint.open("wb") as file:
        file.truncate(400_000_000)
    (alert,) = said(training, History(training.folder), now=datetime.now(UTC), free_bytes=1_100_000_000)
    assert alert.severity == "error"


def test_the_disk_of_an_ended_run_is_nobodys_business(run):
    run.write_status(state="finished")
    assert said(run, History(run.folder), free_bytes=0) == []


def test_the_real_disk_is_asked_when_nothing_is_given(training, monkeypatch):
    import shutil

    usage = type("Usage", (), {"free": 1})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage if folder == training.folder else None)
    assert [alert.kind for alert in alerts(training, History(training.folder))] == ["disk nearly full"]


def test_errors_come_first(training):
    history = course(training, 30, valley, falling)
    found = said(training, history, free_bytes=1)
    assert [alert.severity for alert in found] == ["error", "warning", "warning"]
    assert {alert.kind for alert in found} == {"disk nearly full", "overfitting", "plateau"}


def test_a_real_run_raises_no_alarm(finished_run):
    history = History(finished_run.folder)
    history.update()
    assert alerts(finished_run, history) == []
