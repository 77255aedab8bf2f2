"""``abr import --look``: what files are, what was guessed and what is open, without importing."""

from __future__ import annotations

from pathlib import Path

import typer

from abr_model.errors import InputError
from abr_model.schema import COLUMNS_BY_NAME
from abr_model.sources.columns.mapping import UNIT_OF, ColumnMapping
from abr_model.sources.preview import Preview, look
from abr_model.validation import as_input_error

_OPTIONS = {
    "sampling_rate_hz": "--sampling-rate HZ",
    "start_ms": "--start MS",
    "unit": "--unit UNIT",
    "waveform_unit": "--unit UNIT",
    "level_offset_db": "--level-offset DB",
    "age_years": "--age YEARS",
    "hearing_loss": "--hearing-loss CLASS",
}
_FIELD_OF = {"unit": "waveform_unit"}


def with_answers(mapping: ColumnMapping, answers: dict) -> ColumnMapping:
    """The mapping with what the person said on the command line.

    Raises
    ------
    InputError
        An answer that cannot be.
    """
    from pydantic import ValidationError

    said = {_FIELD_OF.get(name, name): value for name, value in answers.items() if value is not None}
    try:
        return ColumnMapping.model_validate(mapping.model_dump() | said)
    except ValidationError as error:
        raise as_input_error(error, ColumnMapping, "mapping") from error


def show_previews(files: list[Path], mapping: ColumnMapping | None, answers: dict, save: Path | None) -> None:
    """Print what each file is; write the first table's mapping to ``save``.

    Raises
    ------
    InputError
        A mapping is to be written and there is no table; none of the files can be read.
    """
    previews = look(files, mapping)
    for preview in previews:
        for line in _lines(preview, answers):
            typer.echo(line)
    if save is not None:
        first = next((preview for preview in previews if preview.mapping is not None), None)
        if first is None:
            raise InputError("there is no table to write a mapping for", allowed="a table with samples in columns")
        if save.resolve() in {file.resolve() for file in files}:
            raise InputError("the output would overwrite a file that is to be read", file=save.name)
        with_answers(first.mapping, answers).save(save)
        typer.echo(f"{save.name}: look it through, correct it, and import with --mapping {save.name}")
    problems = [preview.problem for preview in previews if preview.problem is not None]
    if problems and len(problems) == len(previews):
        raise problems[0]


def _lines(preview: Preview, answers: dict) -> list[str]:
    count = "" if preview.recordings is None else f", {preview.recordings:,} recordings"
    lines = [f"{preview.file}: {preview.format or 'not of a kind that can be read'}{count}"]
    if preview.problem is not None:
        return [*lines, f"  {preview.problem}"]
    if preview.kind == "cohort":
        return [*lines, "  a cohort is opened, not imported"]
    if preview.kind == "companion":
        return [*lines, "  read together with another of the files"]
    lines += [f"  {name}: {value}" for name, value in preview.states.items()]
    lines += [f"  look: {warning}" for warning in preview.warnings]
    if preview.mapping is not None:
        lines += _mapping_lines(preview)
    if preview.identifying_columns:
        lines.append(f"  dropped, or made a pseudonym: {', '.join(preview.identifying_columns)}")
    for question in preview.questions:
        if answers.get({"waveform_unit": "unit"}.get(question.name, question.name)) is not None:
            continue
        how = _OPTIONS.get(question.name, "" if preview.mapping is None else "in the mapping file")
        lines.append(f"  {'needed' if question.needed else 'open'}: {question.sentence} {how}".rstrip())
    return lines


def _mapping_lines(preview: Preview) -> list[str]:
    mapping = preview.mapping
    lines = ["  columns as confirmed before:" if preview.remembered else "  columns:"]
    for name, column in mapping.columns.items():
        unit = f", {getattr(mapping, UNIT_OF[name])}" if name in UNIT_OF else ""
        sure = "" if preview.remembered else f"  ({preview.confidence.get(name, 1.0):.0%} sure)"
        title = "patient" if name == "patient_id" else COLUMNS_BY_NAME[name].in_sentence
        lines.append(f"    {title}{unit} = {column!r}{sure}")
    samples = mapping.samples
    if samples.list_column is not None:
        where = f"lists in {samples.list_column!r}"
    elif samples.first is not None:
        where = f"{samples.first!r} to {samples.last!r}"
    else:
        where = f"columns named {samples.prefix!r} and a number" if samples.prefix else "columns 1, 2, 3 …"
    lines.append(f"    samples{'' if mapping.waveform_unit is None else ', ' + mapping.waveform_unit} = {where}")
    for name, values in mapping.missing_values.items():
        lines.append(f"    missing in {COLUMNS_BY_NAME[name].in_sentence}: {', '.join(values)}")
    return lines
