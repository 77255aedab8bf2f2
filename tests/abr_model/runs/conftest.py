"""Background trainers: started, waited for, and ended after the test."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from abr_model.errors import InputError
from abr_model.runs.launch import force_stop
from abr_model.runs.run import Run

PATIENCE_S = 90


@pytest.fixture
def wait_until() -> Callable:
    """Generous: a busy machine is slow, but a broken trainer must not hang the suite."""

    def wait_until_(condition: Callable[[], bool], *runs: Run) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail("\n".join(f"{run.state}: {run.status}\n{run.log_tail()}" for run in runs))
            time.sleep(0.05)

    return wait_until_


@pytest.fixture
def long_preset(small_presets):
    """Trains for as long as it is let."""
    return small_presets["reference"].changed(
        training={"epochs": 2000, "early_stopping_patience": 9999, "learning_rate": 0.0001}
    )


@pytest.fixture
def make_run(tmp_path, long_preset, cohort_file):
    """``make_run(root, **options)``: a prepared run; whatever is left of its trainer is ended after the test."""
    made = []

    def make(root=tmp_path / "runs", **options) -> Run:
        made.append(Run.create(root, options.pop("preset", long_preset), cohort_file, **options))
        return made[-1]

    yield make
    for run in made:
        with suppress(InputError, OSError):
            force_stop(run)
