"""The state of a run in words, and how much of it is done."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.queue import ordinal, place_in_queue
from abr_model.runs.run import Run

STATE_BADGES = {
    "not started": ("gray", "not started"),
    "waiting": ("orange", "waits"),
    "pending": ("gray", "starting"),
    "running": ("primary", "training"),
    "finished": ("green", "finished"),
    "stopped": ("gray", "stopped"),
    "failed": ("red", "failed"),
    "crashed": ("red", "broken off"),
}
"""Colour and word for each state of a run, as :func:`shown_state` gives it."""
ACTIVE = ("pending", "running", "waiting")
"""Of the shown states those of a process that lives."""
TRAINS = ("pending", "running")
"""Of the shown states those of a trainer at work, or about to be."""


def shown_state(run: Run) -> str:
    """The state of ``run``, telling one that waits or is starting (pending) from one that nobody has started."""
    state = run.state
    if state != "pending":
        return state
    if run.queued:
        return "waiting"
    return "pending" if run.active else "not started"


def state_badge(state: str) -> str:
    """The state as a badge for markdown."""
    colour, word = STATE_BADGES[state]
    return f":{colour}-badge[{word}]"


def place_text(run: Run) -> str:
    """``"1st in the queue"``; empty for a run that does not wait."""
    place = place_in_queue(run)
    return "" if place is None else f"{ordinal(place)} in the queue"


def tell(problem: InputError) -> None:
    """Show ``problem`` at the top of the page when it is drawn next."""
    st.session_state["training_problem"] = problem


def fraction_done(status: dict) -> float:
    """How much of the training is done, from 0 to 1: by steps where they are known, else by whole epochs."""
    epochs, done = status.get("epochs") or 1, status.get("epochs_done") or 0
    step, per_epoch = status.get("step") or 0, status.get("steps_per_epoch")
    return min(1.0, step / (per_epoch * epochs) if per_epoch else done / epochs)


def epochs_text(status: dict) -> str:
    """``"12 of 80 epochs"``."""
    epochs, done = status.get("epochs") or 0, status.get("epochs_done") or 0
    return f"{done:,} of {epochs:,} epoch{'' if epochs == 1 else 's'}"


def started_text(status: dict) -> str:
    """``"started 14:32"`` in the time of this machine; empty before the start."""
    try:
        started = datetime.fromisoformat(status["started"])
    except (KeyError, TypeError, ValueError):
        return ""
    return f"started {when_text(started)}"


def when_text(moment: datetime) -> str:
    """``"14:32"`` of today, ``"22 Nov, 14:32"`` of this year, else with the year; in the time of this machine."""
    moment, today = moment.astimezone(), datetime.now(UTC).astimezone().date()
    if moment.date() == today:
        return f"{moment:%H:%M}"
    day = f"{moment.day} {moment:%b}" if moment.year == today.year else f"{moment.day} {moment:%b %Y}"
    return f"{day}, {moment:%H:%M}"


def seconds_left(status: dict, state: str) -> float | None:
    """The trainer's own estimate, else from the pace so far; None when nothing is known."""
    if state != "running":
        return None
    left, fraction = status.get("seconds_left"), fraction_done(status)
    if left is None and 0.01 < fraction < 1 and status.get("started"):
        started = datetime.fromisoformat(status["started"]).astimezone(UTC)
        left = (datetime.now(UTC) - started).total_seconds() * (1 - fraction) / fraction
    return left


def duration_text(seconds: float) -> str:
    """A duration in the unit that fits: seconds, minutes, hours."""
    if seconds < 90:
        return f"{math.ceil(seconds / 5) * 5:d} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
