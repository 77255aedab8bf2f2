"""Deleted runs wait in ``.bin`` of the folder of runs until it is emptied: a deletion can be taken back."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, list_runs

BIN = ".bin"
"""Folder inside the folder of runs."""


def delete(run: Run) -> Run:
    """Move ``run`` with all it holds, its model too, into the bin; returns it there.

    Works on a full disk: nothing is copied.

    Raises
    ------
    InputError
        The run is being trained or waits for its turn, or its folder cannot be moved.
    """
    if run.active:
        raise _active(run)
    lock = Lock(run.folder / "lock")  # nobody can start it while it is moved
    try:
        if not lock.acquire():
            raise _active(run)
        bin_ = _bin(run.folder.parent)
        bin_.mkdir(exist_ok=True)
        deleted = Run(bin_ / run.id)
        if deleted.folder.exists():  # rename would replace an empty folder
            raise InputError("a run of this name is in the bin already", value=run.id, allowed="empty the bin first")
        run.folder.rename(deleted.folder)
        os.utime(deleted.folder)  # when it was deleted
    except OSError as error:
        raise InputError(f"the run cannot be moved to the bin: {error.strerror}", file=run.id) from error
    finally:
        lock.release()
    return deleted


def deleted_runs(root: str | Path) -> list[Run]:
    """Runs in the bin of ``root``, the last deleted first."""
    return sorted(list_runs(_bin(Path(root))), key=lambda run: (deleted_at(run), run.id), reverse=True)


def deleted_at(run: Run) -> datetime:
    """When a run of the bin was deleted."""
    try:
        return datetime.fromtimestamp(run.folder.stat().st_mtime, UTC)
    except OSError:  # taken out of the bin meanwhile
        return datetime.fromtimestamp(0, UTC)


def restore(root: str | Path, run_id: str) -> Run:
    """Take a run out of the bin of ``root``, as it was.

    Raises
    ------
    InputError
        There is no such run in the bin, one of that name is in ``root`` again, or the folder cannot be moved.
    """
    deleted = Run.open(_bin(Path(root)), run_id)
    restored = Run(Path(root).absolute() / deleted.id)
    if restored.folder.exists():
        raise InputError("there is a run of this name already", value=run_id)
    try:
        deleted.folder.rename(restored.folder)
    except OSError as error:
        raise InputError(f"the run cannot be taken out of the bin: {error.strerror}", file=run_id) from error
    return restored


def empty_bin(root: str | Path) -> int:
    """Delete for good what is in the bin of ``root``.

    Returns
    -------
    int
        How many runs there were.

    Raises
    ------
    InputError
        One of them cannot be deleted; says why. Those before it are gone.
    """
    bin_ = _bin(Path(root))
    runs = deleted_runs(root)
    try:
        for run in runs:
            shutil.rmtree(run.folder)
        if bin_.is_dir() and not any(bin_.iterdir()):
            bin_.rmdir()
    except OSError as error:
        raise InputError(f"the bin cannot be emptied: {error.strerror}", file=BIN) from error
    return len(runs)


def _bin(root: Path) -> Path:
    folder = root.absolute() / BIN
    if folder.is_symlink():  # what it holds is not ours to delete
        raise InputError("the bin is a link to somewhere else", file=BIN)
    return folder


def _active(run: Run) -> InputError:
    return InputError(
        "the run is being trained, or waits for its turn", value=run.id, allowed="stop it first, then delete it"
    )
