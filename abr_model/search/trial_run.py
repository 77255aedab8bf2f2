"""One trial: its run is made or found again, watched epoch by epoch, ended early where it is worse than others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.run import Run
from abr_model.search.again import RUN
from abr_model.search.figures import EpochFigures
from abr_model.search.folder import Search
from abr_model.search.space import applied

if TYPE_CHECKING:
    import optuna

POLL_S = 0.5
DIVERGED = "the loss is no longer a number"
"""How the message of a run begins that failed because its settings do, not the machine or the cohort."""


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    ``state``: ``"done"`` (with ``value``), ``"pruned"``, ``"failed"``, ``"again"`` (stopped: it can go on),
    ``"died"`` (its trainer was killed), ``"lost"`` (somebody else has taken it over).
    """

    state: str
    value: float | None = None
    reason: str = ""


def run_of(search: Search, trial: optuna.Trial, exclusive: bool) -> Run:
    """The run of a trial: that of the trial which it replaces, where this data folder has it; else a new one.

    Raises
    ------
    InputError
        The preset does not allow these values together, or the folder of runs cannot be written.
    """
    if known := trial.user_attrs.get(RUN):
        try:
            run = Run.open(search.runs_folder, known)
            if run.config.search == search.id:
                return run
        except InputError:
            pass  # it was trained on another machine, or was deleted
    config = search.config
    return Run.create(
        search.runs_folder,
        applied(config.preset, trial.params),
        config.cohort_path,
        filter=config.filter,
        label=f"trial {trial.number} of {config.label or search.id}",
        epochs=config.epochs,
        threads=config.threads,
        machine=config.machine,
        checkpoint_every=0,
        preview_every=0,
        recordings=config.recordings,
        search=search.id,
        exclusive=exclusive,
    )


def follow(
    search: Search,
    trial: optuna.Trial,
    run: Run,
    wants_stop: Callable[[], bool],
    alive: Callable[[], None],
    on_epoch: Callable[[int, float], None] = lambda epoch, value: None,
) -> Outcome:
    """Train ``run`` in a process of its own (or watch it, where it is trained already) until it has ended.

    Every epoch's figure is reported to ``trial``; where the pruner says so, the training is asked to end.

    Parameters
    ----------
    wants_stop
        Asked all the time; the training then finishes its batch and is kept.
    alive
        Called all the time, to say that this worker lives.
    on_epoch
        Given (epoch from 0, figure).

    Raises
    ------
    InputError
        The training cannot be started.
    """
    if not run.active and run.state != "finished":
        background.launch(run, queue=True)
    figures, offset, reported = EpochFigures(search.config.figure), 0, set()
    asked = pruned = False
    while True:
        active = run.active  # before the rows are read, so that none is missed
        rows, offset = run.metrics(offset)
        new = [(epoch, value) for epoch, value in figures.add(rows) if epoch not in reported]
        for epoch, value in new:
            reported.add(epoch)
            if not _report(trial, value, epoch):
                return Outcome("lost", reason="another worker has taken it over")
            on_epoch(epoch, value)
        if not active:
            break
        if new and not pruned and not asked and trial.should_prune():
            pruned = True
            run.request_stop(at_once=True)
        if not asked and wants_stop():
            asked = True
            run.request_stop(at_once=True)
        alive()
        time.sleep(POLL_S)
    return _outcome(run, figures, pruned, asked)


def _outcome(run: Run, figures: EpochFigures, pruned: bool, asked: bool) -> Outcome:
    state, message = run.state, run.message
    if state == "finished":
        if figures.best is None:
            return Outcome("failed", reason=f"no epoch has a value of {figures.figure}")
        return Outcome("done", value=figures.best[1])
    if state == "failed":
        diverged = message.startswith(DIVERGED)
        return Outcome("pruned" if diverged else "failed", reason=message)
    if state == "crashed":
        return Outcome("died", reason=message)
    if pruned:
        return Outcome("pruned", reason=f"worse than others after {len(figures)} epochs")
    if asked:
        return Outcome("again", reason="the search was stopped")
    return Outcome("pruned" if len(figures) else "failed", reason="its run was stopped by a person")


def _report(trial: optuna.Trial, value: float, epoch: int) -> bool:
    from optuna.exceptions import UpdateFinishedTrialError

    try:
        trial.report(value, epoch)
    except UpdateFinishedTrialError:
        return False
    return True
