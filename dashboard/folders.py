"""Where the dashboard finds and leaves its files, inside the one data folder of the package."""

from __future__ import annotations

from pathlib import Path

from abr_model.data_folder import data_folder


def cohorts_folder() -> Path:
    """Folder of the cohort files."""
    return data_folder() / "cohorts"


def runs_folder() -> Path:
    """Folder of the training runs."""
    return data_folder() / "runs"
