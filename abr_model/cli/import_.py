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
    out: Annotated[Path | None, typer.Option(help="Cohort file to write (.parquet).")] = None,
    look: Annotated[
        bool, typer.Option("--look", help="Only say what the files are, what was guessed and what is open.")
    ] = False,
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
        str | None,
        typer.Option(metavar="UNIT", help="Unit of the samples: µV (or uV), mV, nV, V. The format's own else."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE.yaml", help="What the columns of a table are; --look makes a first one."),
    ] = None,
    save_mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml", help="With --look: write the guessed mapping here. Else: the one that was used."
        ),
    ] = None,
    invert_polarity: Annotated[
        bool | None,
        typer.Option("--invert-polarity/--keep-polarity", help="Turn every trace over: vertex positive is down there."),
    ] = None,
    label_shift: Annotated[
        float | None,
        typer.Option(metavar="MS", help="Add this to every latency, e.g. the delay of an insert earphone's tube."),
    ] = None,
    level_offset: Annotated[
        float | None,
        typer.Option(metavar="DB", help="Add this to levels on another scale than dB nHL: --level-offset=-30"),
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
    store_anyway: Annotated[
        bool, typer.Option("--store-anyway", help="Store although the checks found problems; they stay in the file.")
    ] = False,
) -> None:
    """Import real recordings of clinics: exports of recording systems and plain tables, chosen by their content.

    Names, birth dates and patient numbers are dropped or replaced by pseudonyms. What cannot be read is refused with
    a reason, row by row; nothing is guessed. What was read is then checked; with a problem nothing is stored.
    """
    from abr_model.sources.columns.mapping import ColumnMapping

    columns = None if mapping is None else ColumnMapping.load(mapping)
    answers = {
        "sampling_rate_hz": sampling_rate,
        "start_ms": start,
        "unit": unit,
        "invert_polarity": invert_polarity,
        "label_shift_ms": label_shift,
        "level_offset_db": level_offset,
    }
    if look:
        from abr_model.cli.import_preview import show_previews

        show_previews(files, columns, answers, save_mapping)
        return
    if out is None:
        raise InputError("it is not said where the cohort is to be written", allowed="--out FILE.parquet, or --look")
    stated = {"age_years": age, "hearing_loss": hearing_loss, "sex": sex, "stimulus_polarity": polarity}
    _check_outputs([*files, *([] if mapping is None else [mapping])], out, refused, save_mapping)
    result = _read(files, out, columns, answers, stated, refused)
    _write_refused(result.report, refused)
    for line in result.report.lines():
        typer.echo(line)
    if len(result.report.refused) and refused is None:
        typer.echo("the refused recordings, one by one: --refused FILE.csv")
    _offer_corrections(result.report)
    _stop_at_problems(result.report, store_anyway)
    try:
        result.cohort.write(out)
    except OSError as error:
        raise InputError("the cohort cannot be written there", file=out.name) from error
    _keep_mapping(files, columns, answers, save_mapping)
    cohort = result.cohort
    times = cohort.time_ms
    typer.echo(
        f"{out.name}: {len(cohort):,} recordings of {cohort.patients:,} patients, {cohort.samples} samples "
        f"({times[0]:.2f} to {times[-1]:.2f} ms at {cohort.sampling.rate_hz:g} Hz)"
    )
    typer.echo(cohort.provenance.notice)


def _read(files: list[Path], out: Path, mapping, answers: dict, stated: dict, refused: Path | None):
    """The import with a progress bar; when nothing could be read, the reasons are written all the same."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from abr_model.sources.checks.known_imports import known_imports
    from abr_model.sources.reading import read_recordings
    from abr_model.sources.report import NothingImportedError

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("reading", total=1.0)
            return read_recordings(
                files,
                **answers,
                mapping=mapping,
                stated=stated,
                known=known_imports(but=out),
                on_progress=lambda share, name: progress.update(task, completed=share, description=f"reading {name}"),
            )
    except NothingImportedError as error:
        _write_refused(error.report, refused)
        raise


def _offer_corrections(report) -> None:
    for finding in report.findings:
        if finding.correction is not None and finding.severity != "fine":
            typer.echo(f"to correct this, import with {finding.correction.option} – {finding.correction.sentence}")


def _stop_at_problems(report, store_anyway: bool) -> None:
    if not report.problems or store_anyway:
        return
    count = len(report.problems)
    words = "a problem" if count == 1 else f"{count} problems"
    raise InputError(
        f"the checks found {words}, and nothing was stored: {'; '.join(f.sentence for f in report.problems)}",
        allowed="import again with the correction, or as it is with --store-anyway",
    )


def _keep_mapping(files: list[Path], mapping, answers: dict, path: Path | None) -> None:
    """A mapping that worked is remembered for these columns, and written where the person asked for it."""
    from abr_model.cli.import_preview import with_answers
    from abr_model.sources.columns.remembered import remember
    from abr_model.sources.preview import look
    from abr_model.sources.readers import table

    if mapping is None and path is None:
        return
    tables = [preview for preview in look(files, mapping) if preview.mapping is not None]
    for preview in tables:
        if mapping is not None and preview.format == table.FORMAT and not mapping.lacking(list(preview.header)):
            remember(list(preview.header), with_answers(mapping, answers))
    if path is not None:
        if not tables:
            raise InputError("these files need no mapping: they say what is what", allowed="tables")
        typer.echo(f"mapping in {with_answers(tables[0].mapping, answers).save(path).name}")


def _check_outputs(files: list[Path], out: Path, *others: Path | None) -> None:
    """Before a long reading: no output over an input, and names that can be written."""
    if out.suffix != ".parquet":
        raise InputError("a cohort file ends in .parquet", file=out.name, allowed="--out FILE.parquet")
    inputs = {file.resolve() for file in files}
    for path in (out, *others):
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
