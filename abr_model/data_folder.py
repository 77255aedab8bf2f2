"""Where cohorts, runs and models lie: one answer for the command, the dashboard and the import."""

from __future__ import annotations

import os
from pathlib import Path

_PARENT = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """The checkout that the package runs from; None when it is installed on its own."""
    return _PARENT if (_PARENT / "pyproject.toml").is_file() else None


def data_folder() -> Path:
    """``ABR_DATA`` where it is set; else ``data`` of the checkout; else ``data`` of the current folder.

    Returns
    -------
    Path
        Absolute, without ``~``. It need not exist yet.
    """
    if chosen := os.environ.get("ABR_DATA"):
        return Path(chosen).expanduser().resolve()
    return ((checkout() or Path.cwd()) / "data").resolve()


def pretrained_folder() -> Path:
    """Folder of the shipped models: ``data/pretrained`` of the checkout, whatever ``ABR_DATA`` says; without a
    checkout the one of :func:`data_folder`."""
    return (checkout() / "data" if checkout() else data_folder()) / "pretrained"
