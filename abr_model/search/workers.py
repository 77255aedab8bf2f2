"""A worker of a search: a process that takes one trial after the other. Its folder says whether it lives."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from abr_model.runs.living import LivingFolder
from abr_model.runs.reading import tail

LOG = "worker.log"


@dataclass(frozen=True)
class Worker(LivingFolder):
    """Folder of a worker. Its status also says ``host``, ``trial`` (its number) and ``run`` (its id) that it is at."""

    @classmethod
    def new(cls, search_folder: Path) -> Worker:
        """A worker that has not started yet."""
        worker = cls(search_folder / "workers" / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
        worker.folder.mkdir(parents=True)
        worker.write_status(state="pending", message="starting", host=host(), trial=None, run=None)
        return worker

    @property
    def message(self) -> str:
        """A sentence for a person."""
        if self.state == "crashed":
            return "the worker died without a word; what it was training is taken up by the next one"
        return self.status.get("message", "")

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        return tail(self.folder / LOG, lines)


def workers_of(search_folder: Path) -> list[Worker]:
    """Newest first."""
    return [Worker(path) for path in sorted((search_folder / "workers").glob("*"), reverse=True) if path.is_dir()]


def host() -> str:
    """Name of this machine, to tell whose lock it is."""
    return socket.gethostname()
