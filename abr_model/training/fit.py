"""Train a run in this process, from the cohort file to the saved model."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from abr_model.ears.fitting import fit_link, link_steps
from abr_model.ears.link import EarLink
from abr_model.errors import InputError
from abr_model.label_calibration import measure_calibration
from abr_model.label_reading import measure_reading
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.preparation import model_inputs
from abr_model.runs.claim import Claim
from abr_model.runs.run import Run, RunConfig
from abr_model.runs.status import write_last_status
from abr_model.sampler import Sampler, fit_sampler
from abr_model.training.checkpoints import load_best, rewind
from abr_model.training.figures import held_out_figures
from abr_model.training.module import TrainingModule
from abr_model.training.parts import Parts, parts_of
from abr_model.training.place import Place, node_rank, place_of
from abr_model.training.previews import preview_of_sampler
from abr_model.training.processes import first_member, partners
from abr_model.training.surroundings import algorithms, log_file, quiet, stop_signals
from abr_model.training.trainer import Trained, train
from abr_model.training.vitals import vitals_recorded
from abr_model.training_support import support_of

log = logging.getLogger("abr_model.training")
Event = Callable[[dict], None]


class _NoModel(Exception):
    """A person does not want to wait for a model."""


def fit(
    run: Run, on_event: Event | None = None, checkpoint: str | None = None, claim: Claim | None = None
) -> TrainedModel | None:
    """Train ``run`` from its last checkpoint, or from the start; save the model in ``run.model_folder``.

    Ctrl-C, SIGTERM or a STOP file end it after the current batch: everything is saved, the model is that of the best
    epoch so far, and calling this again goes on where it stopped. Asked a second time
    (``run.request_stop(at_once=True)``), it makes no model.

    Parameters
    ----------
    run
        A run that has not finished.
    on_event
        Given ``{"stage": …}`` with ``"device"`` (words) when training begins, ``"row"`` (a row of the metrics) while
        training, ``"done"`` and ``"of"`` while the sampler is fitted.
    checkpoint
        Go on from this one, ``"best"`` or ``"epoch-10"``, instead of the last; what came after it is given up.
    claim
        One that has waited for its turn; it is released at the end. None: another training that is active refuses this
        one.

    Returns
    -------
    TrainedModel or None
        None when it was stopped before the first batch, when no model was wanted, for a trial of a search, and on every
        node but the first.

    Raises
    ------
    InputError
        The run has finished, is being trained already, or another training is active; the cohort is missing, changed
        or leaves nothing to train on; this machine has not what the run is to train on; there is no such checkpoint;
        the disk is full. The run's state then is ``failed`` and says the same.
    """
    on_event = on_event or (lambda event: None)
    config = run.config
    torch.set_num_threads(config.threads)
    if config.machine.nodes > 1 and node_rank() > 0:
        with quiet(), algorithms(config.preset.training.deterministic):
            _join(run, config, on_event)
        return None
    with claim or Claim(run, config) as claim:
        claim.take()
        return _fit_claimed(run, config, on_event, checkpoint)


def _fit_claimed(run: Run, config: RunConfig, on_event: Event, checkpoint: str | None) -> TrainedModel | None:
    deterministic = config.preset.training.deterministic
    with log_file(run), vitals_recorded(run.folder), quiet(), algorithms(deterministic), stop_signals() as wants_stop:
        try:
            if checkpoint is not None:
                done = rewind(run, checkpoint)
                log.info("going on from checkpoint %s, after %d epochs; what came later is given up", checkpoint, done)
            return _fit(run, config, wants_stop, on_event)
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
    place = place_of(config.machine, config.preset.training.precision, config.threads)
    parts = parts_of(config, run.folder)
    run.write_status(recordings=parts.split.sizes, patients=parts.patients)
    for rule in parts.funnel.itertuples():
        log.info("%s: %d kept (%d removed)", rule.rule, rule.kept, rule.removed)
    if run.stop_requested or wants_stop():
        _end(run, "stopped", "stopped before the first batch")
        return None

    trained = _train(run, config, parts, place, wants_stop, on_event)
    log.info("%s", trained.ended)
    if config.search is not None:  # a trial shows how well it learns; the best one is trained again, whole
        _end(run, "stopped" if trained.stopped else "finished", f"{trained.ended}; a trial of a search makes no model")
        return None
    try:
        model = _model(run, config, parts, trained, place, on_event)
    except _NoModel:
        _end(run, "stopped", f"{trained.ended}; no model was made of it; training can be resumed")
        return None
    link = _link(run, parts, model, trained, on_event)
    model.save(run.model_folder)
    if link is not None:
        link.save(run.model_folder)
        model.write_card(run.model_folder)  # which speaks of it
    made = model.provenance
    log.info("model %s saved; %s", model.model_id, made.figures)
    run.write_status(figures=made.figures, model_id=model.model_id, best_epoch=made.best_epoch)
    _end(run, "stopped" if trained.stopped else "finished", f"{trained.ended}; model {model.model_id} saved")
    return model


def _train(run: Run, config: RunConfig, parts: Parts, place: Place, wants_stop, on_event: Event) -> Trained:
    where = place.words
    if config.preset.training.precision != "32":
        where += f", precision {config.preset.training.precision}"
    log.info("trains on %s", where)
    message = "resuming" if run.last_checkpoint.is_file() else "training"
    run.write_status(stage="training", message=message, device=where)
    on_event({"stage": "training", "device": where})
    member = first_member(place)
    with partners(run, member, config.threads):
        return train(
            run, config, parts, place, member, wants_stop, lambda row: on_event({"stage": "training", "row": row})
        )


def _join(run: Run, config: RunConfig, on_event: Event) -> None:
    """Train along on a further node, with as many processes as on the first."""
    place = place_of(config.machine, config.preset.training.precision, config.threads)
    parts = parts_of(config, run.folder)
    on_event({"stage": "training", "device": place.words})
    member = first_member(place)
    with partners(run, member, config.threads):
        train(run, config, parts, place, member)


def _model(run: Run, config: RunConfig, parts: Parts, trained: Trained, place: Place, on_event: Event) -> TrainedModel:
    """The model of the best epoch, with a sampler fitted to it and measured on the test part."""
    best_epoch = load_best(run, trained.module)
    module = trained.module.cpu().eval()
    sampler = _sampler(run, config, parts, module, trained, on_event)
    if config.preview_every:
        done = run.status.get("epochs_done", 0) if best_epoch is None else best_epoch + 1
        preview_of_sampler(run, parts, config.preset, module.network, sampler, done)
    measuring = "measuring on held-out recordings"
    _stage(run, on_event, measuring, message=f"{trained.ended}; {measuring}")
    test = model_inputs(parts.test, parts.scaling)
    validation = model_inputs(parts.validation, parts.scaling)
    reading = measure_reading(module.network, parts.scaling, parts.train.sampling, validation)
    figures = held_out_figures(module.network, parts.scaling, parts.test, test, parts.train.waveforms.mean(0), reading)
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
        ended=trained.ended,
        trained_at=datetime.now(UTC).date().isoformat(),
        figures=figures,
    )
    return TrainedModel(
        module.network,
        sampler,
        config.preset,
        parts.scaling,
        parts.train.sampling,
        support_of(parts.train),
        provenance,
        measure_calibration(module.network, parts.scaling, validation, reading=reading),
        reading,
    )


def _sampler(
    run: Run, config: RunConfig, parts: Parts, module: TrainingModule, trained: Trained, on_event: Event
) -> Sampler:
    """The sampler of the trained network, unless a person asks a second time to stop."""

    def on_progress(done: int = 0, of: int = 0) -> None:
        if run.stop_at_once_requested:
            raise _NoModel
        on_event({"stage": "fitting the sampler", "done": done, "of": of})

    fitting = "fitting the sampler"
    hint = " (stop a second time to do without a model)" if trained.stopped else ""
    _stage(run, on_event, fitting, message=f"{trained.ended}; {fitting}{hint}")
    if run.stop_at_once_requested:
        raise _NoModel
    train_inputs = model_inputs(parts.train, parts.scaling)
    preset = config.preset
    return fit_sampler(
        preset.sampler, module.network, module.objective, train_inputs, preset.training.seed, on_progress
    )


def _link(run: Run, parts: Parts, model: TrainedModel, trained: Trained, on_event: Event) -> EarLink | None:
    """How recordings of one ear go together; none where too few ears were recorded more than once, or a person does
    not want to wait."""
    learning = "learning how recordings of one ear go together"
    _stage(run, on_event, learning, message=f"{trained.ended}; {learning}")
    preset = model.preset
    # A trial of a few steps, as a dry run makes it, is as short here.
    steps = link_steps(len(parts.train))
    if preset.sampler.kind == "latent_flow":
        steps = min(steps, preset.sampler.training_steps)

    def on_progress(done: int, of: int) -> None:
        if run.stop_at_once_requested:
            raise _NoModel
        on_event({"stage": learning, "done": done, "of": of})

    try:
        link = fit_link(model, parts.train, parts.validation, preset.training.seed, steps, on_progress)
    except _NoModel:
        return None
    if link is None:
        log.info("too few ears were recorded more than once: the model cannot tell one ear under other conditions")
    else:
        log.info("link of ears: %.0f %% of a code is told by another recording", 100 * link.description.explained)
    return link


def _stage(run: Run, on_event: Event, stage: str, **status) -> None:
    run.write_status(stage=stage, **({"message": stage} | status))
    on_event({"stage": stage})


def _end(run: Run, state: str, message: str) -> None:
    try:
        write_last_status(run.folder, state=state, message=message, stage=None, seconds_left=None)
    except OSError:  # no room even so: the free lock will say that the trainer is gone
        log.exception("the state %s could not be written", state)
