"""What ``abr generate`` does once its options are read: a new batch, one made again, or one for the dashboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from abr_model.cli.generate_design import DesignOptions
from abr_model.data_folder import data_folder
from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.batches.batch import Batch
    from abr_model.batches.plan import Plan
    from abr_model.batches.request import BatchRequest

PROGRESS_FROM = 1_000
"""Recordings from which a progress bar is worth its line."""
STOPPED = 130


def new(
    options: DesignOptions, out: Path, model: str, *, format: str | None, seed: int, content: str,
    sweeps: int | None, learned_sweeps: float | None, outside: str, jobs: int, scheduler: str | None,
    training_cohort: Path | None, check: bool,
) -> None:  # fmt: skip
    """Make a batch."""
    from abr_model.batches.cohorts import rows_of
    from abr_model.cli.generate import find_model
    from abr_model.generation.formats.formats import format_of

    chosen = format_of(out, format)
    design, cohort = options.read()
    asked = dict(design=design, seed=seed, content=content, format=chosen.key, outside=outside, check_copies=check)
    request = _request(**asked)
    rows = rows_of(request, cohort)
    folder = find_model(model)

    from abr_model.batches.batch import make_batch
    from abr_model.batches.plan import plan_of
    from abr_model.batches.sweeps import noise_of_sweeps
    from abr_model.cohort_file import CohortFile
    from abr_model.model import TrainedModel
    from abr_model.model_card import evaluation_in

    trained = TrainedModel.load(folder)
    if sweeps is not None:
        theirs = CohortFile.open(training_cohort) if training_cohort else None
        request = _request(**asked, residual_noise=noise_of_sweeps(trained, sweeps, learned_sweeps, theirs))
    plan = plan_of(rows, trained.support, outside)
    chosen.check(len(plan.rows))
    with _stoppable(), _progress(len(plan.rows)) as on_progress:
        training, why_not = _training(trained, training_cohort) if check else (None, "")
        batch = make_batch(
            trained, request, out, plan=plan, training=training, why_not=why_not, jobs=jobs, scheduler=scheduler,
            evaluation=evaluation_in(folder, trained.model_id), on_progress=on_progress,
        )  # fmt: skip
    _cautions(trained, plan)
    _say(batch, seed)


def _request(**asked) -> BatchRequest:
    from pydantic import ValidationError

    from abr_model.batches.request import BatchRequest
    from abr_model.validation import as_input_error

    try:
        return BatchRequest(**asked)
    except ValidationError as error:
        raise as_input_error(error, BatchRequest, "batch") from error


def again(
    provenance: Path, out: Path, model: str | None, cohort: Path | None, jobs: int, scheduler: str | None
) -> None:
    """Make a batch again from its provenance."""
    from abr_model.batches.again import make_again
    from abr_model.batches.provenance import BatchProvenance
    from abr_model.cli.generate import find_model
    from abr_model.cohort_file import CohortFile
    from abr_model.model import TrainedModel
    from abr_model.model_card import evaluation_in

    first = BatchProvenance.read(provenance)
    folder = find_model(model) if model else _model_with(first.model.weights_sha256, first)
    trained = TrainedModel.load(folder)
    with _stoppable(), _progress(first.recordings.exported) as on_progress:
        done = make_again(
            trained, provenance, out, recordings=CohortFile.open(cohort) if cohort else None,
            evaluation=evaluation_in(folder, trained.model_id), jobs=jobs, scheduler=scheduler, on_progress=on_progress,
        )  # fmt: skip
    for difference in done.differences:
        typer.secho(f"Caution: {difference}.", fg=typer.colors.YELLOW, err=True)
    _say(done.batch, first.request.seed)
    if done.identical:
        typer.echo("identical to the first one, bit for bit")
    elif done.identical is False:
        why = "see above" if done.differences else "the provenance was changed, or the first file was"
        typer.secho(f"Caution: the file is not the first one bit for bit ({why}).", fg=typer.colors.YELLOW, err=True)


def work(folder: Path) -> None:
    """Make the batch of a folder that the dashboard has prepared."""
    from abr_model.batches.background import work_on

    work_on(folder)


def _model_with(weights_sha256: str, first) -> Path:
    """The model with these weights among the shipped ones and those trained here."""
    from abr_model.cli.generate import model_shelves

    places = [p for shelf in model_shelves() for p in sorted(shelf.glob("*/model.json"))]
    for description in [*places, *sorted((data_folder() / "runs").glob("*/model/model.json"))]:
        try:
            if json.loads(description.read_bytes()).get("weights_sha256") == weights_sha256:
                return description.parent
        except (OSError, ValueError, AttributeError):
            continue
    raise InputError(
        "the model of the batch is not here", value=f"{first.model.preset} · {first.model.model_id}",
        allowed="--model FOLDER, where it is",
    )  # fmt: skip


def _training(trained, training_cohort: Path | None):
    """The training recordings; None, and it is said, where they are not here."""
    from abr_model.batches.copies import training_here, training_of
    from abr_model.cohort_file import CohortFile

    if training_cohort is not None:
        return training_of(trained, CohortFile.open(training_cohort)), ""
    training, why_not = training_here(trained)
    if training is None:
        words = f"Caution: not checked for near-copies, because {why_not} (--training-cohort FILE)."
        typer.secho(words, fg=typer.colors.YELLOW, err=True)
    return training, why_not


def _cautions(trained, plan: Plan) -> None:
    """How many recordings lie where the model knows little; of a single condition, why."""
    from abr_model.generation.support import support_findings

    where = {"outside": "outside the training data", "sparse": "where training data are few"}
    if len(plan.listed) == 1:
        sentences = [(f.degree, f": {f.sentence}") for f in support_findings(trained.support, plan.listed[0])]
    else:
        sentences = [(degree, "") for degree in where if plan.degrees[degree]]
    for degree, why in sentences:
        count = len(plan.rows) if why else plan.degrees[degree]
        words = f"Caution, {count:,} recording{'s' if count > 1 else ''} {where[degree]}{why}."
        typer.secho(words, fg=typer.colors.YELLOW, err=True)
    if plan.left_out:
        typer.echo(f"{plan.left_out:,} of {plan.asked:,} lie outside the training data and were left out", err=True)


def _say(batch: Batch, seed: int) -> None:
    made, counts = batch.provenance, batch.provenance.recordings
    if made.copies.checked:
        typer.echo(f"{counts.withheld:,} near-copies of training recordings found and withheld", err=True)
    where = f"{batch.bundle.data.name} (model {made.model.model_id}, seed {seed})"
    typer.echo(f"{counts.exported:,} {made.notice} → {where}")
    if made.request.residual_noise is not None:
        typer.echo(made.request.residual_noise.in_words, err=True)
    typer.echo(f"beside it: {', '.join(path.name for path in batch.bundle.files[1:])}", err=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped: nothing was written", err=True)
        raise typer.Exit(STOPPED) from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the terminal, with the time that is left."""
    if total < PROGRESS_FROM:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Generating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda done, total: progress.update(task, completed=done, total=total)
