"""``abr train``: a run from the command line, with a progress bar; Ctrl-C stops it so that it can go on later."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from abr_model.cli.new_run import check_checkpoint, new_run
from abr_model.data_folder import data_folder
from abr_model.errors import InputError


def runs_folder(given: Path | None) -> Path:
    """The folder of runs that was asked for; else ``runs`` in the data folder."""
    return given or data_folder() / "runs"


OF_A_NEW_RUN = {
    "preset": "--preset",
    "filter": "--filter",
    "epochs": "--epochs",
    "seed": "--seed",
    "name": "--name",
    "precision": "--precision",
    "deterministic": "--deterministic",
    "start_from": "--from",
    "checkpoint_every": "--checkpoint-every",
    "preview_every": "--preview-every",
    "recordings": "--recordings",
    "dry_run": "--dry-run",
    "threads": "--threads",
    "accelerator": "--accelerator",
    "devices": "--devices",
    "num_nodes": "--num-nodes",
    "compile_network": "--compile",
    "parallel": "--parallel",
}
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
    recordings: Annotated[
        int | None,
        typer.Option(metavar="N", help="Train on about so many of them, whole patients, the same ones each time."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="200 recordings, 2 epochs, a short sampler: does everything work?")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and batches, instead of the preset's.")] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="32|bf16|16", help="Bits of a number: 32, or mixed with 16.")
    ] = None,
    deterministic: Annotated[
        bool | None, typer.Option("--deterministic/--no-deterministic", help="The same result each time, if slower.")
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL", help="Start from these weights: a model's folder, or the id of a run."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --resume or --from RUN: best, last, epoch-10, … of that run."),
    ] = None,
    checkpoint_every: Annotated[
        int, typer.Option(metavar="EPOCHS", help="Keep a checkpoint every so many epochs; 0: only best and last.")
    ] = 10,
    preview_every: Annotated[
        int, typer.Option(metavar="EPOCHS", help="Generate waveforms for a look every so many epochs; 0: never.")
    ] = 2,
    name: Annotated[str, typer.Option(metavar="LABEL", help="Free text to recognise the run by.")] = "",
    runs: RunsOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Save the model there too.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads of each process.")] = 1,
    accelerator: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="Train on the processor or on a GPU.")
    ] = "auto",
    devices: Annotated[
        int, typer.Option(metavar="N", help="Processes on each node, one a GPU, each with batches of its own.")
    ] = 1,
    num_nodes: Annotated[int, typer.Option(metavar="N", help="Machines that train together.")] = 1,
    compile_network: Annotated[bool, typer.Option("--compile", help="Compile the network (torch.compile).")] = False,
    parallel: Annotated[bool, typer.Option("--parallel", help="Train even while another training is active.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Wait until the active training has ended.")] = False,
    run: Annotated[Path | None, typer.Option("--run", metavar="FOLDER", help="Train this prepared run.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with this run (its id).")] = None,
) -> None:
    """Train a model on a cohort, in a run folder. Ctrl-C stops; `abr train --resume RUN` goes on."""
    from abr_model.runs.run import Run

    chosen = [option for option in (cohort, run, resume) if option is not None]
    if len(chosen) != 1:
        raise InputError("what to train on is not clear", allowed="one of --cohort FILE, --run FOLDER, --resume RUN")
    if checkpoint is not None and resume is None and start_from is None:
        raise InputError("--checkpoint: of which run is not clear", value=checkpoint, allowed="with --resume or --from")
    if queue and parallel:
        raise InputError("what trains in parallel waits for nobody", allowed="--queue or --parallel")
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
        if checkpoint is not None:
            check_checkpoint(training, checkpoint)
    else:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # before torch is imported
        changes = {"epochs": epochs, "seed": seed, "precision": precision, "deterministic": deterministic}
        training = new_run(
            runs_folder(runs),
            cohort,
            preset if _given(context, "preset") or start_from is None else None,
            {option: value for option, value in changes.items() if value is not None},
            start_from,
            checkpoint,
            filter=filter,
            label=name,
            threads=threads,
            machine={"accelerator": accelerator, "devices": devices, "nodes": num_nodes, "compile": compile_network},
            checkpoint_every=checkpoint_every,
            preview_every=preview_every,
            recordings=recordings,
            dry_run=dry_run,
            exclusive=not parallel,
            queue=queue,
        )
    checkpoint = checkpoint if resume is not None else None
    (_train_in_turn if queue else _train)(training, out, checkpoint)


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_options_of_a_new_run(context: typer.Context, chosen: str) -> None:
    for name, option in OF_A_NEW_RUN.items():
        if _given(context, name):
            raise InputError(
                f"{option} cannot be combined with {chosen}: the run keeps what it was made with",
                allowed=f"{chosen} without {option}, or a new run with --cohort FILE",
            )


def _train_in_turn(run, out: Path | None, checkpoint: str | None) -> None:
    """Wait without torch: a queue of runs must not fill the memory that the training needs."""
    from abr_model.runs.claim import Claim
    from abr_model.training.place import node_rank
    from abr_model.training.surroundings import stop_signals

    if run.config.machine.nodes > 1 and node_rank() > 0:  # the first node waits for all
        _train(run, out, checkpoint)
        return
    with Claim(run, run.config) as claim:
        with stop_signals() as wants_stop:
            is_our_turn = claim.wait(wants_stop, lambda words: typer.echo(f"{run.id} {words}"))
        if is_our_turn:
            _train(run, out, checkpoint, claim)
        else:
            typer.echo(f"{run.state}: {run.message}")


def _train(run, out: Path | None, checkpoint: str | None, claim=None) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", str(run.config.threads))  # before torch is imported
    from abr_model.cli.training_progress import TrainingProgress
    from abr_model.model_card import figure_rows
    from abr_model.training.fit import fit

    typer.echo(f"run {run.id}")
    with TrainingProgress(run.preset.training.epochs, visible=sys.stderr.isatty()) as progress:

        def on_event(event: dict) -> None:
            if "device" in event:
                typer.echo(f"trains on {event['device']}")
            progress(event)

        model = fit(run, on_event, checkpoint, claim)
    typer.echo(f"{run.state}: {run.message}")
    if warning := run.status.get("warning"):
        typer.echo(f"warning: {warning}")
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
