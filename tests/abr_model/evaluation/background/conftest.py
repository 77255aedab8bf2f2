"""Evaluations of a small trained model; their folders, and processes that are not let finish."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from abr_model.evaluation.background.folder import Evaluation
from abr_model.model import TrainedModel
from abr_model.runs.detached import environment

SLOW = """
import sys, time
from abr_model.evaluation.background.folder import Evaluation
from abr_model.evaluation.background.work import work
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.sections import SectionEntry

def run(self, comparison, model, on_progress):
    if self.key == sys.argv[2]:
        while True:
            on_progress(0.5)
            time.sleep(0.02)
    return Section(self.key, self.title, [Score(f"{self.key}_figure", "A figure", 1.0)])

SectionEntry.run = run
work(Evaluation(sys.argv[1]))
"""
"""Does what a background evaluation does, and never ends the section that is named."""


@pytest.fixture(scope="session")
def model(finished_run) -> TrainedModel:
    """A small trained model."""
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture
def evaluation(model, finished_run, cohort_file, tmp_path) -> Callable[..., Evaluation]:
    """Makes one: ``evaluation(sections=["cells"])``."""

    def make(**asked) -> Evaluation:
        cohort = asked.pop("cohort", cohort_file)
        return Evaluation.create(tmp_path / "data", model, finished_run.model_folder, cohort, **asked)

    return make


@pytest.fixture
def never_ending() -> Iterator[Callable[[Evaluation, str], subprocess.Popen]]:
    """Starts a process that works on an evaluation until it is killed."""
    processes = []

    def start(evaluation: Evaluation, section: str) -> subprocess.Popen:
        command = [sys.executable, "-c", SLOW, str(evaluation.folder), section]
        processes.append(subprocess.Popen(command, env=os.environ | environment(1)))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Fails when what is asked does not become true."""

    def wait(asked: Callable[[], bool], seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not asked():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.05)

    return wait
