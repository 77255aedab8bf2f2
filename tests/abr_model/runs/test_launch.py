"""Real background trainers: each of these starts a process of its own."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from abr_model.errors import InputError
from abr_model.model import TrainedModel
from abr_model.runs.launch import force_stop, launch
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, active_run, without_abandoned


@pytest.fixture
def long_run(make_run):
    return make_run()


def test_a_background_run_lives_is_killed_and_goes_on(long_run, wait_until):
    run = long_run
    launch(run)
    assert run.state in ("pending", "running")
    assert active_run(run.folder.parent) == run, "at once, so that a double click does not start two"
    with pytest.raises(InputError, match="already"):
        launch(run)
    other = Run.create(run.folder.parent, run.preset, run.config.cohort_path)
    with pytest.raises(InputError) as caught:
        launch(other)
    assert caught.value.value == run.id
    assert other.state == "pending"
    wait_until(lambda: run.status.get("epochs_done", 0) >= 2, run)
    assert run.state == "running"
    process = psutil.Process(run.status["pid"])
    assert os.getsid(process.pid) == process.pid, "its own session: Ctrl-C of the dashboard does not reach it"
    assert process.nice() == 10
    assert run.status["seconds_left"] > 0
    with pytest.raises(InputError):
        launch(other)

    process.send_signal(signal.SIGKILL)
    wait_until(lambda: run.state != "running", run)
    assert run.state == "crashed"
    assert run.status["state"] == "running", "nobody could write that it died"
    assert "died" in run.message
    killed_at = run.status["epochs_done"]

    launch(run)
    wait_until(lambda: run.status.get("epochs_done", 0) > killed_at, run)
    run.request_stop()
    wait_until(lambda: run.state not in ("pending", "running"), run)
    assert run.state == "stopped"
    assert TrainedModel.load(run.model_folder).model_id in run.message
    rows = run.metrics()[0]
    assert any(row["kind"] == "resumed" and row["step"] > 0 for row in rows)
    epochs = [row["epoch"] for row in without_abandoned(rows) if row["kind"] == "epoch"]
    assert epochs == list(range(len(epochs)))
    assert len(epochs) > killed_at


def test_force_ends_the_launched_process_and_no_other(long_run):
    run = long_run
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        run.write_status(state="running")
        created = psutil.Process(process.pid).create_time()
        record = run.folder / "launch.json"
        record.write_text(json.dumps({"pid": process.pid, "created": created - 60}))
        with pytest.raises(InputError, match="no background training"):
            force_stop(run)  # another process under the number of one that has ended
        assert process.poll() is None
        record.write_text(json.dumps({"pid": process.pid, "created": created}))
        force_stop(run)
        assert not psutil.pid_exists(process.pid)
        lock.release()
        assert run.state == "stopped"
        assert "force" in run.message
        with pytest.raises(InputError, match="stopped: there is nothing to end"):
            force_stop(run)
    finally:
        lock.release()
        process.kill()
        process.wait()


def test_force_ends_a_trainer_that_is_only_starting(long_run, wait_until):
    run = long_run
    launch(run)
    assert run.state == "pending", "it is still importing torch"
    pid = json.loads((run.folder / "launch.json").read_text())["pid"]
    run.request_stop()
    force_stop(run)
    wait_until(lambda: not psutil.pid_exists(pid), run)
    assert (run.state, run.active, run.resumable) == ("stopped", False, True)
    assert "from its start" in run.message


def test_a_process_that_cannot_be_started_leaves_a_run_that_says_so_and_can_be_started_later(long_run, monkeypatch):
    run = long_run

    def refuse(*arguments, **options):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(InputError, match="Cannot allocate memory"):
        launch(run)
    assert (run.state, run.active, run.resumable) == ("failed", False, True)
    assert "Cannot allocate memory" in run.message


def test_the_trainer_finds_a_package_that_is_not_installed(long_run, monkeypatch, project_root, tmp_path):
    given = {}

    class Popen(subprocess.Popen):
        def __init__(self, arguments, **options):
            given.update(options)
            super().__init__([sys.executable, "-c", "pass"], **options)

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["somewhere", "else"]))
    monkeypatch.setattr(subprocess, "Popen", Popen)
    launch(long_run)
    monkeypatch.undo()
    assert given["env"]["PYTHONPATH"].split(os.pathsep) == [str(project_root), "somewhere", "else"]
    # -S: without the site-packages, and with them without an installed abr_model
    found = [sys.executable, "-S", "-c", "import abr_model; print(abr_model.__file__)"]
    said = subprocess.run(found, env=given["env"], cwd=tmp_path, capture_output=True, text=True)
    assert said.stdout.strip() == str(project_root / "abr_model" / "__init__.py"), said.stderr


def test_a_trainer_that_cannot_train_says_why(tmp_path, small_presets, small_cohort, wait_until):
    path = small_cohort.write(tmp_path / "clinic.parquet")
    run = Run.create(tmp_path / "runs", small_presets["reference"], path)
    path.unlink()
    launch(run)
    wait_until(lambda: run.state not in ("pending", "running"), run)
    assert run.state == "failed"
    assert "no such file" in run.message
    assert "no such file" in run.log_tail()
    assert str(tmp_path) not in run.log_tail()


def test_a_finished_run_is_not_launched(finished_run):
    with pytest.raises(InputError, match="finished"):
        launch(finished_run)
