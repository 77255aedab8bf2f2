"""What a person who watches a training should know now, each in a sentence."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from abr_model.runs.history import SELECTION_LOSS, History
from abr_model.runs.run import Run

Kind = Literal["not a number", "disk nearly full", "stalled", "posterior collapse", "overfitting", "plateau"]

PLATEAU_EPOCHS = 8
"""So many epochs without a better validation loss are a plateau."""
PLATEAU_GAIN = 1e-4
"""Better means: by more than this share of all that the validation loss has gained so far."""
OVERFITTING_EPOCHS = 5
OVERFITTING_LOSS = 0.02
"""A validation loss this share of its whole gain above its best, while the training loss still falls."""
COLLAPSED_SHARE = 0.1
"""With a smaller share of its latent units in use than this, a network is said to have collapsed."""
COLLAPSED_EPOCHS = 2
"""In so many epochs running: in its first epoch many a network that will do well has not found its latent units yet."""
QUIET_STAGES = (
    "fitting the sampler",
    "learning how recordings of one ear go together",
    "measuring on held-out recordings",
)
"""Stages in which nothing is logged."""
SILENCE_S, FIRST_SILENCE_S = 60.0, 300.0
"""Silence that is no reason to worry; longer before the first step, while recordings are read and prepared."""
SILENCE_INTERVALS = 5
"""Nor is so many times the longest interval between two rows."""
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000
"""Bytes free on the disk: nearly full, and as good as full."""
CHECKPOINTS_AHEAD = 3
"""Room for so many checkpoints is needed: last and best are each written anew before the old one is deleted."""


@dataclass(frozen=True)
class Alert:
    """Something to know about a run."""

    kind: Kind
    severity: Literal["warning", "error"]
    sentence: str
    epoch: int | None = None
    """Since which epoch, counted from 1, where it began in one."""


def alerts(run: Run, history: History, now: datetime | None = None, free_bytes: int | None = None) -> list[Alert]:
    """What to know about ``run``, errors first; empty when all is well.

    Of a run that has ended only what says something about its result is told.

    Parameters
    ----------
    run, history
        The history as it was at its last update.
    now
        Aware; the present time when left out.
    free_bytes
        Free space on the disk of the run; asked for when left out.
    """
    state, status = run.state, run.status
    found = [_not_a_number(run, state, status, history), _collapse(history), _overfitting(history)]
    if state == "running":
        found += [_stalled(status, history, now or datetime.now(UTC)), _plateau(history)]
    if state in ("pending", "running"):
        found.append(_disk(run, free_bytes))
    return sorted((alert for alert in found if alert), key=lambda alert: alert.severity != "error")


def collapse(active_units: float, latent_units: int) -> str | None:
    """What to say when (nearly) no latent unit says anything about a recording; None when enough do."""
    if active_units >= max(1.0, COLLAPSED_SHARE * latent_units):
        return None
    return (
        f"{active_units:.0f} of {latent_units} latent units are in use (posterior collapse): "
        "the recordings are hardly told apart; try a smaller β or a later rise of it"
    )


def _collapse(history: History) -> Alert | None:
    _, active = history.series("active_units", "epoch")
    epochs, latent = history.vectors("kl_per_latent")
    if not len(active) or not latent.shape[1]:
        return None
    enough = [collapse(units, latent.shape[1]) is None for units in active]
    if any(enough[-COLLAPSED_EPOCHS:]) or len(enough) < COLLAPSED_EPOCHS:
        return None
    since = len(enough) - 1
    while since and not enough[since - 1]:
        since -= 1
    return Alert("posterior collapse", "warning", f"{collapse(active[-1], latent.shape[1])}.", round(epochs[since]))


def _not_a_number(run: Run, state: str, status: dict, history: History) -> Alert | None:
    mend = "Try a lower learning rate, or look for extreme recordings."
    if state == "failed" and "no longer a number" in run.message:
        epoch = (status.get("epoch") or 0) + 1
        return Alert("not a number", "error", f"The loss became not a number in epoch {epoch}. {mend}", epoch)
    for kind in ("epoch", "step"):
        row = history.last(kind) or {}
        terms = [name for name in row if name.startswith("train_")]
        if kind == "epoch":
            terms += [name for term in terms if (name := "validation_" + term.removeprefix("train_")) in row]
            terms += [SELECTION_LOSS] if SELECTION_LOSS in row else []
        if bad := [name for name in terms if row[name] is None]:
            epoch = row["epoch"] + 1
            part = "validation" if all(name.startswith("validation_") for name in bad) else "training"
            return Alert("not a number", "error", f"The {part} loss is not a number in epoch {epoch}. {mend}", epoch)
    return None


def _at_last_beta(history: History) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epochs [E] (from 1), validation and training loss, of the epochs in which β had its last value.

    Before that the loss with the last β may rise while everything goes well, and the training loss has another β.
    """
    epochs, selection = history.series(SELECTION_LOSS, "epoch")
    _, validation = history.series("validation_loss", "epoch")
    _, train = history.series("train_loss", "epoch")
    if not len(epochs) == len(validation) == len(train):
        return np.empty(0), np.empty(0), np.empty(0)
    use = np.isclose(selection, validation, rtol=1e-9, atol=0) & np.isfinite(train)
    return epochs[use], selection[use], train[use]


def _plateau(history: History) -> Alert | None:
    epochs, validation, _ = _at_last_beta(history)
    if len(epochs) <= PLATEAU_EPOCHS:
        return None
    before, best = validation[:-PLATEAU_EPOCHS].min(), validation.min()
    if before - best > PLATEAU_GAIN * (validation[0] - best):
        return None
    epoch = round(epochs[validation[:-PLATEAU_EPOCHS].argmin()])
    return Alert(
        "plateau",
        "warning",
        f"The validation loss has hardly become better since epoch {epoch}. "
        "You can stop: the model is made of the best epoch.",
        epoch,
    )


def _overfitting(history: History) -> Alert | None:
    epochs, validation, train = _at_last_beta(history)
    best = int(validation.argmin()) if len(epochs) else 0
    if len(epochs) - 1 - best < OVERFITTING_EPOCHS:
        return None
    gained = validation[0] - validation[best]
    worse = np.median(validation[-3:]) - validation[best]
    if worse <= OVERFITTING_LOSS * gained or np.median(train[-3:]) >= train[best]:
        return None
    epoch = round(epochs[best])
    return Alert(
        "overfitting",
        "warning",
        f"Since epoch {epoch} the validation loss has risen from {validation[best]:.4g} to {validation[-1]:.4g} while "
        f"the training loss still fell from {train[best]:.4g} to {train[-1]:.4g}: the network learns its training "
        "recordings by heart. The model is made of the best epoch.",
        epoch,
    )


def _stalled(status: dict, history: History, now: datetime) -> Alert | None:
    if status.get("stage") in QUIET_STAGES:
        return None
    signs = [datetime.fromtimestamp(history.written, UTC)] if history.written else []
    with suppress(KeyError, TypeError, ValueError):
        signs.append(datetime.fromisoformat(status["updated"]).astimezone(UTC))
    if not signs:
        return None
    silence = (now - max(signs)).total_seconds()
    usual = _usual_silence(history)
    if silence <= (usual if status.get("stage") == "training" else max(usual, FIRST_SILENCE_S)):
        return None
    return Alert(
        "stalled",
        "warning",
        f"The training is alive but has written nothing for {_duration(silence)}. It may hang, or the machine is very "
        "busy: look at the log. If it does not go on, end it at once and resume.",
    )


def _usual_silence(history: History) -> float:
    """Seconds without a sign of life that say nothing."""
    rows = [history.series("beta", kind, "minutes")[0] for kind in ("step", "epoch")]
    minutes = np.sort(np.concatenate(rows))[-200:]
    if len(minutes) < 2:
        return FIRST_SILENCE_S
    return max(SILENCE_S, SILENCE_INTERVALS * 60 * float(np.diff(minutes).max()))


def _disk(run: Run, free_bytes: int | None) -> Alert | None:
    try:
        free = shutil.disk_usage(run.folder).free if free_bytes is None else free_bytes
        checkpoint = run.last_checkpoint.stat().st_size if run.last_checkpoint.is_file() else 0
    except OSError:
        return None
    needed = max(NO_SPACE, CHECKPOINTS_AHEAD * checkpoint)
    if free >= max(LITTLE_SPACE, 3 * needed):
        return None
    return Alert(
        "disk nearly full",
        "error" if free < needed else "warning",
        f"Only {free / 1e6:,.0f} MB are free on the disk of the runs. When it is full the training fails; it can go on "
        "from its last checkpoint. Delete runs that are not needed and empty the bin.",
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
