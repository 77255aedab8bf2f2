from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import psutil
import pytest

from abr_model.errors import InputError
from abr_model.runs.lock import Lock, is_held
from abr_model.runs.run import Run, active_run, list_runs, without_abandoned


@pytest.fixture
def run(tmp_path, small_presets, cohort_file):
    return Run.create(tmp_path / "runs", small_presets["reference"], cohort_file, label="  a\nlabel ", epochs=5, seed=7)


def test_a_new_run_is_pending_and_knows_what_was_asked(run, small_cohort):
    assert run.state == "pending"
    config = run.config
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{4}-reference-[0-9a-f]{4}", run.id)
    assert config.label == "a label"
    assert (config.preset.training.epochs, config.preset.training.seed) == (5, 7)
    assert (config.cohort, config.cohort_digest) == (small_cohort.provenance.title, small_cohort.digest())
    assert run.status["epochs"] == 5
    assert run.metrics() == ([], 0)
    assert not run.has_model


def test_the_command_names_a_preset_that_gives_the_same(run, tmp_path, cohort_file):
    from abr_model.configuration import load_preset

    assert "--preset preset.yaml --cohort cohort.parquet --epochs 5 --seed 7" in run.config.command
    assert load_preset(run.folder / "preset.yaml") == run.preset
    plain = Run.create(tmp_path / "runs", load_preset("reference"), cohort_file, epochs=2)
    assert plain.config.command == (
        "abr simulate --patients 40 --seed 1 --out cohort.parquet && "
        "abr train --preset reference --cohort cohort.parquet --epochs 2 --seed 0"
    )
    assert not (plain.folder / "preset.yaml").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc", "..", "", "a\0b", "x" * 65, "-x", "a..b"])
def test_ids_cannot_lead_out_of_the_folder(run, name):
    with pytest.raises(InputError):
        Run.open(run.folder.parent, name)


def test_a_link_out_of_the_folder_is_refused(run, tmp_path):
    outside = tmp_path / "outside"
    run.folder.rename(outside)
    (tmp_path / "runs" / "link").symlink_to(outside)
    with pytest.raises(InputError, match="no such run"):
        Run.open(tmp_path / "runs", "link")


def test_runs_are_listed_newest_first_and_other_folders_are_not(run, small_presets, cohort_file):
    second = Run.create(run.folder.parent, small_presets["reference"], cohort_file)
    (run.folder.parent / "something").mkdir()
    assert list_runs(run.folder.parent) == [second, run]
    assert list_runs(run.folder / "nowhere") == []
    assert Run.open(run.folder.parent, run.id) == run


def test_bad_requests_make_no_run(tmp_path, small_presets, cohort_file):
    preset, root = small_presets["reference"], tmp_path / "runs"
    with pytest.raises(InputError, match="no such file"):
        Run.create(root, preset, tmp_path / "nothing.parquet")
    with pytest.raises(InputError, match="epochs"):
        Run.create(root, preset, cohort_file, epochs=0)
    with pytest.raises(InputError, match="label"):
        Run.create(root, preset, cohort_file, label="x" * 101)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        Run.create(tmp_path / "file" / "runs", preset, cohort_file)
    assert list_runs(root) == []


def test_a_damaged_config_is_said(run):
    (run.folder / "config.yaml").write_text("preset: [1, 2")
    with pytest.raises(InputError, match="damaged"):
        _ = run.config
    (run.folder / "config.yaml").write_text("label: x")
    with pytest.raises(InputError, match="damaged"):
        _ = run.config


# --- state


def test_running_means_that_the_lock_is_held(run):
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    run.write_status(state="running")
    assert run.state == "running"
    assert active_run(run.folder.parent) == run
    lock.release()
    assert run.state == "crashed", "status.json still says running, but nobody holds the lock"
    assert run.resumable
    assert active_run(run.folder.parent) is None
    assert "died" in run.message


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_an_ended_run_stays_ended(run, state):
    run.write_status(state=state, message="why")
    assert (run.state, run.message) == (state, "why")


def test_a_launched_process_that_died_before_its_first_word_is_a_crash(run):
    (run.folder / "launch.json").write_text(json.dumps({"pid": 2**22 + 12345, "created": 1.0}))
    assert run.state == "crashed"


def test_readers_of_the_lock_do_not_disturb_one_another_or_a_new_trainer(tmp_path):
    lock = Lock(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
    assert lock.acquire()
    assert all(is_held(tmp_path / "lock") for _ in range(3))
    assert not Lock(tmp_path / "lock").acquire(timeout_s=0)
    lock.release()
    assert not is_held(tmp_path / "lock")
    assert lock.acquire(timeout_s=0)
    lock.release()


def test_status_is_never_seen_half_written(run):
    import threading

    done = threading.Event()

    def write():
        for i in range(300):
            run.write_status(step=i, message="x" * 2000)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        assert run.status["epochs"] == 5
        seen += 1
    writer.join()
    assert seen > 5


# --- metrics


def test_metrics_are_read_from_an_offset_and_cut_at_the_last_whole_line(run):
    path = run.folder / "metrics.jsonl"
    path.write_bytes(b'{"kind": "step", "step": 1}\n{"kind": "step", "st')
    rows, offset = run.metrics()
    assert [row["step"] for row in rows] == [1]
    assert run.metrics(offset) == ([], offset)
    with path.open("ab") as file:
        file.write(b'ep": 2}\n{"kind": "epoch", "step": 2}\n')
    rows, offset = run.metrics(offset)
    assert [(row["kind"], row["step"]) for row in rows] == [("step", 2), ("epoch", 2)]
    assert offset == path.stat().st_size


def test_metrics_begin_anew_when_the_file_became_shorter(run):
    path = run.folder / "metrics.jsonl"
    path.write_bytes(b'{"kind": "step", "step": 1}\n')
    assert run.metrics(10_000)[0] == [{"kind": "step", "step": 1}]


def test_a_line_torn_by_a_kill_is_left_out(run):
    (run.folder / "metrics.jsonl").write_bytes(b'{"kind": "st\n{"kind": "step", "step": 3}\n')
    assert run.metrics()[0] == [{"kind": "step", "step": 3}]


def test_rows_done_again_after_a_resume_are_dropped():
    rows = [{"kind": "step", "step": s} for s in (1, 2, 3)]
    rows += [{"kind": "resumed", "step": 1}, {"kind": "step", "step": 2}]
    assert [row["step"] for row in without_abandoned(rows)] == [1, 2]


# --- stop


def test_stop_is_a_file_and_an_ended_run_takes_none(run):
    run.request_stop()
    assert run.stop_requested
    run.clear_stop()
    run.write_status(state="finished")
    run.request_stop()
    assert not run.stop_requested


def test_a_run_that_nobody_started_can_be_started_and_one_that_is_starting_cannot(run):
    assert (run.state, run.active, run.resumable) == ("pending", False, True)
    process = psutil.Process()
    (run.folder / "launch.json").write_text(json.dumps({"pid": process.pid, "created": process.create_time()}))
    assert (run.state, run.active, run.resumable) == ("pending", True, False)


def test_a_run_that_is_deleted_meanwhile_is_left_out_of_the_list(run, small_presets, cohort_file, monkeypatch):
    other = Run.create(run.folder.parent, small_presets["reference"], cohort_file)
    as_it_was = Path.glob

    def glob(folder, pattern):
        found = list(as_it_was(folder, pattern))
        (other.folder / "config.yaml").unlink(missing_ok=True)
        return iter(found)

    monkeypatch.setattr(Path, "glob", glob)
    assert list_runs(run.folder.parent) == [run]


def test_two_threads_write_the_status_at_once(run):
    """Two sessions of the dashboard are threads of one process."""
    problems = []

    def write(name):
        try:
            for i in range(200):
                run.write_status(**{name: i})
        except OSError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c", "d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert not list(run.folder.glob(".status*"))
