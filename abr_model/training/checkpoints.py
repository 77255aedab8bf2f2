"""Checkpoints of a run: the best, the last, one every few epochs; and going back to one of them."""

from __future__ import annotations

import io
import os
import re
import secrets
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint

from abr_model.errors import InputError
from abr_model.runs.run import Run
from abr_model.training.module import SELECTION_LOSS, TrainingModule

KEPT = 10
"""Checkpoints of single epochs that a run keeps besides the best and the last; older ones are deleted."""

_EPOCH = re.compile(r"epoch-(\d+)\.ckpt")


class CheckpointFiles(TorchCheckpointIO):
    """Writes a checkpoint beside the one that it replaces, and replaces it only when it is whole.

    Lightning's own writes into the temporary folder and moves the file. From another disk that is a copy: a trainer
    that is killed then, or a disk that is full, would leave a torn ``last.ckpt`` from which nothing can go on.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write ``checkpoint``; what was at ``path`` stays as it was unless that succeeds."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _write(checkpoint, Path(path))


def checkpoint_callbacks(run: Run, every: int) -> list[Checkpoint]:
    """``best.ckpt`` (smallest validation loss with the last β) and ``last.ckpt``, looked at after every epoch, and
    ``epoch-10.ckpt``, ``epoch-20.ckpt`` … after every ``every`` epochs (0: none)."""
    best = ModelCheckpoint(
        dirpath=run.last_checkpoint.parent,
        filename="best",
        monitor=SELECTION_LOSS,
        save_top_k=1,
        save_last=False,  # it would be written only together with a better best
        # After the objective was refreshed, so that a resumed run starts from what the next epoch would have seen.
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return [best, AfterEachEpoch(run, every)]


class AfterEachEpoch(Checkpoint):
    """Writes ``last.ckpt`` after every epoch, also one that was no better, so that no more than an epoch is ever lost;
    and keeps ``epoch-N.ckpt`` every few epochs, the last :data:`KEPT` of them.

    Goes by the files in the folder and not by what it remembers, so that it holds after any resumption. Must come after
    the callback that keeps the best: the checkpoint then knows the best as it was after its epoch.
    """

    def __init__(self, run: Run, every: int):
        self.run, self.every = run, every

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """Save, and delete what is too old."""
        trainer.save_checkpoint(self.run.last_checkpoint)
        done = trainer.current_epoch + 1
        if not self.every or done % self.every:
            return
        trainer.save_checkpoint(_path(self.run, f"epoch-{done}"))
        if trainer.is_global_zero:
            for old in _of_epochs(self.run)[:-KEPT]:
                _path(self.run, f"epoch-{old}").unlink(missing_ok=True)


def checkpoint_names(run: Run) -> list[str]:
    """What can be gone back to: ``["best", "last", "epoch-10", …]``."""
    names = [name for name in ("best", "last") if _path(run, name).is_file()]
    return names + [f"epoch-{number}" for number in _of_epochs(run)]


def check_name(run: Run, name: str) -> None:
    """:class:`InputError` unless ``run`` has a checkpoint of that name; so a name cannot lead elsewhere."""
    names = checkpoint_names(run)
    if name not in names:
        kept = ", ".join(names) or "none: the run has not saved one yet"
        raise InputError(f"the run {run.id} has no such checkpoint", value=name, allowed=kept)


def read_checkpoint(run: Run, name: str) -> dict[str, Any]:
    """A checkpoint of ``run``; no code in it is executed.

    Raises
    ------
    InputError
        The run has no checkpoint of that name, or its file is damaged.
    """
    check_name(run, name)
    try:
        return torch.load(_path(run, name), map_location="cpu", weights_only=True)
    except Exception as error:  # torch says in many ways that a file is damaged
        raise InputError("the checkpoint is damaged", file=f"{name}.ckpt") from error


def rewind(run: Run, name: str) -> int:
    """Make checkpoint ``name`` the last one of ``run``, whose training then goes on from there.

    What comes after it is given up: later checkpoints are deleted, and where the best one is later, this one becomes
    the best until another epoch is better. Rows of the metrics stay; the next ``"resumed"`` row says that those after
    it do not count. For the one who holds the run's lock.

    Returns
    -------
    int
        Whole epochs done at this checkpoint.

    Raises
    ------
    InputError
        As :func:`read_checkpoint`.
    """
    checkpoint = read_checkpoint(run, name)
    step, done = int(checkpoint["global_step"]), _epochs_done(checkpoint)
    best = _path(run, "best")
    later_best = best.is_file() and int(read_checkpoint(run, "best")["global_step"]) > step
    if later_best:
        _call_it_best(checkpoint, best)
    if name != "last" or later_best:
        _write(checkpoint, run.last_checkpoint)
    if later_best:
        _write(checkpoint, best)
    for number in _of_epochs(run):
        if number > done:
            _path(run, f"epoch-{number}").unlink(missing_ok=True)
    run.write_status(epochs_done=done, epoch=done, step=step)
    return done


def load_best(run: Run, module: TrainingModule) -> int | None:
    """Weights of the best epoch, and its index; of the last batch when no epoch is whole yet (then None)."""
    name = "best" if _path(run, "best").is_file() else "last"
    checkpoint = read_checkpoint(run, name)
    module.cpu().load_state_dict(checkpoint["state_dict"])
    return int(checkpoint["epoch"]) if name == "best" else None


def _call_it_best(checkpoint: dict[str, Any], best: Path) -> None:
    """In what the callback remembers: the score of this checkpoint's epoch is the best so far."""
    for key, state in checkpoint["callbacks"].items():
        if key.startswith("ModelCheckpoint"):
            score = state["current_score"]
            state["best_model_score"] = state["kth_value"] = score
            state["best_model_path"] = state["kth_best_model_path"] = str(best)
            state["best_k_models"] = {str(best): score}


def _epochs_done(checkpoint: dict[str, Any]) -> int:
    """Whole epochs: a checkpoint within an epoch, and one at its end, name the epoch by the same index."""
    return int(checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"])


def _of_epochs(run: Run) -> list[int]:
    found = (_EPOCH.fullmatch(path.name) for path in run.last_checkpoint.parent.glob("epoch-*.ckpt"))
    return sorted(int(match[1]) for match in found if match)


def _path(run: Run, name: str) -> Path:
    return run.last_checkpoint.with_name(f"{name}.ckpt")


def _write(checkpoint: dict[str, Any], path: Path) -> None:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        content = io.BytesIO()  # torch would call a full disk a defect of the archive
        torch.save(checkpoint, content)
        with partial.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())  # after a power cut there is the old one or the new one, whole
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
