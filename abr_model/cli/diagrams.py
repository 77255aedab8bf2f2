"""``abr diagrams``: the architecture and the training of a model as figures, drawn from the live network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abr_model.cli.generate import DEFAULT_MODEL, find_model
from abr_model.cli.train import RunsOption, runs_folder
from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.diagrams.subject import Subject


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("diagrams")(diagrams)


def diagrams(
    model: Annotated[
        str,
        typer.Option(help="Name or folder of a model, name or folder of a run, a preset's name or YAML file."),
    ] = DEFAULT_MODEL,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Draw this run instead, as it is now.")] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go.")] = Path("architecture_diagrams"),
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="mmd (Mermaid), svg or png; may be repeated. [default: all]")
    ] = None,
    no_times: Annotated[bool, typer.Option("--no-times", help="Leave the shares of time out.")] = False,
    times: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the shares of time from a times.json of before.")
    ] = None,
    theme: Annotated[str, typer.Option(help="light (paper) or dark (screen).")] = "light",
    runs: RunsOption = None,
) -> None:
    """Draw main architecture, Transformer and training flow of a model into a folder, with a README."""
    from abr_model.diagrams.folder import FORMATS, files_of, measured_times, write_folder
    from abr_model.diagrams.svg import PALETTES
    from abr_model.diagrams.times import Times

    if no_times and times is not None:
        raise InputError("--no-times leaves out what --times gives", allowed="one of the two")
    if theme not in PALETTES:
        raise InputError("there is no such theme", value=theme, allowed=", ".join(PALETTES))
    subject = _run(run, runs_folder(runs)) if run is not None else subject_named(model, runs_folder(runs))
    taken = None
    if times is not None:
        taken = Times.read(times)
    elif not no_times:
        typer.echo("Measuring the time of each block …", err=True)
        taken = measured_times(subject)
    files = files_of(subject, taken, tuple(formats or FORMATS), theme)
    folder = write_folder(files, out)
    typer.echo(f"{len(files)} files → {folder.name} ({subject.words}; {subject.parameters:,} parameters)")


def subject_named(name: str, runs: Path) -> Subject:
    """What a person means: a run, a trained model, or a preset; looked for in that order.

    Raises
    ------
    InputError
        There is none of that name, or it is damaged.
    """
    from abr_model.configuration import load_preset, preset_names
    from abr_model.diagrams.subject import Subject
    from abr_model.model import TrainedModel
    from abr_model.runs.run import Run

    if (Path(name) / "config.yaml").is_file():
        return Subject.of_run(Run(Path(name)))
    if Path(name).name == name and (runs / name / "config.yaml").is_file():
        return _run(name, runs)
    is_file = Path(name).suffix.lower() in (".yaml", ".yml")
    try:
        folder = None if is_file else find_model(name)
    except InputError:
        if name not in preset_names():
            allowed = f"a run, a model's name or folder, or a preset ({', '.join(preset_names())})"
            raise InputError("there is no such model, run or preset", value=Path(name).name, allowed=allowed) from None
        folder = None
    return Subject.of_preset(load_preset(name)) if folder is None else Subject.of_model(TrainedModel.load(folder))


def _run(run_id: str, runs: Path) -> Subject:
    from abr_model.diagrams.subject import Subject
    from abr_model.runs.run import Run

    return Subject.of_run(Run.open(runs, run_id))
