"""What a file is, before anything is imported: its format, its first rows without names, and what is open."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from abr_model.cohort_storage import read_metadata
from abr_model.errors import InputError
from abr_model.schema import COLUMNS_BY_NAME, CONDITIONS, INTENSITY
from abr_model.sources.columns.class_words import known_words
from abr_model.sources.columns.guessing import guess_mapping
from abr_model.sources.columns.mapping import FACTORS, ColumnMapping
from abr_model.sources.columns.remembered import recall
from abr_model.sources.identifying import is_identifying, shown
from abr_model.sources.part import Given, Part, ReadFile
from abr_model.sources.readers import eclipse, table
from abr_model.sources.readers.reader import NotStatedError, companions_of
from abr_model.sources.readers.registry import is_cohort, reader_of, start_of
from abr_model.sources.stated import STATABLE

SHOWN_ROWS = 8
MASK = "•••"
_READ_BYTES = 32 << 20
_ASKED = {
    "sampling_rate_hz": ("how many samples per second?", 20_000.0),
    "start_ms": ("when was the first sample taken, relative to stimulus onset?", 0.0),
    "unit": ("in which unit are the samples?", "µV"),
}
_UNIT_TITLES = {"latency_unit": "latencies", "amplitude_unit": "wave amplitudes",
                "residual_noise_unit": "residual noise", "age_unit": "ages"}  # fmt: skip
_HARMLESS = {
    *(word for column in COLUMNS_BY_NAME.values() if column.classes for word in known_words(column.name)),
    *("click", "chirp", "ce-chirp", "tone burst", "toneburst", "abr"),
}
"""Words that are shown as they are; any other text may be a name."""

Kind = Literal["cohort", "table", "recordings", "companion", "unknown"]


@dataclass(frozen=True)
class Question:
    """Something that the file does not say.

    ``name`` is an argument of ``read_recordings`` (``"sampling_rate_hz"``, ``"start_ms"``, ``"unit"``), a field of a
    mapping (``"samples"``, ``"waveform_unit"``, ``"level_offset_db"``) or a column of a cohort (``"patient_id"``,
    ``"age_years"``). ``needed`` ones must be answered before the import; the others leave something missing.
    """

    name: str
    sentence: str
    needed: bool


@dataclass(frozen=True)
class Preview:
    """One file as a person may see it before the import.

    Parameters
    ----------
    file
        Its name.
    kind
        ``"cohort"`` (opened, not imported), ``"table"`` (its columns need a mapping), ``"recordings"`` (a format that
        says what is what), ``"companion"`` (read together with another of the files) or ``"unknown"``.
    format
        Name of the format; empty when unknown.
    recordings
        How many it holds, where that is cheap to know.
    states
        What the file says itself: ``{"sampling rate": "20,000 Hz", "levels": "0 to 60 dB nHL"}``.
    header, rows
        Column names and the first rows of a table, as text. Cells of identifying columns, and text that may be a name,
        are masked.
    mapping
        What the columns are: as remembered, else as guessed. None where no samples were found, or none is needed.
    confidence
        0 to 1 for what was guessed, by column of a cohort and field of the mapping; 1 when remembered.
    remembered
        The mapping was confirmed for a table with these columns before.
    identifying_columns
        Columns that will be dropped, the patient's number replaced by a pseudonym.
    questions
        What is open, needed answers first.
    warnings
        What would be lost or is odd already at a look: recordings that would be refused, a file that may be cut off.
    problem
        Why the file cannot be read; the other files are looked at all the same.
    """

    file: str
    kind: Kind
    format: str = ""
    recordings: int | None = None
    states: dict[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    mapping: ColumnMapping | None = None
    confidence: dict[str, float] = field(default_factory=dict)
    remembered: bool = False
    identifying_columns: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: InputError | None = None


def look(paths: str | Path | Iterable[str | Path], mapping: ColumnMapping | None = None) -> list[Preview]:
    """What each of the files is, without importing any. One that cannot be read does not hide the others.

    Parameters
    ----------
    paths
        One file or several.
    mapping
        Shown and asked about instead of the remembered or guessed one, for the tables that have its columns.
    """
    paths = [Path(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]
    previews: dict[Path, Preview] = {}
    companions: dict[Path, str] = {}
    for path in paths:
        try:
            start = start_of(path)
            if is_cohort(path, start):
                previews[path] = _cohort(path)
                continue
            reader = reader_of(path)
            for companion in companions_of(reader, path):
                companions[companion.resolve()] = reader.FORMAT
            tabular = reader in (eclipse, table)
            previews[path] = _table(path, start, reader, mapping) if tabular else _recordings(path, reader)
        except InputError as error:
            previews[path] = Preview(path.name, "unknown", problem=error)
    for path in paths:
        if path.resolve() in companions:
            previews[path] = Preview(path.name, "companion", companions[path.resolve()])
    return [previews[path] for path in paths]


def _cohort(path: Path) -> Preview:
    try:
        metadata = read_metadata(path)
    except InputError as error:
        return Preview(path.name, "cohort", "cohort", problem=error)
    return Preview(path.name, "cohort", "cohort", metadata["recordings"])


def _table(path: Path, start: bytes, reader, mapping: ColumnMapping | None) -> Preview:
    """A table: its columns, the first rows without names, and what its columns seem to be."""
    export = reader is eclipse
    sheet = eclipse.export_sheet(path, start) if export else table.trace_sheet(path, start, mapping)
    header, rows = sheet.header, sheet.head(table.GUESS_ROWS)
    guess = guess_mapping(header, rows, sheet.decimal)
    confidence, remembered, problem = guess.confidence, False, None
    chosen = guess.mapping
    if mapping is not None and not mapping.lacking(header):
        chosen, confidence = mapping, {name: 1.0 for name in mapping.columns}
    elif (recalled := recall(header)) is not None:
        chosen, remembered, confidence = recalled, True, {name: 1.0 for name in recalled.columns}
    elif export:
        try:
            chosen = eclipse.mapping_of(header, path.name)
            confidence = {name: 1.0 for name in chosen.columns}
        except InputError as error:
            chosen, problem = None, error
    patients = {m.columns.get("patient_id") for m in (chosen, guess.mapping) if m is not None} - {None}
    used = set() if chosen is None else {*chosen.columns.values()} - patients
    personal = [name in patients or (is_identifying(name) and name not in used) for name in header]
    questions = _questions_of(chosen, confidence, guess.hints) if problem is None else ()
    return Preview(
        path.name,
        "table",
        reader.FORMAT,
        sheet.count(),
        header=tuple(header),
        rows=tuple(_masked(row, personal) for row in rows[:SHOWN_ROWS]),
        mapping=chosen,
        confidence=confidence,
        remembered=remembered,
        identifying_columns=tuple(n for n, hidden in zip(header, personal, strict=True) if n and hidden),
        questions=questions,
        problem=problem,
    )


def _questions_of(mapping: ColumnMapping | None, confidence: dict[str, float], hints: dict[str, str]):
    if mapping is None:
        return (Question("samples", "which columns hold the samples of the traces?", True),)
    needed, other = [], []

    def ask(name: str, sentence: str, must: bool) -> None:
        hint = f" ({hints[name]})" if name in hints else ""
        (needed if must else other).append(Question(name, sentence + hint, must))

    if "patient_id" not in mapping.columns and not mapping.one_patient_per_file:
        ask("patient_id", "which column is the patient?", True)
    if mapping.sampling_rate_hz is None and mapping.sampling_rate_column is None:
        ask("sampling_rate_hz", "how many samples per second?", True)
    if mapping.start_ms is None:
        ask("start_ms", "when was the first sample taken, relative to stimulus onset?", True)
    if mapping.waveform_unit is None:
        ask("waveform_unit", "in which unit are the samples?", True)
    for name, score in confidence.items():
        if score >= 0.5:
            continue
        if name in mapping.columns:
            ask(name, f"is {mapping.columns[name]!r} the column of {_title(name)}?", False)
        elif name in FACTORS and name != "waveform_unit":
            ask(name, f"are {_UNIT_TITLES[name]} in {getattr(mapping, name)}?", False)
        elif name == "waveform_unit" and mapping.waveform_unit is not None:
            ask(name, f"are the samples in {mapping.waveform_unit}? (judged by their size)", False)
    for column in CONDITIONS:
        if column.name not in mapping.columns:
            ask(column.name, f"no column was recognised as {column.in_sentence}; without one it is missing", False)
    if "level_offset_db" in hints and mapping.level_offset_db == 0:
        ask("level_offset_db", "how many dB are to be added to the levels for dB nHL?", False)
    return (*needed, *other)


def _title(name: str) -> str:
    return "the patient" if name == "patient_id" else COLUMNS_BY_NAME[name].in_sentence


def _masked(row: list[str | None], personal: list[bool]) -> tuple[str, ...]:
    """A row as it may be shown: nothing of a column that identifies, and elsewhere no text that may be a name."""
    cells = [*row, *[None] * (len(personal) - len(row))]
    return tuple(
        "" if cell is None else MASK if hidden else _shown(cell) for cell, hidden in zip(cells, personal, strict=False)
    )


def _shown(cell: str) -> str:
    if cell.startswith("["):
        return cell[:40]
    return cell if cell.strip().casefold() in _HARMLESS else shown(cell)


def _recordings(path: Path, reader) -> Preview:
    """A format that says what is what: a small file is read to say what it holds."""
    if path.stat().st_size > _READ_BYTES:
        return Preview(path.name, "recordings", reader.FORMAT)
    given, open_ = Given(), []
    for _ in range(len(_ASKED) + 1):
        try:
            read = reader.read(path, given, secrets.token_bytes(32), lambda share: None)
            break
        except NotStatedError as error:  # asked of the person; answered here only so that the rest can be seen
            if error.what not in _ASKED or any(question.name == error.what for question in open_):
                return Preview(path.name, "recordings", reader.FORMAT, problem=error)
            sentence, stand_in = _ASKED[error.what]
            open_.append(Question(error.what, sentence, True))
            given = replace(given, **{error.what: stand_in})
        except InputError as error:
            return Preview(path.name, "recordings", reader.FORMAT, problem=error)
    parts = read.parts
    count = sum(len(part.rows) for part in parts)
    tables = pd.concat([part.table for part in parts], ignore_index=True) if parts else pd.DataFrame()
    for column in CONDITIONS:
        if column.name == INTENSITY.name and count and _lacks_offset(path, reader, given, parts):
            said = "the levels are not in dB nHL: how many dB are to be added? Without that they are missing"
            open_.append(Question("level_offset_db", said, False))
        elif not count or column.name not in tables or tables[column.name].isna().all():
            unless = "unless you state it, it" if column.name in STATABLE else "it"
            said = f"the file does not say {column.in_sentence}; {unless} is missing"
            open_.append(Question(column.name, said, False))
    return Preview(
        path.name,
        "recordings",
        reader.FORMAT,
        count + len(read.refusals.rows),
        states=_states(parts, tables, {question.name for question in open_}),
        identifying_columns=read.identifying_columns,
        questions=tuple(open_),
        warnings=_warnings(read),
    )


def _warnings(read: ReadFile) -> tuple[str, ...]:
    warnings = [note for note in read.notes if "cut off" in note]
    if refused := len(read.refusals.rows):
        reasons = ", ".join(dict.fromkeys(read.refusals.frame()["reason"]))
        warnings.append(f"{refused:,} recording{'s' if refused > 1 else ''} would be refused: {reasons}")
    return tuple(warnings)


def _lacks_offset(path: Path, reader, given: Given, parts: list[Part]) -> bool:
    """Whether levels are missing that would be there if it were said what is to be added to them."""
    missing = _without_level(parts)
    if not missing:
        return False
    again = reader.read(path, replace(given, level_offset_db=0.0), secrets.token_bytes(32), lambda share: None)
    return _without_level(again.parts) < missing


def _without_level(parts: list[Part]) -> int:
    name = INTENSITY.name
    return sum(int(p.table[name].isna().sum()) if name in p.table else len(p.rows) for p in parts)


def _states(parts: list[Part], tables: pd.DataFrame, asked: set[str]) -> dict[str, str]:
    """What a file says of its recordings."""
    if not parts:
        return {}
    states = {"patients": f"{tables['patient_id'].nunique():,}"}
    if "sampling_rate_hz" not in asked:
        rates = sorted({part.sampling.rate_hz for part in parts})
        states["sampling rate"] = " and ".join(f"{rate:,.0f}" for rate in rates) + " Hz"
    if not {"sampling_rate_hz", "start_ms"} & asked:
        ends = [part.sampling.time_ms(part.waveforms.shape[1])[[0, -1]] for part in parts]
        states["time"] = f"{min(e[0] for e in ends):.2f} to {max(e[1] for e in ends):.2f} ms"
    for name in tables.columns:
        column = COLUMNS_BY_NAME.get(name)
        values = tables[name].dropna()
        if column is None or not len(values) or name in ("patient_id", "recording_id"):
            continue
        if column.kind == "number":
            low, high = values.min(), values.max()
            unit = f" {column.unit}" if column.unit else ""
            states[column.in_sentence] = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
        else:
            states[column.in_sentence] = ", ".join(sorted(values.unique())[:5])
    return states
