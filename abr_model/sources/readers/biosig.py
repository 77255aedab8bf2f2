"""Exports of TDT BioSigRZ: a table with one averaged record per row (CSV), or the records one after the other (text).

The text layout is that of published exports (bgansemer/ABR-analysis, ``example-data``); of the table, column names and
their order come from readers that others published, so columns are found by name and what is not found is asked for.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from abr_model.errors import InputError
from abr_model.sources.identifying import is_identifying, normalised
from abr_model.sources.part import UNITS, Given, ReadFile
from abr_model.sources.readers.reader import OPTIONS, NotStatedError, Tell
from abr_model.sources.readers.sound_level import SPL, levels_in_db_nhl
from abr_model.sources.readers.traces import Trace, once, parts_of, samples_of
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import encoding_of, parse_number, start_of_text

FORMAT = "TDT BioSigRZ export"
ENDINGS = (".csv", ".txt")

_DATA = re.compile(r"data\s*\(\s*(n|u|µ|μ|m|)v\s*\)", re.IGNORECASE)
_UNIT_OF = {"n": "nV", "u": "µV", "µ": "µV", "μ": "µV", "m": "mV", "": "V"}
_TEXT_START = re.compile(r"^\s*(ABR Group Header|Record Number:)", re.MULTILINE)
_FIELDS = {
    "subject": ("subject id", "subject", "sub id", "subj id", "subjid", "subid", "animal id", "animal"),
    "level": ("level(db)", "level"),
    "frequency": ("freq(hz)", "freq"),
    "period": ("samp per", "samp per(us)", "samp per (us)"),
    "duration": ("aqu duration", "acq duration"),
    "points": ("no samps", "no samples", "no points", "npts"),
    "averages": ("no averages", "no avgs", "averages", "navgs"),
    "artifacts": ("no artifacts", "no arts", "artifacts", "narts"),
    "onset": ("onset delay", "onset del", "osdel"),
    "channel": ("channel", "chan"),
}
"""What is used of a record → how the exports call it, as ``normalised``."""
_FREE_TEXT = ("reference", "ref", "memo", "siggen file", "sgf", "start", "end", "sig file")
_TEXT_KEY = re.compile(
    r"(Group Number|Records|SigGen File #\d|SigGen Index|Subject ID|Reference #\d|Memo|(?:Start|End) Time|Variables|"
    r"Aqu\. Duration|Onset Delay|No\. (?:Points|Averages|Artifacts)):\s*(.*)|([\w-]{1,15}) = (.*)"
)
"""What is said of a group, a record, or as a variable of its stimulus; other lines may be a memo that goes on."""
_PERIODS_US = (1.0, 1000.0)


@dataclass
class _Record:
    """One record of either layout: what is said of it (name in the file → text) and its samples as text."""

    said: dict[str, str | None] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)


def recognises(path: Path, start: bytes) -> bool:
    """Whether the file is an export of BioSigRZ, as a table or as text."""
    text = start_of_text(start)
    if _TEXT_START.match(text):
        return "SigGen" in text or "Aqu. Duration" in text
    header = [normalised(name) for name in _split(text.split("\n", 1)[0])]
    return "level(db)" in header and any(_DATA.fullmatch(name) for name in header)


def read(path: Path, given: Given, salt: bytes, tell: Tell | None = None) -> ReadFile:
    """Read all records of one file, from the stimulus on, in µV.

    The level is the one that was set, in dB SPL where the system was calibrated: see
    :func:`~abr_model.sources.readers.sound_level.levels_in_db_nhl`. Species and age are not in the file.

    Raises
    ------
    NotStatedError
        The file does not say the sampling rate, or when the stimulus came.
    InputError
        The file is damaged, or no record is in it.
    """
    try:
        text = path.read_text(encoding=encoding_of(path))
    except (OSError, UnicodeError) as error:
        raise InputError("the file is damaged: it cannot be read as text", file=path.name) from error
    is_text = _TEXT_START.match(text) is not None
    records, stated_unit, samples_name = _text_records(text) if is_text else _table_records(text, path.name)
    if not records:
        raise InputError("the file holds no record", file=path.name)
    names = once(name for record in records for name in record.said)
    used = {what: _find(names, spellings) for what, spellings in _FIELDS.items()}
    rows = range(1, len(records) + 1)
    refusals = Refusals(path.name)

    levels, notes = [np.nan] * len(records), []
    if used["level"]:
        texts = [_said(record, used, "level") for record in records]
        levels, notes = levels_in_db_nhl(texts, SPL, rows, used["level"], given, refusals)
    unit = stated_unit or given.unit or "V"
    subjects = [_said(record, used, "subject") for record in records]
    longest = max(len(record.samples) for record in records)
    traces = []
    for row, record, level, subject in zip(rows, records, levels, subjects, strict=True):
        rate_hz = _rate_hz(record, used, row, given, refusals)
        start_ms = _start_ms(record, used, row, given, refusals)
        samples = _samples(record, used, longest, samples_name, row, refusals)
        if used["subject"] and subject is None:
            refusals.add(row, used["subject"], None, "the subject's identifier is missing")
        if row in refusals.rows:
            continue
        cells = {
            "sweeps_accepted": _said(record, used, "averages"),
            "sweeps_rejected": _said(record, used, "artifacts"),
            "stimulus_type": _stimulus(_said(record, used, "frequency")),
        }
        identifier = subject or hashlib.sha256(text.encode()).hexdigest()
        numbers = {"intensity_db_nhl": level}
        traces.append(Trace(row, samples * UNITS[unit], rate_hz, start_ms, identifier, cells, numbers))
        if tell:
            tell(row / len(records))
    columns = ("sweeps_accepted", "sweeps_rejected", "stimulus_type", "intensity_db_nhl")
    named = ("averages", "artifacts", "frequency", "level")
    in_file = {column: used[what] or what for column, what in zip(columns, named, strict=True)}
    parts, done = parts_of(traces, in_file, samples_name, refusals, salt)
    others = [name for name in names if name not in used.values()]
    personal = [name for name in others if is_identifying(name) or normalised(name).startswith(_FREE_TEXT)]
    return ReadFile(
        FORMAT,
        parts,
        refusals,
        identifying_columns=tuple(filter(None, [used["subject"], *personal])),
        unused_columns=tuple(name for name in others if name not in personal),
        absent_columns=tuple(what for what in ("subject", "level", "averages", "artifacts") if not used[what]),
        notes=(*notes, *done, *_notes(records, used, stated_unit, given)),
    )


def _notes(records: list[_Record], used: dict, stated_unit: str | None, given: Given) -> list[str]:
    notes = [
        "BioSigRZ does not state species, age, sex, ear, stimulus rate, hearing loss, Fmp and wave labels: they are "
        "missing; its subjects are usually animals"
    ]
    if not used["subject"]:
        notes.append("the file does not name the subject: all its records are taken as one subject's")
    if channels := len({_said(record, used, "channel") for record in records}) - 1:
        notes.append(f"records of {channels + 1} channels are in the file: every one became a recording")
    if given.sampling_rate_hz is not None and (used["period"] or used["duration"]):
        notes.append("the sampling rate given was not used for BioSigRZ: the file states its own")
    if stated_unit is None and given.unit is None:
        notes.append("the text export does not state the unit of the samples: V, as BioSigRZ keeps them")
    if stated_unit is not None and given.unit not in (None, stated_unit):
        notes.append(f"the unit given ({given.unit}) was not used for BioSigRZ: the file states {stated_unit}")
    return notes


def _table_records(text: str, file: str) -> tuple[list[_Record], str, str]:
    """Records of a CSV table, the unit of their samples, and the name of the column where the samples begin."""
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(text.split("\n", 1)[0])))
    except csv.Error as error:
        raise InputError("the file is damaged: its lines cannot be read", file=file) from error
    header = [name.strip() for name in rows[0]]
    begins = next((i for i, name in enumerate(header) if _DATA.fullmatch(name)), None)
    if begins is None:
        raise InputError("the column with the samples is missing", file=file, allowed="Data(uv), Data(nv) or Data(v)")
    records = []
    for cells in rows[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        texts = [cell.strip() for cell in cells]
        said = {name: text or None for name, text in zip(header[:begins], texts, strict=False) if name}
        samples = texts[begins:]
        while samples and not samples[-1]:
            samples.pop()
        records.append(_Record(said, samples))
    unit = _UNIT_OF[_DATA.fullmatch(header[begins])[1].lower()]
    return records, unit, header[begins]


def _text_records(text: str) -> tuple[list[_Record], None, str]:
    """Records of the text export; what stands in the header of their group is said of each."""
    group: dict[str, str | None] = {}
    records: list[_Record] = []
    record = None
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("---"):
            continue
        if line.startswith("ABR Group Header"):
            group, record = {}, None
        elif line.startswith("Record Number:"):
            record = _Record({**group, "Record Number": line.partition(":")[2].strip()})
            records.append(record)
        elif record is not None and (record.samples or parse_number(line) is not None):
            record.samples.append(line)
        elif match := _TEXT_KEY.fullmatch(line):
            key, value = (match[1], match[2]) if match[1] else (match[3], match[4])
            (group if record is None else record.said)[key] = value or None
        elif record is not None:
            record.samples.append(line)  # not a number: told when the samples are read
    return records, None, "samples"


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _split(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(_delimiter(line))]


def _find(names: tuple[str, ...], spellings: tuple[str, ...]) -> str | None:
    """The name in the file that is one of the spellings."""
    return next((name for spelling in spellings for name in names if normalised(name) == spelling), None)


def _said(record: _Record, used: dict[str, str | None], what: str) -> str | None:
    return record.said.get(used[what]) if used[what] else None


def _number(text: str | None, unit: str) -> float | None:
    """A number, with its unit or without: NaN for nothing, None for something else."""
    return parse_number(re.sub(rf"\s*{unit}$", "", text, flags=re.IGNORECASE), ",") if text else np.nan


def _rate_hz(record: _Record, used: dict, row: int, given: Given, refusals: Refusals) -> float:
    """Samples per second, from the sampling period in µs, or from the duration in ms and the number of points."""
    if used["period"]:
        text = _said(record, used, "period")
        period_us = _number(text, "[uµμ]s")
        if period_us is not None and _PERIODS_US[0] <= period_us <= _PERIODS_US[1]:
            return 1e6 / period_us
        reason = f"it must be a number from {_PERIODS_US[0]:g} to {_PERIODS_US[1]:g} (µs)"
        refusals.add(row, used["period"], text, reason)
    elif used["duration"] and used["points"]:
        duration_ms, points = _number(_said(record, used, "duration"), "ms"), _number(_said(record, used, "points"), "")
        if duration_ms and points and duration_ms > 0 and points > 1:
            return 1000 * points / duration_ms
        reason = "duration and number of points must be positive numbers"
        refusals.add(row, used["duration"], _said(record, used, "duration"), reason)
    elif given.sampling_rate_hz is not None:
        return given.sampling_rate_hz
    else:
        raise NotStatedError(
            "sampling_rate_hz", "the file does not state its sampling rate", file=refusals.file, column="Samp. Per.",
            allowed=OPTIONS["sampling_rate_hz"],
        )  # fmt: skip
    return np.nan


def _start_ms(record: _Record, used: dict, row: int, given: Given, refusals: Refusals) -> float:
    """Time of the first sample. With an onset delay of 0 that is the stimulus; otherwise it is not documented whether
    the stimulus or the acquisition waits, so the person says it."""
    text = _said(record, used, "onset")
    onset_ms = _number(text, "ms")
    if onset_ms is None:
        refusals.add(row, used["onset"], text, "it must be a number (ms)")
        return np.nan
    if onset_ms == 0:
        return 0.0
    if given.start_ms is None:
        problem = "the file does not state its time zero" if np.isnan(onset_ms) else "there is an onset delay"
        raise NotStatedError(
            "start_ms", problem, file=refusals.file, row=row, column=used["onset"] or "Onset Delay",
            allowed=OPTIONS["start_ms"],
        )  # fmt: skip
    return given.start_ms


def _samples(record: _Record, used: dict, longest: int, name: str, row: int, refusals: Refusals) -> np.ndarray | None:
    """[T] samples as they stand in the file; None, with the reason told, where they are not whole.

    Where the file does not state the number of points, it is that of the ``longest`` record.
    """
    text = _said(record, used, "points")
    points = _number(text, "")
    if points is None or (points < 2):
        refusals.add(row, used["points"], text, "the number of points must be a number above 1")
        return None
    expected = longest if np.isnan(points) else int(points)
    if len(record.samples) != expected:
        reason = f"{expected:,} samples were expected, {len(record.samples):,} are there: it may be cut off"
        refusals.add(row, name, str(len(record.samples)), reason)
        return None
    return samples_of(record.samples, row, name, refusals)


def _stimulus(frequency: str | None) -> str | None:
    """A tone where a frequency is said; a click has none, but neither has noise, so nothing is said of it."""
    hertz = _number(frequency, "Hz")
    return f"tone {hertz:g} Hz" if hertz is not None and hertz > 0 else None
