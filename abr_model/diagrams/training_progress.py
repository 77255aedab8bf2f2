"""How far a training is, as a value: from a run folder while it lives, or from what a trained model says of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.diagrams.graph import State
    from abr_model.diagrams.subject import Subject
    from abr_model.model import TrainedModel
    from abr_model.runs.history import History
    from abr_model.runs.run import Run

PREPARING, TRAINING, FITTING, MEASURING, SAVED = range(1, 6)
"""Stages of a training, in their order."""
_STAGES = {
    "preparing the recordings": PREPARING,
    "training": TRAINING,
    "fitting the sampler": FITTING,
    "measuring on held-out recordings": MEASURING,
}
STATE_WORDS = {
    "not trained": "not trained: these are the settings of a preset",
    "not started": "not started",
    "waiting": "waits for its turn",
    "pending": "starting",
    "running": "training",
    "finished": "finished",
    "stopped": "stopped by a person",
    "failed": "failed",
    "crashed": "broken off",
}
_BROKEN = ("failed", "crashed")


@dataclass(frozen=True)
class Progress:
    """What is known of a training.

    Parameters
    ----------
    state
        A key of :data:`STATE_WORDS`.
    stage
        Where it is, or was when it ended: 0 (nothing done) to :data:`SAVED`.
    message
        What the trainer says, or why it ended.
    name
        Id of the run; empty where there is none.
    cohort, cohort_recordings
        What a person calls it, and how many recordings it has; empty or None where that is not known.
    recordings, patients
        Of the parts ``"train"``, ``"validation"``, ``"test"``.
    epochs_done, epochs, step, steps_per_epoch
        How far it is; None where that is not known.
    row
        The newest row of the metrics (means of an epoch, or a step): ``train_loss``, ``beta``, …
    validated
        The newest row of an epoch.
    best_epoch, best_loss
        The best epoch so far, from 1, and its validation loss with the last β.
    figures, model_id, updated
        Measured on the test part; id of the model; when something was last written (UTC).
    """

    state: str
    stage: int = 0
    message: str = ""
    name: str = ""
    cohort: str = ""
    cohort_recordings: int | None = None
    recordings: dict[str, int] = field(default_factory=dict)
    patients: dict[str, int] = field(default_factory=dict)
    epochs_done: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps_per_epoch: int | None = None
    row: dict = field(default_factory=dict)
    validated: dict = field(default_factory=dict)
    best_epoch: int | None = None
    best_loss: float | None = None
    figures: dict[str, float | None] = field(default_factory=dict)
    model_id: str = ""
    updated: str = ""

    @property
    def words(self) -> str:
        """The state: ``"training, epoch 12 of 20"``."""
        words = STATE_WORDS[self.state]
        if self.epochs_done is None or self.state in ("not trained", "not started", "waiting", "pending"):
            return words
        if self.state == "running" and self.stage == TRAINING:
            return f"{words}, epoch {min(self.epochs_done + 1, self.epochs or 1):,} of {self.epochs:,}"
        if self.state == "running":
            return next((name for name, stage in _STAGES.items() if stage == self.stage), "starting")
        return f"{words} after {self.epochs_done:,} of {self.epochs:,} epochs"

    @property
    def is_of_a_training(self) -> bool:
        """Whether there is, or was, a training; False for the settings of a preset."""
        return self.state != "not trained"

    def state_of(self, stage: int) -> State | None:
        """How far a part of the training is; None where there is no training to speak of."""
        if not self.is_of_a_training:
            return None
        if stage < self.stage or (stage == self.stage == SAVED):
            return "done"
        if stage == self.stage and self.state == "running":
            return "active"
        return "failed" if stage == self.stage and self.state in _BROKEN else "waiting"

    @staticmethod
    def of(subject: Subject) -> Progress:
        """From the run folder where there is one, else from the model, else nothing but the state."""
        if subject.run is not None:
            return Progress.of_run(subject.run)
        return Progress("not trained") if subject.model is None else Progress.of_model(subject.model)

    @staticmethod
    def of_model(model: TrainedModel) -> Progress:
        """What a model says of its training; its run folder need not be there."""
        made = model.provenance
        return Progress(
            state="finished",
            stage=SAVED,
            message=made.ended,
            name=made.run,
            cohort=made.cohort,
            recordings=made.recordings,
            patients=made.patients,
            epochs_done=made.epochs,
            epochs=model.preset.training.epochs,
            best_epoch=None if made.best_epoch is None else made.best_epoch + 1,
            figures=made.figures,
            model_id=model.model_id,
            updated=made.trained_at,
        )

    @staticmethod
    def of_run(run: Run, history: History | None = None) -> Progress:
        """What a run folder says now; any part of it may be missing or still be written.

        Parameters
        ----------
        history
            Of the run; whoever looks often keeps one, so that only what was appended is read.
        """
        from abr_model.runs.history import History

        status, state = run.status, run.state
        if state == "pending" and not run.active:
            state = "not started"
        elif run.queued:
            state = "waiting"
        history = history or History(run.folder)
        history.update()
        epoch, step, best = history.last("epoch"), history.last("step"), history.best
        newest = max((row for row in (epoch, step) if row), key=lambda row: row.get("step") or 0, default={})
        cohort, in_all, epochs = _asked(run)
        return Progress(
            state=state,
            stage=_stage(run, status, state),
            message=run.message,
            name=run.id,
            cohort=cohort or status.get("cohort") or "",
            cohort_recordings=in_all,
            recordings=status.get("recordings") or {},
            patients=status.get("patients") or {},
            epochs_done=max(history.epochs_done, status.get("epochs_done") or 0),
            epochs=status.get("epochs") or epochs,
            step=newest.get("step") or status.get("step"),
            steps_per_epoch=history.steps_per_epoch,
            row=_numbers(newest),
            validated=_numbers(epoch or {}),
            best_epoch=best and best.epoch,
            best_loss=best and best.loss,
            figures=status.get("figures") or {},
            model_id=status.get("model_id") or "",
            updated=(status.get("updated") or "").replace("T", " ")[:19],
        )


def _stage(run: Run, status: dict, state: str) -> int:
    if state in ("not started", "waiting"):
        return 0
    if state == "finished" or (run.has_model and state == "stopped"):
        return SAVED if run.has_model else FITTING
    if (stage := _STAGES.get(status.get("stage") or "")) is not None:
        return stage
    return TRAINING if status.get("recordings") else PREPARING


def _asked(run: Run) -> tuple[str, int | None, int | None]:
    """Name and size of the cohort, epochs asked for; None where the cohort is gone or is another one by now."""
    from abr_model.cohort import read_metadata

    try:
        config = run.config
    except InputError:
        return "", None, None
    try:
        metadata = read_metadata(config.cohort_path, config.cohort)
        in_all = metadata["recordings"] if metadata.get("digest") == config.cohort_digest else None
    except (InputError, OSError):
        in_all = None
    return config.cohort, in_all, config.preset.training.epochs


def _numbers(row: dict) -> dict:
    return {n: v for n, v in row.items() if isinstance(v, int | float) and math.isfinite(v)}
