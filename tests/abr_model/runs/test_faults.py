"""Killed trainers, killed dashboards and full disks: runs tell the truth and go on, one epoch lost at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from abr_model.model import TrainedModel
from abr_model.runs.launch import launch
from abr_model.runs.run import Run, without_abandoned
from abr_model.training.checkpoints import read_checkpoint

DASHBOARD = """
import sys, time
from abr_model.runs.launch import launch
from abr_model.runs.run import Run
launch(Run(sys.argv[1]))
time.sleep(600)
"""


def epochs_of(run: Run) -> list[int]:
    return [row["epoch"] for row in without_abandoned(run.metrics()[0]) if row["kind"] == "epoch"]


def saved_epochs(run: Run) -> int:
    """Whole epochs in ``last.ckpt``; no checkpoint is torn."""
    last, _ = (read_checkpoint(run, name) for name in ("last", "best"))
    return last["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]


def goes_on_and_makes_a_model(run: Run, killed_at: int, wait_until) -> None:
    """From its last checkpoint, without a gap or an epoch twice in what is shown."""
    saved = saved_epochs(run)
    assert saved >= killed_at - 1, "nothing but the last epoch is lost"
    launch(run)
    wait_until(lambda: run.status.get("epochs_done", 0) > killed_at, run)
    run.request_stop()
    wait_until(lambda: not run.active, run)
    assert run.state == "stopped"
    assert TrainedModel.load(run.model_folder).model_id in run.message
    resumed = [row["epoch"] for row in run.metrics()[0] if row["kind"] == "resumed"]
    assert resumed == [saved]
    epochs = epochs_of(run)
    assert epochs == list(range(len(epochs)))


def test_a_killed_dashboard_ends_no_training_and_a_killed_trainer_is_known_to_whoever_looks(make_run, wait_until):
    run = make_run()
    dashboard = subprocess.Popen([sys.executable, "-c", DASHBOARD, str(run.folder)])
    try:
        wait_until(lambda: run.status.get("epochs_done", 0) >= 1, run)
    finally:
        dashboard.kill()
        dashboard.wait()
    seen = run.status["epochs_done"]
    wait_until(lambda: run.status["epochs_done"] > seen + 1, run)
    assert run.state == "running", "the training outlives the dashboard"

    os.kill(run.status["pid"], signal.SIGKILL)  # both are gone now
    wait_until(lambda: not run.active, run)
    assert (run.state, run.resumable) == ("crashed", True)
    killed_at = run.status["epochs_done"]
    assert f"{killed_at} whole epochs" in run.message
    goes_on_and_makes_a_model(run, killed_at, wait_until)


def test_dashboard_and_trainer_killed_at_once(make_run, wait_until):
    run = make_run()
    dashboard = subprocess.Popen([sys.executable, "-c", DASHBOARD, str(run.folder)])
    try:
        wait_until(lambda: run.status.get("epochs_done", 0) >= 2, run)
        trainer = psutil.Process(run.status["pid"])
        trainer.suspend()  # so that neither says another word
    finally:
        dashboard.kill()
    trainer.kill()
    dashboard.wait()
    wait_until(lambda: not run.active, run)
    assert run.state == "crashed"
    goes_on_and_makes_a_model(run, run.status["epochs_done"], wait_until)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB (a file system in memory), and a function that fills it but for some bytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small file system here")

    def fill(room: int) -> Path:
        waste = disk / "waste"
        with waste.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
            file.truncate(file.tell() - room)
        return waste

    yield disk, fill
    for _ in range(100):
        if not subprocess.run(["umount", str(disk)], capture_output=True).returncode:
            return
        time.sleep(0.1)
    pytest.fail("the disk is still in use")


def test_a_disk_without_a_byte_left_is_said(small_disk, make_run, wait_until):
    disk, fill = small_disk
    run = make_run(disk / "runs")
    launch(run)
    wait_until(lambda: run.status.get("epochs_done", 0) >= 2, run)
    fill(room=0)
    wait_until(lambda: not run.active, run)
    assert run.state == "failed", run.log_tail()
    assert "the disk is full" in run.message
    assert saved_epochs(run) >= run.status["epochs_done"] - 1


def test_no_room_for_a_checkpoint_tears_none_and_when_there_is_room_again_it_goes_on(small_disk, make_run, wait_until):
    disk, fill = small_disk
    run = make_run(disk / "runs")
    launch(run)
    wait_until(lambda: run.status.get("epochs_done", 0) >= 2, run)
    room = 100_000
    assert run.last_checkpoint.stat().st_size > room
    waste = fill(room)
    wait_until(lambda: not run.active, run)
    assert run.state == "failed", run.log_tail()
    assert "the disk is full" in run.message
    killed_at = run.status["epochs_done"]
    assert not list(run.last_checkpoint.parent.glob(".*")), "nothing half written stays"
    waste.unlink()
    goes_on_and_makes_a_model(run, killed_at, wait_until)
