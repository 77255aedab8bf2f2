"""Workers as processes: killed, several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from abr_model.runs.run import list_runs
from abr_model.search.launch import runs_without_worker, start_worker
from abr_model.search.trials import progress, trial_rows

PATIENCE_S = 300
LONG = {"epochs": 2000, "pruner": {"kind": "none"}}


def rows_of(search):
    return trial_rows(search.study().get_trials())


def test_a_killed_worker_loses_nothing(make_search, wait_for):
    search = make_search(trials=1, preset="reference", **LONG)
    worker = start_worker(search)
    wait_for(lambda: any(row.course for row in rows_of(search)), "the first epoch of the first trial")
    (run,) = list_runs(search.runs_folder)
    os.kill(worker.status["pid"], signal.SIGKILL)
    wait_for(lambda: not worker.active, "the lock of a killed worker is free")
    assert worker.state == "crashed"
    assert run.state == "running"  # the training is a process of its own
    assert progress(search, rows_of(search)).state == "crashed"
    assert runs_without_worker(search) == [run]

    start_worker(search)
    wait_for(lambda: len(search.study().get_trials()) == 2 and rows_of(search)[0].course, "it is followed again")
    (row,) = rows_of(search)
    assert (row.run, row.state) == (run.id, "training")
    assert row.course[0] == search.study().get_trials()[0].intermediate_values[0]
    assert list_runs(search.runs_folder) == [run]
    assert run.state == "running"


WORKER = """
import sys, time
from pathlib import Path
from abr_model.search import work
from abr_model.search.folder import Search
from abr_model.search.trial_run import Outcome

class Made:
    id = "none"

def follow(search, trial, run, *_):
    for epoch in range(3):
        trial.report(float(epoch), epoch)
    return Outcome("done", value=trial.params["training.learning_rate"])

work.run_of, work.follow = lambda *_, **__: Made, follow
search = Search(Path(sys.argv[1]))
while not (search.folder / "GO").exists():
    time.sleep(0.01)
print(work.work(search, parallel=True).state)
"""
"""A worker whose trials take no time, so that two of them are in each other's way as often as can be."""


def test_two_workers_on_one_storage_lose_no_trial_and_make_none_too_many(make_search):
    search = make_search(trials=14)
    command = [sys.executable, "-c", WORKER, str(search.folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    (search.folder / "GO").touch()
    said = [process.communicate(timeout=PATIENCE_S)[0].decode() for process in processes]
    assert [words.splitlines()[-1] for words in said] == ["finished", "finished"], said
    trials = search.study().get_trials()
    rows = trial_rows(trials)
    assert [row.state for row in rows] == ["done"] * 14
    assert all(row.course == {0: 0.0, 1: 1.0, 2: 2.0} for row in rows)
    assert {trial.user_attrs["worker"] for trial in trials} == {worker.id for worker in search.workers}
    assert len({row.settings["training.learning_rate"] for row in rows}) == 14
