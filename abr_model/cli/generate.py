"""``abr generate``: recordings from a trained model, for conditions given on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abr_model.data_folder import data_folder, pretrained_folder
from abr_model.errors import InputError
from abr_model.schema import HEARING_LOSS_CODES

DEFAULT_MODEL = "default"
PROGRESS_FROM = 1_000
"""Recordings from which a progress bar is worth its line."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("generate")(generate_command)


def generate_command(
    age: Annotated[float, typer.Option(help="Age in years; 0 is a newborn, 0.25 three months.")],
    intensity: Annotated[float, typer.Option(help="Stimulus level in dB nHL.")],
    out: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")],
    rate: Annotated[float, typer.Option(help="Stimuli per second.")] = 33.1,
    hearing_loss: Annotated[str, typer.Option(help=f"One of {', '.join(HEARING_LOSS_CODES)}.")] = "normal",
    n: Annotated[int, typer.Option("-n", "--recordings", help="How many recordings.")] = 100,
    seed: Annotated[int, typer.Option(help="Same seed, same recordings.")] = 0,
    model: Annotated[
        str,
        typer.Option(help="Folder of a model, folder or name of a training run, or name of a shipped model."),
    ] = DEFAULT_MODEL,
    content: Annotated[
        str,
        typer.Option(help="recording (with residual noise) or response (without)."),
    ] = "recording",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse conditions near which the model was not trained.")
    ] = False,
) -> None:
    """Generate recordings at one set of conditions. Synthetic; research use only."""
    from abr_model.generation.conditions import conditions_table
    from abr_model.generation.export import FORMATS, export

    if out.suffix.lower().lstrip(".") not in FORMATS:
        raise InputError("there is no such export format", value=out.suffix, allowed=".csv, .parquet")
    conditions = conditions_table(age, intensity, rate, hearing_loss, n)
    folder = find_model(model)

    from abr_model.generation.generate import generate
    from abr_model.generation.support import refuse_outside, support_findings
    from abr_model.model import TrainedModel

    trained = TrainedModel.load(folder)
    if strict:
        refuse_outside(trained, conditions)
    if n < PROGRESS_FROM:
        cohort = generate(trained, conditions, seed, content)
    else:
        from rich.progress import Progress

        with Progress(transient=True) as progress:
            task = progress.add_task("Generating", total=1.0)
            report = lambda done: progress.update(task, completed=done)  # noqa: E731
            cohort = generate(trained, conditions, seed, content, on_progress=report)
    export(cohort, out)
    where = {"outside": "outside the training data", "sparse": "where training data are few"}
    for finding in support_findings(trained.support, conditions.iloc[0]):
        count = f"{n:,} recording{'s' if n > 1 else ''}"
        words = f"Caution, {count} {where[finding.degree]}: {finding.sentence}."
        typer.secho(words, fg=typer.colors.YELLOW, err=True)
    typer.echo(f"{len(cohort):,} {cohort.provenance.notice} → {out.name} (model {trained.model_id}, seed {seed})")


def find_model(name: str) -> Path:
    """Folder of a model: itself, a run folder's ``model``, or a shipped model or run of the data folder by its name.

    Raises
    ------
    InputError
        None of them holds a model; says which shipped models there are.
    """
    given = Path(name)
    candidates = [given, given / "model"]
    shelves = list(dict.fromkeys([data_folder() / "pretrained", pretrained_folder()]))
    if given.name == name:  # a bare name, so it cannot lead out of the data folder
        candidates += [*(shelf / name for shelf in shelves), data_folder() / "runs" / name / "model"]
    for candidate in candidates:
        if (candidate / "model.json").is_file():
            return candidate
    shipped = sorted({p.parent.name for shelf in shelves for p in shelf.glob("*/model.json")})
    known = f"a shipped model ({', '.join(shipped)})" if shipped else "no model is shipped here: train one first"
    raise InputError("there is no such model", file=given.name, allowed=f"a model folder, a run folder, or {known}")
