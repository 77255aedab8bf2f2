"""What a training leaves in its run folder while it lives: metrics and status; and how it is stopped."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, EarlyStopping

from abr_model.runs.alerts import collapse
from abr_model.runs.run import Run
from abr_model.training.module import SELECTION_LOSS, TrainingModule

log = logging.getLogger("abr_model.training")

STATUS_PAUSE_S = 1.0
STOP_PAUSE_S = 0.2


class StopTraining(Exception):
    """A person asked to stop; everything needed to go on is saved."""


class StopTogether(Callback):
    """Ends training after the batch in which the first process was asked to stop, in all processes alike.

    On its own it is what the other processes need: they ask nobody and write nothing.

    Parameters
    ----------
    run
        Whose checkpoint is saved.
    """

    def __init__(self, run: Run):
        self.run = run
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether training ends because a person asked for it."""
        return self._stopping

    def on_train_batch_end(self, trainer: pl.Trainer, module: TrainingModule, outputs, batch, batch_idx: int) -> None:
        """Stop here if asked."""
        if not self._stop_asked(trainer):
            return
        if trainer.is_last_batch:
            trainer.should_stop = True  # the epoch ends here anyway: validate and save as always
            return
        self.before_stop(trainer)
        trainer.save_checkpoint(self.run.last_checkpoint)
        raise StopTraining

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """Stop here if asked."""
        if self._stop_asked(trainer):
            trainer.should_stop = True

    def before_stop(self, trainer: pl.Trainer) -> None:
        """Called before training stops within an epoch."""

    def asked(self) -> bool:
        """Whether this process was asked to stop."""
        return False

    def _stop_asked(self, trainer: pl.Trainer) -> bool:
        if not self._stopping:
            asked = self.asked()
            if trainer.world_size > 1:
                asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
            self._stopping = asked
        return self._stopping


class RunFolder(StopTogether):
    """Writes ``metrics.jsonl`` and ``status.json``, and looks for the file ``STOP`` after every batch.

    Parameters
    ----------
    run
        Where to write.
    wants_stop
        Asked after every batch besides the STOP file (Ctrl-C).
    on_row
        Given every row that is written (a progress bar).
    """

    def __init__(self, run: Run, wants_stop: Callable[[], bool], on_row: Callable[[dict], None]):
        super().__init__(run)
        self.wants_stop, self.on_row = wants_stop, on_row
        self._seconds_before = 0.0  # of the training before it was resumed
        self._file = None
        self._status_at = self._looked_at = 0.0
        self._started, self._first_step = time.monotonic(), 0
        self._warned: str | None = None

    # --- kept in checkpoints --------------------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """Seconds trained so far: a resumed run counts on."""
        return {"seconds": self._seconds()}

    def load_state_dict(self, state: dict) -> None:
        """Count on from there."""
        self._seconds_before = state["seconds"]

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    # --- Lightning's hooks ----------------------------------------------------------------------------------------

    def setup(self, trainer: pl.Trainer, module: TrainingModule, stage: str) -> None:
        """Before a checkpoint is restored."""
        self._started = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """Open the metrics file; say where a resumed training goes on, so that readers drop what is done again."""
        self._started, self._first_step = time.monotonic(), trainer.global_step
        path = self.run.folder / "metrics.jsonl"
        before = path.read_bytes()[-1:] if path.exists() else b""
        self._file = path.open("a", buffering=1, encoding="utf-8")
        if before not in (b"", b"\n"):
            self._file.write("\n")  # a trainer was killed within a line
        if before:
            self._write({"kind": "resumed", "epoch": trainer.current_epoch, "step": trainer.global_step})
        # An epoch whose checkpoint could not be written any more is done again.
        self._status(trainer, force=True, epochs_done=trainer.current_epoch)

    def on_train_batch_end(self, trainer: pl.Trainer, module: TrainingModule, outputs, batch, batch_idx: int) -> None:
        """A row every few steps; the status about once a second; stop here if asked."""
        step = trainer.global_step
        if step == 1 or step % module.config.log_every_steps == 0:
            values = {name: _number(value) for name, value in module.step_values.items()}
            self._write(self._row("step", trainer, module) | values)
        self._status(trainer)
        super().on_train_batch_end(trainer, module, outputs, batch, batch_idx)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """A row with the means over the epoch, the validation part, KL per latent, and errors in their units."""
        values = module.epoch_values
        self._write(self._row("epoch", trainer, module) | values)
        warning = collapse(values["active_units"], len(values["kl_per_latent"]))
        if warning != self._warned and warning is not None:
            log.warning("epoch %d: %s", trainer.current_epoch + 1, warning)
        self._warned = warning
        self._status(trainer, force=True, epochs_done=trainer.current_epoch + 1, warning=warning,
                     active_units=values["active_units"], latent_units=len(values["kl_per_latent"]))  # fmt: skip
        super().on_train_epoch_end(trainer, module)

    def before_stop(self, trainer: pl.Trainer) -> None:
        """Say how far it came."""
        self._status(trainer, force=True)

    def teardown(self, trainer: pl.Trainer, module: TrainingModule, stage: str) -> None:
        """Close the file, however training ended."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # --- rows and status ------------------------------------------------------------------------------------------

    def _row(self, kind: str, trainer: pl.Trainer, module: TrainingModule) -> dict:
        return {
            "kind": kind,
            "epoch": trainer.current_epoch,
            "step": trainer.global_step,
            "minutes": round(self._seconds() / 60, 4),
            "beta": module.beta,
            "learning_rate": module.learning_rate,
        }

    def _write(self, row: dict) -> None:
        self._file.write(json.dumps(row, allow_nan=False) + "\n")
        self.on_row(row)

    def _status(self, trainer: pl.Trainer, force: bool = False, **more) -> None:
        now = time.monotonic()
        if force or now - self._status_at > STATUS_PAUSE_S:
            self._status_at = now
            per_epoch, step = int(trainer.num_training_batches), trainer.global_step
            since_start = step - self._first_step
            left = trainer.max_epochs * per_epoch - step
            pace = (now - self._started) / since_start if since_start else None
            self.run.write_status(
                epoch=trainer.current_epoch,
                step=step,
                steps_per_epoch=per_epoch,
                seconds_left=None if pace is None else round(pace * left, 1),
                **more,
            )

    def asked(self) -> bool:
        """Whether there is a STOP file (looked for a few times a second), or Ctrl-C came."""
        now = time.monotonic()
        stop = self.wants_stop()
        if not stop and now - self._looked_at > STOP_PAUSE_S:
            self._looked_at = now
            stop = self.run.stop_requested
        return stop


def early_stopping(patience: int) -> EarlyStopping:
    """Ends training after ``patience`` epochs without a better validation loss (with the last β)."""
    return EarlyStopping(SELECTION_LOSS, patience=patience, check_on_train_epoch_end=True, check_finite=False)


def _number(value) -> float | None:
    """A JSON number; what is not finite becomes null."""
    value = float(value)
    return value if math.isfinite(value) else None
