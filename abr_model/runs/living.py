"""A folder that a process works in: whatever lives in the background is looked at and spoken to the same way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs.state import is_active, state_of
from abr_model.runs.status import read_status, write_status


@dataclass(frozen=True)
class LivingFolder:
    """``status.json`` (what the process says of itself), ``lock`` (held while it lives) and ``launch.json`` (who was
    started). Nothing is remembered: every answer is read anew."""

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def id(self) -> str:
        """Generated name of the folder."""
        return self.folder.name

    @property
    def lock_file(self) -> Path:
        """Held by the living process."""
        return self.folder / "lock"

    @property
    def state(self) -> str:
        """One of :data:`abr_model.runs.state.STATES`; true also after ``kill -9``, because the lock of the dead is
        free."""
        return state_of(self.folder)

    @property
    def active(self) -> bool:
        """Whether the process is at work, waits for its turn, or was started and has not said its first word yet."""
        return is_active(self.folder)

    @property
    def status(self) -> dict:
        """``status.json``: the state as recorded, and how far it is. Empty when there is none."""
        return read_status(self.folder)

    def write_status(self, **changes) -> None:
        """Replace values of ``status.json``, atomically. For the process and whoever starts it."""
        write_status(self.folder, **changes)

    @property
    def stop_requested(self) -> bool:
        """Whether someone has asked the process to stop: the file ``STOP`` is there."""
        return (self.folder / "STOP").exists()

    def clear_stop(self) -> None:
        """Forget the request, before going on."""
        (self.folder / "STOP").unlink(missing_ok=True)


def ask_to_stop(living: LivingFolder, what: str) -> None:
    """Ask the process of a folder to end; ``what`` it is stands in the message: ``"batch"``.

    Raises
    ------
    InputError
        The request cannot be written.
    """
    try:
        (living.folder / "STOP").touch()
    except OSError as error:
        raise InputError(f"the {what} cannot be asked to stop: {error.strerror}", file=living.id) from error


def delete_ended(living: LivingFolder, what: str) -> None:
    """Delete a folder, with all that is in it, that no process works in.

    Raises
    ------
    InputError
        One does, or it cannot be deleted.
    """
    if living.active:
        raise InputError(f"the {what} is at work", value=living.id, allowed="stop it first")
    try:
        shutil.rmtree(living.folder)
    except OSError as error:
        raise InputError(f"the {what} cannot be deleted: {error.strerror}", file=living.id) from error
