"""Where the dashboard finds and leaves its files."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Where cohorts, runs and exports live: ``ABR_DATA``, or ``data/`` of the checkout."""
    return Path(os.environ.get("ABR_DATA") or CHECKOUT / "data").expanduser().resolve()


def cohorts_folder() -> Path:
    """Folder of the cohort files."""
    return data_folder() / "cohorts"


def runs_folder() -> Path:
    """Folder of the training runs."""
    return data_folder() / "runs"
