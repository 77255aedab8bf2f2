"""In which state a run is: what its trainer recorded, believed only as far as the lock of a living process bears it."""

from __future__ import annotations

from pathlib import Path

from abr_model.runs.lock import is_held
from abr_model.runs.reading import launched_process_died
from abr_model.runs.status import read_status

STATES = ("pending", "running", "finished", "stopped", "failed", "crashed")
"""``stopped``: by a person, can be resumed. ``failed``: the trainer said why. ``crashed``: it died without a word."""
ENDED = ("finished", "stopped", "failed")
WAITING = "waiting"
"""As recorded by a process that waits for its turn; the state of such a run is ``pending``."""


def state_of(folder: Path) -> str:
    """One of :data:`STATES`; true also after ``kill -9``, because the lock of a dead trainer is free."""
    recorded = _recorded(folder)
    if is_held(folder / "lock"):
        if recorded in ENDED:
            return recorded
        return "pending" if recorded in ("pending", WAITING) else "running"
    if recorded in ("running", WAITING):
        # The trainer may have ended well between the two looks.
        recorded = _recorded(folder)
        return "crashed" if recorded in ("running", WAITING) else recorded
    if recorded == "pending" and launched_process_died(folder):
        return "crashed"
    return recorded if recorded in STATES else "crashed"


def is_active(folder: Path) -> bool:
    """Whether a trainer is at work, waits for its turn, or was started and has not said its first word yet."""
    state = state_of(folder)
    if state != "pending":
        return state == "running"
    return (folder / "launch.json").exists() or is_held(folder / "lock")


def message_of(folder: Path) -> str:
    """What to say about the state, a sentence for a person."""
    status = read_status(folder)
    if state_of(folder) != "crashed":
        return status.get("message", "")
    if status.get("state") == WAITING:
        return "the process that waited for its turn died without a word; see train.log"
    done = status.get("epochs_done", 0)
    return f"the trainer died without a word after {done} whole epochs; see train.log"


def _recorded(folder: Path) -> str:
    return read_status(folder).get("state", "pending")
