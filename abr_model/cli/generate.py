"""``abr generate``: a batch of recordings from a trained model, with its provenance and its data card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abr_model.cli.generate_design import DEFAULT_CLASS, DEFAULT_N, DEFAULT_RATE, DesignOptions
from abr_model.data_folder import data_folder, pretrained_folder
from abr_model.errors import InputError
from abr_model.schema import HEARING_LOSS_CODES

DEFAULT_MODEL = "default"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("generate")(generate_command)


def generate_command(
    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .csv, .parquet, .xlsx or .zip (WFDB); provenance and data card beside it."),
    ] = None,
    age: Annotated[
        str | None, typer.Option(help="Age in years: 0.25, a list 0.25,1,30, or a range 0:2:0.5.", show_default=False)
    ] = None,
    intensity: Annotated[str | None, typer.Option(help="Stimulus level in dB nHL, as --age: 20:90:10.")] = None,
    rate: Annotated[str | None, typer.Option(help=f"Stimuli per second, as --age. Without it {DEFAULT_RATE}.")] = None,
    hearing_loss: Annotated[
        str | None,
        typer.Option(help=f"Of {', '.join(HEARING_LOSS_CODES)}; several by commas. Without it {DEFAULT_CLASS}."),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--recordings",
            help=f"How many recordings: of each condition, with --from-cohort in all, with --balanced of each class. "
            f"Without it {DEFAULT_N}.",
        ),
    ] = None,
    design: Annotated[Path | None, typer.Option(metavar="FILE", help="A design (YAML or JSON) instead.")] = None,
    conditions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of conditions (CSV, Excel) instead; a column n counts.")
    ] = None,
    from_cohort: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Conditions as they occur together in this cohort instead.")
    ] = None,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="With --from-cohort: as many of every hearing class.")
    ] = False,
    same_conditions: Annotated[
        bool, typer.Option("--same-conditions", help="With --balanced: age, level, rate alike in all classes.")
    ] = False,
    filter: Annotated[
        Path | None, typer.Option("--filter", metavar="FILE", help="With --from-cohort: only like these (JSON).")
    ] = None,
    weighting: Annotated[
        str | None, typer.Option(metavar="patient|recording", help="With --from-cohort: what counts alike.")
    ] = None,
    design_seed: Annotated[
        int | None, typer.Option(metavar="N", help="With --from-cohort: seed of the drawing.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same recordings.")] = 0,
    model: Annotated[
        str | None,
        typer.Option(
            help=f"Folder of a model, folder or name of a training run, or name of a shipped model. "
            f"Without it {DEFAULT_MODEL}."
        ),
    ] = None,
    content: Annotated[str, typer.Option(help="recording (with residual noise) or response (without).")] = "recording",
    sweeps: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Residual noise as of an average over N sweeps. Without it as the model has learned it."
        ),
    ] = None,
    learned_sweeps: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="With --sweeps: of how many sweeps the learned noise is. Without it the median of the training cohort "
            "at each level, where that is in the data folder.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse conditions near which the model was not trained.")
    ] = False,
    inside_only: Annotated[
        bool, typer.Option("--inside-only", help="Leave out conditions near which the model was not trained.")
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="csv, csv-long, parquet, eclipse or wfdb. Without it by the ending of --out."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes; -1: one for each processor.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Let the workers of this Dask scheduler generate.")
    ] = None,
    training_cohort: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Withhold near-copies of its recordings. Without it, it is looked for in the data folder.",
        ),
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not look for near-copies; the card says so.")
    ] = False,
    again: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Make the batch of this provenance.json again, bit for bit."),
    ] = None,
    export: Annotated[Path | None, typer.Option("--export", metavar="FOLDER", hidden=True)] = None,
) -> None:
    """Generate recordings. Synthetic; research use only.

    The same conditions, seed, model and versions give the same file, whatever --jobs and --scheduler are.
    """
    from abr_model.cli import generate_batch

    if export is not None:
        generate_batch.work(export)
        return
    if out is None:
        raise InputError("the file to write is not given", allowed="--out FILE")
    if again is not None:
        generate_batch.again(again, out, model, from_cohort, jobs, scheduler)
        return
    if strict and inside_only:
        raise InputError("conditions outside can be refused or left out", value="--strict --inside-only", allowed="one")
    if no_check and training_cohort is not None:
        raise InputError("either look for near-copies or not", value="--training-cohort --no-check", allowed="one")
    if learned_sweeps is not None and sweeps is None:
        raise InputError(
            "it is not said how many sweeps there shall be", value="--learned-sweeps", allowed="--sweeps N"
        )
    options = DesignOptions(
        age, intensity, rate, hearing_loss, n, design, from_cohort, balanced, same_conditions, filter, weighting,
        design_seed, conditions,
    )  # fmt: skip
    generate_batch.new(
        options,
        out,
        model or DEFAULT_MODEL,
        format=format,
        seed=seed,
        content=content,
        sweeps=sweeps,
        learned_sweeps=learned_sweeps,
        outside="refuse" if strict else "leave out" if inside_only else "keep",
        jobs=jobs,
        scheduler=scheduler,
        training_cohort=training_cohort,
        check=not no_check,
    )


def find_model(name: str) -> Path:
    """Folder of a model: itself, a run folder's ``model``, or a shipped model or run of the data folder by its name.

    Raises
    ------
    InputError
        None of them holds a model; says which shipped models there are.
    """
    given = Path(name)
    candidates = [given, given / "model"]
    shelves = model_shelves()
    if given.name == name:  # a bare name, so it cannot lead out of the data folder
        candidates += [*(shelf / name for shelf in shelves), data_folder() / "runs" / name / "model"]
    for candidate in candidates:
        if (candidate / "model.json").is_file():
            return candidate
    shipped = sorted({p.parent.name for shelf in shelves for p in shelf.glob("*/model.json")})
    known = f"a shipped model ({', '.join(shipped)})" if shipped else "no model is shipped here: train one first"
    raise InputError("there is no such model", file=given.name, allowed=f"a model folder, a run folder, or {known}")


def model_shelves() -> list[Path]:
    """Folders of shipped models."""
    return list(dict.fromkeys([data_folder() / "pretrained", pretrained_folder()]))
