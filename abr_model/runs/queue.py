"""Runs that wait until the training before them has ended: first come, first served, over all folders of runs.

The truth stands in the run folders: a run waits while its process lives and its status says since when (``queued``).
A ticket beside the lock of the machine says only where that folder is; one that was left behind by a process that died
is ignored.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from abr_model.runs.notes import read_notes
from abr_model.runs.run import Run
from abr_model.runs.training_lock import holder, locks_folder, made_locks_folder


def waiting(root: str | Path | None = None) -> list[Run]:
    """Runs that wait for their turn on this machine, the next one first.

    Parameters
    ----------
    root
        Only those of this folder of runs; None: all.
    """
    found = []
    for ticket in _tickets():
        run = _run_of(ticket)
        if run is not None and (root is None or run.folder.parent == Path(root).absolute()) and run.queued:
            found.append((run.status.get("queued") or "", run.id, run))
    return [run for *_, run in sorted(found, key=lambda waiter: waiter[:2])]


def place_in_queue(run: Run) -> int | None:
    """1 for the next that may train on this machine; None when ``run`` does not wait."""
    runs = waiting()
    return runs.index(run) + 1 if run in runs else None


def now() -> str:
    """When a run came into the queue, as its status says it; texts sort as the times do."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def take_ticket(run: Run) -> None:
    """Say that ``run`` waits; harmless when said already. :class:`OSError` where that is not possible."""
    tickets = made_locks_folder() / "queue"
    tickets.mkdir(exist_ok=True)
    for old in _tickets():
        of = _run_of(old)
        if of is None or of.state != "pending":
            old.unlink(missing_ok=True)
    _ticket(run).write_text(str(run.folder), encoding="utf-8")


def give_ticket_back(run: Run) -> None:
    """Harmless when there is none."""
    with suppress(OSError):
        _ticket(run).unlink(missing_ok=True)


def has_ticket(run: Run) -> bool:
    """Whether others can see that ``run`` waits."""
    return _ticket(run).is_file()


def words(place: int) -> str:
    """What is waited for at this place: ``waits for the end of “first try”; 1st in the queue``."""
    before = holder()
    name = "another training" if before is None else f"“{read_notes(before).label or before.id}”"
    return f"waits for the end of {name}; {ordinal(place)} in the queue"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _tickets() -> list[Path]:
    try:
        return list((locks_folder() / "queue").iterdir())
    except OSError:
        return []


def _ticket(run: Run) -> Path:
    # Two folders of runs may hold runs of the same name.
    where = hashlib.sha256(str(run.folder).encode()).hexdigest()[:8]
    return locks_folder() / "queue" / f"{run.id}-{where}"


def _run_of(ticket: Path) -> Run | None:
    try:
        folder = Path(ticket.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Run(folder) if (folder / "config.yaml").is_file() else None
