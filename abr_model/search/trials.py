"""The trials of a search as a person looks at them, and how far the search is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.run import Run
from abr_model.search.again import REASON, RUN, counted
from abr_model.search.folder import Search
from abr_model.search.space import Value, applied

if TYPE_CHECKING:
    import optuna

STATES = {
    "RUNNING": "training",
    "WAITING": "waiting",
    "COMPLETE": "done",
    "PRUNED": "ended early",
    "FAIL": "failed",
}
"""Optuna's state of a trial, and ours. ``waiting``: it was begun, and goes on when a worker takes it."""


@dataclass(frozen=True)
class TrialRow:
    """One trial: ``value`` in the unit of the search's figure, ``course`` its figure by epoch from 0."""

    number: int
    state: str
    value: float | None
    settings: dict[str, Value]
    run: str | None
    reason: str
    started: datetime | None
    seconds: float | None
    course: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far a search is. ``state``: pending, running, finished, stopped, failed or crashed, as those of a run."""

    state: str
    message: str
    budget: int
    counts: Counter
    workers: int
    best: TrialRow | None

    @property
    def ended(self) -> int:
        """Trials that have come to their end, one way or the other."""
        return self.counts["done"] + self.counts["ended early"] + self.counts["failed"]


def trial_rows(trials: list[optuna.trial.FrozenTrial]) -> list[TrialRow]:
    """Every trial that counts, in the order in which they were begun."""
    return [
        TrialRow(
            number=trial.number,
            state=STATES[trial.state.name],
            value=trial.value if trial.state.name == "COMPLETE" else None,
            settings=trial.params,
            run=trial.user_attrs.get(RUN),
            reason=trial.user_attrs.get(REASON, ""),
            started=trial.datetime_start,
            seconds=None if trial.duration is None else trial.duration.total_seconds(),
            course=dict(sorted(trial.intermediate_values.items())),
        )
        for trial in counted(trials)
    ]


def progress(search: Search, rows: list[TrialRow]) -> Progress:
    """How far ``search`` is, from its trials and from the locks of its workers."""
    counts = Counter(row.state for row in rows)
    done = [row for row in rows if row.value is not None]
    best = min(done, key=lambda row: row.value) if done else None
    workers = search.workers
    active = [worker for worker in workers if worker.active]
    budget = search.config.trials
    ended = counts["done"] + counts["ended early"] + counts["failed"]
    if active:
        state, message = "running", ""
    elif ended >= budget:
        state, message = "finished", "all trials are done"
    elif not workers and counts["training"]:
        state, message = "running", "trained by workers of another data folder"
    elif not workers:
        state, message = "pending", "no worker has been started"
    else:
        state, message = workers[0].state, workers[0].message
        if state == "finished":  # others have the last trials, on other machines or killed
            state, message = "stopped", "a trial that was begun has not ended: start a worker to go on"
    return Progress(state, message, budget, counts, len(active), best)


def best_preset(search: Search, rows: list[TrialRow]) -> tuple[TrialRow, Preset]:
    """The best trial so far, and the preset with its values and the epochs of the preset: to train it whole.

    Raises
    ------
    InputError
        No trial is done yet.
    """
    best = progress(search, rows).best
    if best is None:
        raise InputError("no trial of the search is done yet", value=search.id)
    return best, applied(search.config.preset, best.settings)


def whole_training(search: Search, rows: list[TrialRow], *, exclusive: bool = True) -> Run:
    """A prepared run that trains the best trial again: on all recordings, for all epochs of the preset, with a model.

    Raises
    ------
    InputError
        No trial is done yet, or the cohort is gone.
    """
    config = search.config
    best, preset = best_preset(search, rows)
    return Run.create(
        search.runs_folder,
        preset,
        config.cohort_path,
        filter=config.filter,
        label=f"best of {config.label or search.id} (trial {best.number})",
        threads=config.threads,
        machine=config.machine,
        exclusive=exclusive,
    )
