"""What a training leaves in its run folder while it lives: metrics, status, checkpoints; and how it is stopped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from abr_model.training.module import SELECTION_LOSS, TrainingModule
from abr_model.training.runs import Run

STATUS_PAUSE_S = 1.0
STOP_PAUSE_S = 0.2


class StopTraining(Exception):
    """A person asked to stop; everything needed to go on is saved."""


class RunFolder(Callback):
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
        self.run, self.wants_stop, self.on_row = run, wants_stop, on_row
        self._seconds_before = 0.0  # of the training before it was resumed
        self._file = None
        self._status_at = self._looked_at = 0.0
        self._started, self._first_step = time.monotonic(), 0
        self._stopping = False

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
        self._status(trainer, force=True)

    def on_train_batch_end(self, trainer: pl.Trainer, module: TrainingModule, outputs, batch, batch_idx: int) -> None:
        """A row every few steps; the status about once a second; stop here if asked."""
        step = trainer.global_step
        if step == 1 or step % module.config.log_every_steps == 0:
            self._write(self._row("step", trainer, module, "_step"))
        self._status(trainer)
        if not self._stop_asked():
            return
        if trainer.is_last_batch:
            trainer.should_stop = True  # the epoch ends here anyway: validate and save as always
            return
        self._status(trainer, force=True)
        trainer.save_checkpoint(self.run.last_checkpoint)
        raise StopTraining

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """A row with the validation part, KL per latent, and the error in µV."""
        row = self._row("epoch", trainer, module, "_epoch")
        for name, value in trainer.callback_metrics.items():
            if name.startswith("validation_"):
                row[name] = _number(value)
        square = row.pop("validation_square_error_uv2", None)
        row["validation_rmse_uv"] = None if square is None else math.sqrt(square)
        self._write(row | module.latent_summary)
        self._status(trainer, force=True, epochs_done=trainer.current_epoch + 1)
        if self._stop_asked():
            trainer.should_stop = True

    def teardown(self, trainer: pl.Trainer, module: TrainingModule, stage: str) -> None:
        """Close the file, however training ended."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def stopping(self) -> bool:
        """Whether training ends because a person asked for it."""
        return self._stopping

    # --- rows and status ------------------------------------------------------------------------------------------

    def _row(self, kind: str, trainer: pl.Trainer, module: TrainingModule, suffix: str) -> dict:
        row = {
            "kind": kind,
            "epoch": trainer.current_epoch,
            "step": trainer.global_step,
            "minutes": round(self._seconds() / 60, 4),
            "beta": module.beta,
            "learning_rate": module.learning_rate,
        }
        for name, value in trainer.callback_metrics.items():
            if name.endswith(suffix) and name.startswith(("train_", "gradient_norm")):
                row[name.removesuffix(suffix)] = _number(value)
        return row

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

    def _stop_asked(self) -> bool:
        now = time.monotonic()
        if not self._stopping and now - self._looked_at > STOP_PAUSE_S:
            self._looked_at = now
            self._stopping = self.run.stop_requested
        self._stopping = self._stopping or self.wants_stop()
        return self._stopping


def checkpoints(run: Run) -> ModelCheckpoint:
    """``best.ckpt`` (smallest validation loss with the last β) and ``last.ckpt``, looked at after every epoch."""
    return ModelCheckpoint(
        dirpath=run.last_checkpoint.parent,
        filename="best",
        monitor=SELECTION_LOSS,
        save_top_k=1,
        save_last=True,
        # After the objective was refreshed, so that a resumed run starts from what the next epoch would have seen.
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )


def early_stopping(patience: int) -> EarlyStopping:
    """Ends training after ``patience`` epochs without a better validation loss (with the last β)."""
    return EarlyStopping(SELECTION_LOSS, patience=patience, check_on_train_epoch_end=True, check_finite=False)


def _number(value) -> float | None:
    """A JSON number; what is not finite becomes null."""
    value = float(value)
    return value if math.isfinite(value) else None
