"""One process's part of the training itself: Lightning's trainer, with what the run was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from abr_model.errors import InputError
from abr_model.preparation import ModelInputs, model_inputs
from abr_model.runs.run import Run
from abr_model.runs.run_config import RunConfig
from abr_model.training.callbacks import RunFolder, StopTogether, StopTraining, early_stopping
from abr_model.training.checkpoints import CheckpointFiles, checkpoint_callbacks
from abr_model.training.compilation import compile_network, uncompiled
from abr_model.training.module import TrainingModule
from abr_model.training.parts import Parts
from abr_model.training.place import PRECISIONS, Place
from abr_model.training.previews import PreviewCallback
from abr_model.training.processes import Member, distribution
from abr_model.training.start import Start

log = logging.getLogger("abr_model.training")
_LOGGED = ("train_loss", "train_kl", "validation_loss", "validation_rmse_uv", "active_units", "gradient_norm", "beta",
           "learning_rate", "recordings_per_second", "minutes")  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A module after its last step, why training ended in words, and whether a person stopped it."""

    module: TrainingModule
    ended: str
    stopped: bool


def train(
    run: Run,
    config: RunConfig,
    parts: Parts,
    place: Place,
    member: Member | None = None,
    wants_stop: Callable[[], bool] = lambda: False,
    on_row: Callable[[dict], None] = lambda row: None,
) -> Trained:
    """Train from the last checkpoint of ``run``, or from the start, until the end or a stop.

    Parameters
    ----------
    run, config, parts, place
        What to train, on which recordings, on what.
    member
        Which of several processes this is; None when it trains alone. Only the first writes into the run folder.
    wants_stop, on_row
        As for :class:`~abr_model.training.callbacks.RunFolder`.

    Raises
    ------
    InputError
        The loss is no longer a number, or there are fewer recordings than processes.
    """
    preset, training = config.preset, config.preset.training
    rank, processes = (0, 1) if member is None else (member.rank, member.processes)
    if len(parts.validation) < processes:
        raise InputError(
            "there are fewer validation recordings than processes", value=processes, allowed=str(len(parts.validation))
        )
    first = rank == 0
    checkpoint = run.last_checkpoint if run.last_checkpoint.is_file() else None

    def write_row(row: dict) -> None:
        on_row(row)
        if row["kind"] == "epoch":
            log.info("epoch %d of %d: %s", row["epoch"] + 1, training.epochs, {k: row.get(k) for k in _LOGGED})

    follower = RunFolder(run, wants_stop, write_row) if first else StopTogether(run)
    patience = early_stopping(training.early_stopping_patience)
    previews = [PreviewCallback(run, parts, preset, config.preview_every)] if first and config.preview_every else []
    trainer = pl.Trainer(
        max_epochs=training.epochs,
        precision=PRECISIONS[training.precision],
        deterministic=training.deterministic or None,
        logger=TensorBoardLogger(run.folder, name="tensorboard", version="", default_hp_metric=False)
        if first
        else False,
        callbacks=[follower, patience, *previews, *checkpoint_callbacks(run, config.checkpoint_every)],
        log_every_n_steps=training.log_every_steps,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        # The original's branch that proposes conditions has no part in its objective.
        **distribution(place, member, unused_weights=preset.objective.kind == "reference"),
    )
    trainer.strategy.checkpoint_io = CheckpointFiles()
    device = trainer.strategy.root_device
    inputs = [model_inputs(part, parts.scaling).to(device) for part in (parts.train, parts.validation)]
    torch.manual_seed(training.seed)
    module = TrainingModule(preset, parts.scaling, parts.train.sampling, *inputs, rank, processes)
    if parts.noise is not None:
        module.objective.measure_noise(torch.from_numpy(parts.scaling.noise_from_uv(parts.noise)))
    if config.start is not None:
        Start.read(run.folder, config.start).load_into(module.network)
        module.starts_from_weights = True
    if config.machine.compile:
        with trainer.precision_plugin.forward_context():
            _compile(run if first else None, module.to(device), inputs[0][slice(0, training.batch_size)])
    try:
        trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    except (StopTraining, SIGTERMException):
        return Trained(module, f"stopped in epoch {trainer.current_epoch + 1} of {training.epochs}", True)
    finally:
        uncompiled(module.network)
    done, epochs = trainer.current_epoch, training.epochs
    if follower.stopping and done < epochs:
        return Trained(module, f"stopped after epoch {done} of {epochs}", True)
    if patience.stopped_epoch:
        waited = f"{patience.patience} epoch{'s' if patience.patience > 1 else ''}"
        return Trained(module, f"no better for {waited}: ended after epoch {done} of {epochs}", False)
    return Trained(module, f"all {epochs} epochs trained", False)


def _compile(run: Run | None, module: TrainingModule, batch: ModelInputs) -> None:
    """Compile the network where it can be; ``run`` is told whether it was (None: someone else tells it)."""
    problem = compile_network(module.network, batch)
    if run is None:
        return
    if problem is None:
        log.info("the network is compiled")
    else:
        log.warning("the network cannot be compiled here, it trains without: %s", problem)
    run.write_status(compiled=problem is None)
