"""A trial that did not come to its end is put into the queue again, with the same values and with its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

RUN, WORKER, HOST, REASON = "run", "worker", "host", "reason"
"""What a trial is given along: its run folder, who trains it and where, and why it ended as it did."""
REPLACES, DEATHS = "replaces", "deaths"
BEYOND = "beyond"
"""Of a trial that was one too many, because two workers asked at the same time."""
IMPOSSIBLE = "impossible"
"""Of a trial whose values the preset does not allow together; nothing was trained."""

MOST_DEATHS = 2
"""A trial whose trainer died so often is given up: it may be what kills it (memory)."""


def enqueue_again(study: Study, trial: FrozenTrial, died: bool = False) -> bool:
    """Queue the values of ``trial`` again; whoever takes them goes on with its run. Does nothing the second time.

    ``died``: its trainer was killed. (That a worker dies says nothing about a trial: it does not train itself.)

    Returns
    -------
    bool
        False where it was given up: its trainer died :data:`MOST_DEATHS` times.
    """
    import optuna

    known = trial.user_attrs
    deaths = known.get(DEATHS, 0) + died
    if deaths >= MOST_DEATHS:
        return False
    if trial.number in superseded(study.get_trials(deepcopy=False)):
        return True
    attributes = {REPLACES: [*known.get(REPLACES, []), trial.number], DEATHS: deaths}
    if RUN in known:
        attributes[RUN] = known[RUN]
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=attributes,
        )
    )
    return True


def superseded(trials: list[FrozenTrial]) -> set[int]:
    """Numbers of the trials whose values another trial trains again."""
    return {number for trial in trials for number in trial.user_attrs.get(REPLACES, [])}


def counted(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that count: without those that another replaces, that were one too many, or that cannot be."""
    gone = superseded(trials)
    return [t for t in trials if t.number not in gone and not {BEYOND, IMPOSSIBLE} & t.user_attrs.keys()]
