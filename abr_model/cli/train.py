"""``abr train``: a run from the command line, with a progress bar; Ctrl-C stops it so that it can go on later."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from abr_model.data_folder import data_folder
from abr_model.errors import InputError


def runs_folder(given: Path | None) -> Path:
    """The folder of runs that was asked for; else ``runs`` in the data folder."""
    return given or data_folder() / "runs"


OF_A_NEW_RUN = ("preset", "filter", "epochs", "seed", "name", "threads", "parallel")
"""Options that a run has had since it was made; they cannot be given with ``--run`` or ``--resume``."""

RunsOption = Annotated[
    Path | None,
    typer.Option("--runs", metavar="FOLDER", help="Folder of the runs. [default: $ABR_DATA/runs or data/runs]"),
]


def train(
    context: typer.Context,
    preset: Annotated[str, typer.Option(help="Name of a preset, or a YAML file.")] = "default",
    cohort: Annotated[Path | None, typer.Option(metavar="FILE", help="Cohort file (.parquet).")] = None,
    filter: Annotated[
        Path | None,
        typer.Option("--filter", metavar="FILE", help="Train on these recordings of the cohort only (JSON)."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and batches, instead of the preset's.")] = None,
    name: Annotated[str, typer.Option(metavar="LABEL", help="Free text to recognise the run by.")] = "",
    runs: RunsOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Save the model there too.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    parallel: Annotated[bool, typer.Option("--parallel", help="Train even while another training is active.")] = False,
    run: Annotated[Path | None, typer.Option("--run", metavar="FOLDER", help="Train this prepared run.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with this run (its id).")] = None,
) -> None:
    """Train a model on a cohort, in a run folder. Ctrl-C stops; `abr train --resume RUN` goes on."""
    from abr_model.configuration import load_preset
    from abr_model.filtering import EVERYTHING, CohortFilter
    from abr_model.training.claim import check_free
    from abr_model.training.runs import Run

    chosen = [option for option in (cohort, run, resume) if option is not None]
    if len(chosen) != 1:
        raise InputError("what to train on is not clear", allowed="one of --cohort FILE, --run FOLDER, --resume RUN")
    if cohort is None:
        _refuse_options_of_a_new_run(context, "--run" if run is not None else "--resume")
    if run is not None:
        training = Run(run)
    elif resume is not None:
        training = Run.open(runs_folder(runs), resume)
        if not training.resumable:
            raise InputError(
                f"the run is {training.state}", value=resume, allowed="one that was stopped, failed or crashed"
            )
    else:
        root = runs_folder(runs)
        asked = load_preset(preset)
        wanted = EVERYTHING if filter is None else CohortFilter.read(filter)
        if not parallel:
            check_free(root)
        training = Run.create(
            root,
            asked,
            cohort,
            filter=wanted,
            label=name,
            epochs=epochs,
            seed=seed,
            threads=threads,
            exclusive=not parallel,
        )
    _train(training, out)


def _refuse_options_of_a_new_run(context: typer.Context, chosen: str) -> None:
    for name in OF_A_NEW_RUN:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise InputError(
                f"--{name} cannot be combined with {chosen}: the run keeps what it was made with",
                allowed=f"{chosen} without --{name}, or a new run with --cohort FILE",
            )


def _train(run, out: Path | None) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", str(run.config.threads))  # before torch is imported
    from abr_model.cli.training_progress import TrainingProgress
    from abr_model.model_card import figure_rows
    from abr_model.training.fit import fit

    typer.echo(f"run {run.id}")
    with TrainingProgress(run.preset.training.epochs, visible=sys.stderr.isatty()) as progress:
        model = fit(run, progress)
    typer.echo(f"{run.state}: {run.message}")
    if model is None:
        return
    if out is not None:
        model.save(out)
    typer.echo(f"model {model.model_id}: {out or run.model_folder}")
    width = max(len(words) for words, _ in figure_rows(model.provenance.figures))
    for words, value in figure_rows(model.provenance.figures):
        typer.echo(f"  {words:<{width}}  {value}")
    if run.state == "stopped":
        typer.echo(f"go on with: abr train --resume {run.id}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)
