"""The lock of a training that wants the machine for itself: one a user and machine, whatever the folder of runs."""

from __future__ import annotations

import getpass
import os
import stat
import tempfile
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs.lock import Lock, is_held
from abr_model.runs.run import Run


def locks_folder() -> Path:
    """``ABR_LOCKS`` where it is set; else a folder of this user in the temporary folder. It need not exist yet."""
    if chosen := os.environ.get("ABR_LOCKS"):
        return Path(chosen).expanduser().absolute()
    user = os.getuid() if os.name == "posix" else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"abr-{user}"


def made_locks_folder() -> Path:
    """:func:`locks_folder`, made where it is missing.

    Raises
    ------
    InputError
        It cannot be made, or somebody else has made it: who can write there could keep us from training.
    """
    folder = locks_folder()
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise InputError(f"the folder of locks cannot be made: {error.strerror}", file=folder.name) from error
    ours = stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.getuid())
    if not ours and not os.environ.get("ABR_LOCKS"):
        raise InputError(
            "the folder of locks belongs to another user", file=folder.name, allowed="another folder in ABR_LOCKS"
        )
    return folder


def training_lock() -> Lock:
    """The lock itself, not yet acquired; :class:`InputError` as :func:`made_locks_folder`."""
    return Lock(made_locks_folder() / "training")


def is_training() -> bool:
    """Whether a training has the machine for itself."""
    return is_held(locks_folder() / "training")


def holder() -> Run | None:
    """The run that holds it, in whatever folder of runs; None when nobody does, or it does not say."""
    path = locks_folder() / "training"
    try:
        folder = Path(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None
    return Run(folder) if is_held(path) and (folder / "config.yaml").is_file() else None
