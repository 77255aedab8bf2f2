"""Fixtures that the whole suite shares."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two busy torch processes on two cores slow one another many times

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _locks_of_the_session(tmp_path_factory) -> None:
    """Neither a training of the person who runs the tests nor another run of them is in the way of a test's."""
    os.environ["ABR_LOCKS"] = str(tmp_path_factory.mktemp("locks"))


@pytest.fixture(autouse=True)
def locks_folder(tmp_path_factory, monkeypatch) -> Path:
    """Locks of trainings: a folder for each test."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setenv("ABR_LOCKS", str(folder))
    return folder


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def human_recordings() -> Path:
    """Folder of real click ABR recordings (two listeners, SmartEP); tests that need it skip where it is absent."""
    shared = Path(os.environ.get("ABR_SHARED", ROOT.parent / "shared"))
    folder = shared / "data" / "human_click_smartep"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout (set ABR_SHARED to their folder)")
    return folder


@pytest.fixture(scope="session")
def small_cohort():
    """A simulated clinic of 40 patients (about 1,000 recordings), seed 1."""
    from abr_model.sources.simulator import simulate

    return simulate(patients=40, seed=1)
