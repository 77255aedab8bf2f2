"""``abr import``: real files into a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abr_model.errors import InputError
from abr_model.schema import COLUMNS_BY_NAME


def _classes(column: str) -> str:
    return ", ".join(COLUMNS_BY_NAME[column].classes)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("import")(import_files)


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Files of one or several clinics; all become one cohort.")],
    out: Annotated[Path, typer.Option(help="Cohort file to write (.parquet).")],
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Samples per second, for files that do not state it.")
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            help="Time of the first sample relative to stimulus onset, for files that do not state it. "
            "Negative when it was taken before the stimulus: --start=-1.5",
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="UNIT", help="Unit of the samples: µV (or uV), mV, nV. The format's own else.")
    ] = None,
    age: Annotated[
        float | None, typer.Option(metavar="YEARS", help="Age, of recordings whose file does not say it.")
    ] = None,
    hearing_loss: Annotated[
        str | None, typer.Option(metavar="CLASS", help=f"{_classes('hearing_loss')}; where the file does not say it.")
    ] = None,
    sex: Annotated[
        str | None, typer.Option(metavar="SEX", help=f"{_classes('sex')}; where the file does not say it.")
    ] = None,
    polarity: Annotated[
        str | None,
        typer.Option(metavar="POLARITY", help=f"{_classes('stimulus_polarity')}; where the file does not say it."),
    ] = None,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the refused recordings with their reasons here.")
    ] = None,
) -> None:
    """Import real recordings: SmartEP text exports, Eclipse research exports (.xlsx, .csv).

    Names, birth dates and patient numbers are dropped or replaced by pseudonyms. What cannot be read is refused with
    a reason, row by row; nothing is guessed.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from abr_model.sources.reading import read_recordings
    from abr_model.sources.report import NothingImportedError

    _check_outputs(files, out, refused)
    errors = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    try:
        with Progress(*columns, console=errors) as progress:
            task = progress.add_task("reading", total=1.0)
            result = read_recordings(
                files,
                sampling_rate_hz=sampling_rate,
                start_ms=start,
                unit=unit,
                stated={"age_years": age, "hearing_loss": hearing_loss, "sex": sex, "stimulus_polarity": polarity},
                on_progress=lambda share, name: progress.update(task, completed=share, description=f"reading {name}"),
            )
    except NothingImportedError as error:
        _write_refused(error.report, refused)
        raise
    try:
        result.cohort.write(out)
    except OSError as error:
        raise InputError("the cohort cannot be written there", file=out.name) from error
    _write_refused(result.report, refused)
    for line in result.report.lines():
        typer.echo(line)
    if len(result.report.refused) and refused is None:
        typer.echo("the refused recordings, one by one: --refused FILE.csv")
    cohort = result.cohort
    times = cohort.time_ms
    typer.echo(
        f"{out.name}: {len(cohort):,} recordings of {cohort.patients:,} patients, {cohort.samples} samples "
        f"({times[0]:.2f} to {times[-1]:.2f} ms at {cohort.sampling.rate_hz:g} Hz)"
    )
    typer.echo(cohort.provenance.notice)


def _check_outputs(files: list[Path], out: Path, refused: Path | None) -> None:
    """Before a long reading: no output over an input, and names that can be written."""
    if out.suffix != ".parquet":
        raise InputError("a cohort file ends in .parquet", file=out.name, allowed="--out FILE.parquet")
    inputs = {file.resolve() for file in files}
    for path in (out, refused):
        if path is not None and path.resolve() in inputs:
            raise InputError("the output would overwrite a file that is to be read", file=path.name)
        if path is not None and path.is_dir():
            raise InputError("this is a folder", file=path.name, allowed="the name of a file")


def _write_refused(report, path: Path | None) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(report.refused_csv())
    except OSError as error:
        raise InputError("the refused recordings cannot be written there", file=path.name) from error
    typer.echo(f"{len(report.refused):,} reasons in {path.name}", err=True)
