"""Train a run in this process, from the cohort file to the saved model."""

from __future__ import annotations

import errno
import logging
import signal
import threading
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from abr_model.cohort_file import CohortFile
from abr_model.errors import InputError
from abr_model.model import ModelProvenance, TrainedModel, support_of
from abr_model.preparation import model_inputs
from abr_model.sampler import fit_sampler
from abr_model.training.callbacks import RunFolder, StopTraining, checkpoints, early_stopping
from abr_model.training.claim import claimed
from abr_model.training.figures import held_out_figures
from abr_model.training.module import TrainingModule
from abr_model.training.parts import Parts, prepare_parts
from abr_model.training.runs import Run, RunConfig

log = logging.getLogger("abr_model.training")
Event = Callable[[dict], None]


def fit(run: Run, on_event: Event | None = None) -> TrainedModel | None:
    """Train ``run`` from its last checkpoint, or from the start; save the model in ``run.model_folder``.

    Ctrl-C, SIGTERM or a STOP file end it after the current batch: everything is saved, the model is that of the best
    epoch so far, and calling this again goes on where it stopped.

    Parameters
    ----------
    run
        A run that has not finished.
    on_event
        Given ``{"stage": …}`` with ``"row"`` (a row of the metrics) while training, ``"done"`` and ``"of"`` while the
        sampler is fitted.

    Returns
    -------
    TrainedModel or None
        None when it was stopped before the first batch.

    Raises
    ------
    InputError
        The run has finished, is being trained already, or another training is active; the cohort is missing, changed
        or leaves nothing to train on; the disk is full. The run's state then is ``failed`` and says the same.
    """
    if run.state == "finished":
        raise InputError("the run has finished", value=run.id, allowed="start a new run")
    config = run.config
    torch.set_num_threads(config.threads)
    with claimed(run, config), _log_file(run), _quiet(), _stop_signals() as wants_stop:
        try:
            return _fit(run, config, wants_stop, on_event or (lambda event: None))
        except (KeyboardInterrupt, SystemExit) as error:  # Lightning makes the one into the other
            _end(run, "stopped", "interrupted at once; training can be resumed from its last whole epoch")
            raise KeyboardInterrupt from error
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            problem = "the disk is full" if full else f"a file cannot be read or written: {error.strerror}"
            log.exception("failed")
            _end(run, "failed", problem)
            raise InputError(problem, file=Path(error.filename).name if error.filename else None) from error
        except InputError as error:
            log.error("failed: %s", error)
            _end(run, "failed", str(error))
            raise
        except Exception as error:
            log.exception("failed")
            _end(run, "failed", f"a defect of the program: {type(error).__name__}: {error}; see train.log")
            raise


def _fit(run: Run, config: RunConfig, wants_stop, on_event: Event) -> TrainedModel | None:
    _stage(run, on_event, "preparing the recordings", state="running")
    log.info("run %s: %s", run.id, config.command)
    parts = _parts(config)
    run.write_status(recordings=parts.split.sizes, patients=parts.patients)
    for rule in parts.funnel.itertuples():
        log.info("%s: %d kept (%d removed)", rule.rule, rule.kept, rule.removed)
    if run.stop_requested or wants_stop():
        _end(run, "stopped", "stopped before the first batch")
        return None

    module, ended, stopped = _train(run, config, parts, wants_stop, on_event)
    log.info("%s", ended)
    best_epoch = _load_best(run, module)

    _stage(run, on_event, "fitting the sampler", message=f"{ended}; fitting the sampler")

    def on_sampler_progress(done: int, of: int) -> None:
        on_event({"stage": "fitting the sampler", "done": done, "of": of})

    module.cpu().eval()
    train = model_inputs(parts.train, parts.scaling)
    preset = config.preset
    sampler = fit_sampler(
        preset.sampler, module.network, module.objective, train, preset.training.seed, on_sampler_progress
    )

    _stage(run, on_event, "measuring on held-out recordings", message=f"{ended}; measuring on held-out recordings")
    test = model_inputs(parts.test, parts.scaling)
    figures = held_out_figures(module.network, parts.scaling, parts.test, test, parts.train.waveforms.mean(0))
    provenance = ModelProvenance(
        kind=parts.train.kind,
        cohort=config.cohort,
        cohort_digest=config.cohort_digest,
        filter=config.filter,
        split=parts.split.kind,
        recordings=parts.split.sizes,
        patients=parts.patients,
        command=config.command,
        run=run.id,
        epochs=run.status.get("epochs_done", 0),
        best_epoch=best_epoch,
        ended=ended,
        trained_at=datetime.now(UTC).date().isoformat(),
        figures=figures,
    )
    model = TrainedModel(
        module.network, sampler, preset, parts.scaling, parts.train.sampling, support_of(parts.train), provenance
    )
    model.save(run.model_folder)
    log.info("model %s saved; %s", model.model_id, figures)
    run.write_status(figures=figures, model_id=model.model_id, best_epoch=best_epoch)
    _end(run, "stopped" if stopped else "finished", f"{ended}; model {model.model_id} saved")
    return model


def _parts(config: RunConfig) -> Parts:
    cohort = CohortFile.open(config.cohort_path, config.cohort)
    if cohort.digest != config.cohort_digest:
        raise InputError("the cohort was replaced since this run was prepared", file=config.cohort)
    cohort.verify()
    return prepare_parts(cohort, config.preset, config.filter)


def _train(run: Run, config: RunConfig, parts: Parts, wants_stop, on_event: Event) -> tuple[TrainingModule, str, bool]:
    """The trained module, why training ended in words, and whether a person stopped it."""
    preset, epochs = config.preset, config.preset.training.epochs
    device = "cuda" if torch.cuda.is_available() else "cpu"
    inputs = [model_inputs(part, parts.scaling).to(device) for part in (parts.train, parts.validation)]
    torch.manual_seed(preset.training.seed)
    module = TrainingModule(preset, parts.scaling, parts.train.sampling, *inputs)

    def on_row(row: dict) -> None:
        on_event({"stage": "training", "row": row})
        if row["kind"] == "epoch":
            log.info("epoch %d of %d: %s", row["epoch"] + 1, epochs, {k: row.get(k) for k in _LOGGED})

    folder = RunFolder(run, wants_stop, on_row)
    patience = early_stopping(preset.training.early_stopping_patience)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        logger=TensorBoardLogger(run.folder, name="tensorboard", version="", default_hp_metric=False),
        callbacks=[folder, patience, checkpoints(run)],
        log_every_n_steps=preset.training.log_every_steps,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    checkpoint = run.last_checkpoint if run.last_checkpoint.is_file() else None
    _stage(run, on_event, "training", message="resuming" if checkpoint else "training")
    try:
        trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    except (StopTraining, SIGTERMException):
        return module, f"stopped in epoch {trainer.current_epoch + 1} of {epochs}", True
    done = trainer.current_epoch
    if folder.stopping and done < epochs:
        return module, f"stopped after epoch {done} of {epochs}", True
    if patience.stopped_epoch:
        waited = f"{patience.patience} epoch{'s' if patience.patience > 1 else ''}"
        return module, f"no better for {waited}: ended after epoch {done} of {epochs}", False
    return module, f"all {epochs} epochs trained", False


_LOGGED = ("train_loss", "train_kl", "validation_loss", "validation_rmse_uv", "beta", "minutes")


def _load_best(run: Run, module: TrainingModule) -> int | None:
    """Weights of the best epoch; of the last batch when no epoch is whole yet (then None)."""
    best = run.last_checkpoint.with_name("best.ckpt")
    chosen = best if best.is_file() else run.last_checkpoint
    checkpoint = torch.load(chosen, map_location="cpu", weights_only=True)
    module.cpu().load_state_dict(checkpoint["state_dict"])
    return int(checkpoint["epoch"]) if chosen == best else None


# --- status, log, signals ------------------------------------------------------------------------------------------


def _stage(run: Run, on_event: Event, stage: str, **status) -> None:
    run.write_status(stage=stage, **({"message": stage} | status))
    on_event({"stage": stage})


def _end(run: Run, state: str, message: str) -> None:
    try:
        run.write_status(state=state, message=message, stage=None, seconds_left=None)
    except OSError:  # the disk is full: the free lock will say that the trainer is gone
        log.exception("the state %s could not be written", state)


@contextmanager
def _log_file(run: Run):
    handler = logging.FileHandler(run.folder / "train.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()


@contextmanager
def _quiet():
    """Without Lightning's advice about workers, cloud services and devices: a person trains here, not a developer."""
    lightning_log = logging.getLogger("lightning.pytorch")
    level = lightning_log.level
    lightning_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning(\.|$)")
            yield
    finally:
        lightning_log.setLevel(level)


@contextmanager
def _stop_signals():
    """Gives a function that says whether Ctrl-C or SIGTERM came. A second one ends at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def on_signal(number, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
