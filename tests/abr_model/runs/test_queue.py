"""One training at a time on a machine; the others wait. Real processes where it is about processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from abr_model.errors import InputError
from abr_model.runs import queue
from abr_model.runs.claim import Claim, check_free
from abr_model.runs.launch import force_stop, launch
from abr_model.runs.queue import ordinal, place_in_queue, waiting
from abr_model.runs.run import Run, active_run
from abr_model.runs.training_lock import holder, is_training, locks_folder, made_locks_folder, training_lock


@pytest.fixture
def training(make_run):
    """A run that is being trained, as far as anybody can see; ``release()`` ends that."""
    claim = Claim(run := make_run(label="first try"), run.config)
    claim.take()
    yield claim
    claim.release()


def pid_of(run: Run) -> int:
    return json.loads((run.folder / "launch.json").read_text())["pid"]


def test_a_second_folder_of_runs_has_no_second_machine(training, make_run, tmp_path):
    other = make_run(tmp_path / "elsewhere")
    assert holder() == training.run
    with pytest.raises(InputError, match="on this machine") as caught:
        check_free(other.folder.parent)
    assert caught.value.value == training.run.id
    with Claim(other, other.config) as claim, pytest.raises(InputError, match="on this machine"):
        claim.take()
    assert other.state == "failed"
    training.release()
    assert holder() is None, "its name still stands in the file, but nobody holds the lock"
    with Claim(other, other.config) as claim:
        claim.take()
        assert other.state == "running"
        assert holder() == other


def test_a_training_beside_others_takes_no_turn(training, make_run):
    beside = make_run(exclusive=False)
    with Claim(beside, beside.config) as claim:
        assert claim.wait()
        claim.take()
        assert beside.state == "running"
        assert holder() == training.run


def test_runs_wait_in_the_order_in_which_they_came_over_all_folders(training, make_run, tmp_path, wait_until):
    root = training.run.folder.parent
    first, second, third = make_run(), make_run(tmp_path / "elsewhere"), make_run()
    for run in (first, second, third):
        launch(run, queue=True)
        assert (run.state, run.active, run.queued, run.resumable) == ("pending", True, True, False)
    assert waiting() == [first, second, third], "at once, before their processes have said a word"
    assert waiting(root) == [first, third]
    assert [place_in_queue(run) for run in (first, second, third)] == [1, 2, 3]
    assert place_in_queue(training.run) is None
    wait_until(lambda: all(run.status["state"] == "waiting" for run in (first, second, third)), first, second, third)
    assert first.message == "waits for the end of “first try”; 1st in the queue"
    assert third.message.endswith("3rd in the queue")
    assert [run.state for run in (first, second, third)] == ["pending"] * 3
    assert active_run(root) == training.run, "what trains, not what waits"
    with pytest.raises(InputError, match="already"):
        launch(first, queue=True)
    mapped = {Path(part.path).name for part in psutil.Process(pid_of(first)).memory_maps()}
    assert mapped
    assert not [name for name in mapped if "torch" in name], "a queue must not fill the memory"

    first.request_stop()
    wait_until(lambda: first.state == "stopped", first)
    assert "left the queue" in first.message
    assert not first.queued
    assert waiting() == [second, third]
    psutil.Process(pid_of(second)).send_signal(signal.SIGKILL)
    wait_until(lambda: second.state == "crashed", second)
    assert "waited for its turn died" in second.message
    assert not second.queued
    wait_until(lambda: third.message.endswith("1st in the queue"), third)

    training.release()
    wait_until(lambda: third.status.get("epochs_done", 0) >= 1, third)
    assert (third.state, third.queued, waiting()) == ("running", False, [])
    assert holder() == third
    assert first.state == "stopped", "who left the queue is not trained"
    force_stop(third)
    assert not is_training()
    launch(second, queue=True)  # one that died in the queue can be started anew, and nothing is in its way
    assert not second.queued
    wait_until(lambda: second.state == "running", second)


def test_who_comes_later_does_not_pass_the_waiting_though_the_machine_is_free_for_a_moment(make_run):
    early, late = make_run(), make_run()
    early.write_status(queued=queue.now())
    process = psutil.Process()  # stands for the process of `early`, which is only starting
    (early.folder / "launch.json").write_text(json.dumps({"pid": process.pid, "created": process.create_time()}))
    queue.take_ticket(early)
    assert waiting() == [early]
    with Claim(late, late.config) as claim, pytest.raises(InputError, match="another training"):
        claim.take()
    looked = iter([False, False, True])
    with Claim(late, late.config) as claim:
        late.write_status(state="pending")
        assert not claim.wait(stopped=lambda: next(looked))
    (early.folder / "launch.json").unlink()  # a prepared run does not wait
    with Claim(late, late.config) as claim:
        assert claim.wait()
        claim.take()
        assert late.state == "running"


@pytest.fixture
def as_if_launched():
    """``as_if_launched(run)``: this process stands for the one of ``run``, which is only starting."""
    files = []

    def write(run: Run) -> None:
        process, file = psutil.Process(), run.folder / "launch.json"
        file.write_text(json.dumps({"pid": process.pid, "created": process.create_time()}))
        files.append(file)

    yield write
    for file in files:  # before the runs are ended by force
        file.unlink()


def test_who_queues_behind_a_training_that_is_only_starting_does_not_pass_it(make_run, as_if_launched):
    """What waits reads no torch and is awake first; what was started before it has the machine all the same."""
    first, second = make_run(), make_run()
    first.write_status(state="pending")
    as_if_launched(first)
    with pytest.raises(InputError, match="another training"):
        check_free(first.folder.parent)
    looked = iter([False, False, True])
    with Claim(second, second.config) as claim:
        assert not claim.wait(stopped=lambda: next(looked))
    second.write_status(state="pending", queued=queue.now())
    as_if_launched(second)
    queue.take_ticket(second)
    assert waiting() == [second]
    with Claim(first, first.config) as claim:
        claim.take()  # though somebody waits by now
        assert first.state == "running"
        assert holder() == first


def test_from_the_command_line_ctrl_c_leaves_the_queue(training, make_run, wait_until):
    run = make_run()
    command = [sys.executable, "-m", "abr_model.cli", "train", "--run", str(run.folder), "--queue"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: run.queued, run)
    assert not (run.folder / "launch.json").exists()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert "waits for the end of “first try”; 1st in the queue" in said
    assert (run.state, run.resumable, waiting()) == ("stopped", True, [])
    assert process.returncode == 0


def test_killed_on_the_command_line_while_waiting_is_a_crash(training, make_run, wait_until):
    run = make_run()
    command = [sys.executable, "-m", "abr_model.cli", "train", "--run", str(run.folder), "--queue"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_until(lambda: run.queued, run)
    process.kill()
    process.wait()
    assert (run.state, run.queued, run.active) == ("crashed", False, False)


def test_a_stop_from_before_does_not_take_a_resumed_run_out_of_the_queue(training, make_run):
    run = make_run()
    run.request_stop()
    run.write_status(state="stopped")
    looked = []
    with Claim(run, run.config) as claim:
        assert not claim.wait(stopped=lambda: len(looked) > 1 or looked.append(run.state))
    assert looked[-1] == "pending", "it waited although the file was there"


def test_who_died_in_the_queue_comes_last_when_it_comes_again(training, make_run):
    run = make_run()
    run.write_status(state="waiting", queued="2020-01-01T00:00:00")
    assert run.state == "crashed"
    seen = []
    with Claim(run, run.config) as claim:
        claim.wait(stopped=lambda: bool(run.queued and seen.append(run.status["queued"])) or bool(seen))
    assert seen
    assert seen[0] > "2020-01-01T00:00:00"


def test_a_finished_run_is_left_as_it_is(training, make_run):
    run = make_run()
    run.write_status(state="finished", message="done")
    for attempt in ("take", "wait"):
        with Claim(run, run.config) as claim, pytest.raises(InputError, match="has finished"):
            getattr(claim, attempt)()
    assert (run.state, run.message) == ("finished", "done")


def test_a_second_process_for_a_run_that_waits_does_not_take_its_place(training, make_run, wait_until):
    run = make_run()
    launch(run, queue=True)
    wait_until(lambda: run.status["state"] == "waiting", run)
    with Claim(run, run.config) as claim, pytest.raises(InputError, match="already"):
        claim.wait()
    assert waiting() == [run]


def test_tickets_that_were_left_behind_are_cleared_away(training, make_run, wait_until, tmp_path):
    gone, late = make_run(), make_run()
    gone.write_status(state="waiting", queued=queue.now())
    queue.take_ticket(gone)  # its process was killed: nobody holds its lock
    assert waiting() == []
    queue.take_ticket(late)
    assert not queue.has_ticket(gone)
    assert queue.has_ticket(late)


# --- where the lock lies


def test_the_folder_of_locks_is_of_this_user_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("ABR_LOCKS")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = made_locks_folder()
    assert folder == locks_folder() == tmp_path / f"abr-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    (tmp_path / "abr-12345").mkdir()
    with pytest.raises(InputError, match="another user"):
        made_locks_folder()


def test_a_link_in_place_of_the_folder_of_locks_is_refused(monkeypatch, tmp_path):
    monkeypatch.delenv("ABR_LOCKS")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"abr-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="another user"):
        training_lock()


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_places_in_words(number, words):
    assert ordinal(number) == words
