"""Searches of a network of a few thousand weights; trials are trained in this process, or in one of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.run import list_runs
from abr_model.search import trial_run
from abr_model.search.folder import Search
from abr_model.training.fit import fit

SPACE = {
    "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "network.width": {"choices": [16, 32]},
}
PATIENCE_S = 120


@pytest.fixture
def data(tmp_path):
    """A data folder."""
    return tmp_path / "data"


@pytest.fixture
def make_search(data, small_presets, cohort_file) -> Callable[..., Search]:
    """``make_search(trials=2, …)``; what is left of its trainings and workers is ended after the test."""
    made = []

    def make(space=SPACE, preset="reference", **asked) -> Search:
        search = Search.create(data, small_presets[preset], cohort_file, space, **{"epochs": 1, "trials": 2} | asked)
        made.append(search)
        return search

    yield make
    for search in made:
        search.request_stop()
        for worker in search.workers:
            with suppress(psutil.Error, TypeError):
                if worker.active:
                    psutil.Process(worker.status.get("pid")).kill()
        for run in list_runs(search.runs_folder):
            with suppress(InputError, OSError):
                background.force_stop(run)


@pytest.fixture
def trained_here(monkeypatch):
    """Trials are trained in a thread of this process, really; the list of runs that were launched."""
    launched, threads = [], []

    def launch(run, queue=False):
        assert queue, "a trial must wait for its turn"
        launched.append(run)
        run.clear_stop()
        run.write_status(state="pending", message="starting")
        begun = threading.Event()

        def train():
            with suppress(InputError):  # the run says so itself
                fit(run, lambda event: begun.set())
            begun.set()

        threads.append(threading.Thread(target=train))
        threads[-1].start()
        begun.wait(PATIENCE_S)

    monkeypatch.setattr(background, "launch", launch)
    monkeypatch.setattr(trial_run, "POLL_S", 0.02)
    yield launched
    for thread in threads:
        thread.join(PATIENCE_S)


@pytest.fixture
def wait_for() -> Callable:
    """Until a condition holds."""

    def wait_for_(condition: Callable[[], object], what: str = "") -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"did not happen: {what}")
            time.sleep(0.05)

    return wait_for_
