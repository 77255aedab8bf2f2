"""A worker of a search: a process that takes one trial after the other. Its folder says whether it lives."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from abr_model.runs.reading import tail
from abr_model.runs.state import is_active, state_of
from abr_model.runs.status import read_status, write_status

LOG = "worker.log"


@dataclass(frozen=True)
class Worker:
    """Folder of a worker: ``lock`` (held while it lives), ``launch.json``, ``status.json``, ``worker.log``."""

    folder: Path

    @classmethod
    def new(cls, search_folder: Path) -> Worker:
        """A worker that has not started yet."""
        worker = cls(search_folder / "workers" / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
        worker.folder.mkdir(parents=True)
        worker.write_status(state="pending", message="starting", host=host(), trial=None, run=None)
        return worker

    @property
    def id(self) -> str:
        """Generated name."""
        return self.folder.name

    @property
    def lock_file(self) -> Path:
        """Held by the living process."""
        return self.folder / "lock"

    @property
    def state(self) -> str:
        """As the state of a run: pending, running, finished, stopped, failed, crashed; true after ``kill -9``."""
        return state_of(self.folder)

    @property
    def active(self) -> bool:
        """Whether it lives, or was just started."""
        return is_active(self.folder)

    @property
    def status(self) -> dict:
        """``state``, ``message``, ``host``, ``trial`` (its number) and ``run`` (its id) that it is at."""
        return read_status(self.folder)

    @property
    def message(self) -> str:
        """A sentence for a person."""
        if self.state == "crashed":
            return "the worker died without a word; what it was training is taken up by the next one"
        return self.status.get("message", "")

    def write_status(self, **changes) -> None:
        """Replace values of ``status.json``, atomically."""
        write_status(self.folder, **changes)

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        return tail(self.folder / LOG, lines)


def workers_of(search_folder: Path) -> list[Worker]:
    """Newest first."""
    return [Worker(path) for path in sorted((search_folder / "workers").glob("*"), reverse=True) if path.is_dir()]


def host() -> str:
    """Name of this machine, to tell whose lock it is."""
    return socket.gethostname()
