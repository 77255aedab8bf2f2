"""Text exports of IHS SmartEP: about twenty header rows, then six columns per recording."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.errors import InputError
from abr_model.schema import INTENSITY
from abr_model.sources.columns.fields import CellRules, tidy
from abr_model.sources.part import Given, Part, ReadFile
from abr_model.sources.pseudonyms import patient_pseudonym, recording_pseudonym
from abr_model.sources.readers.reader import OPTIONS, NotStatedError, Tell
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import encoding_of, parse_number, start_of_text

FORMAT = "IHS SmartEP text export"
ENDINGS = (".txt",)
EXPORTED_POINTS = 1024
_PERIOD, _ZERO = "Smp. Period:", "Zero Position:"
_FIELDS = {
    "Ear:": "ear",
    "Intensity:": "intensity_db_nhl",
    "Stim. Rate:": "stimulus_rate_per_s",
    "Sweeps:": "sweeps_accepted",
    "Artifacts:": "sweeps_rejected",
}
_IDENTIFYING = ("Identifier:", "File Name:")
_REQUIRED = ("Identifier:", "Intensity:", "Stim. Rate:")
_PERIODS_US = (1.0, 1000.0)
_BUFFERS_AGREE_UV = 2e-4  # the file rounds to 0.0001 µV


def recognises(path: Path, start: bytes) -> bool:
    """Whether a file that begins with these bytes (64 kB are enough) is of this format, in whichever encoding."""
    keys = [line.split(",", 1)[0].strip() for line in start_of_text(start).splitlines()[:60]]
    return "Data Pnt:" in keys and ("Identifier:" in keys or _PERIOD in keys)


def read(path: Path, given: Given, salt: bytes, tell: Tell) -> ReadFile:
    """Read all recordings of one file, from time zero on, in µV.

    ``Zero Position`` is the number (1 = first) of the sample at stimulus onset. The two interleaved half-averages give
    the residual noise: the RMS of (b1 − b2) / 2 estimates the noise of the average.

    Raises
    ------
    InputError
        A header row is missing, or the file states no sampling period or time zero and neither was given.
    """
    header, columns, data = _split(path)
    for key in _REQUIRED:
        if key not in header:
            raise InputError("the header row is missing", file=path.name, column=key)
    count = len(columns)
    rows = np.arange(1, count + 1)
    refusals = Refusals(path.name)
    cells = {key: [_cell(header[key], c["Average:"]) for c in columns] for key in header}

    present = {key: name for key, name in _FIELDS.items() if key in header}
    raw = pd.DataFrame({name: cells[key] for key, name in present.items()}, dtype="str")
    rules = CellRules(offsets={INTENSITY.name: given.level_offset_db or 0.0})
    tidied = tidy(raw, rows, {name: key for key, name in present.items()}, refusals, rules)
    table = tidied.table
    identifiers = cells["Identifier:"]
    for row, identifier in zip(rows, identifiers, strict=True):
        if identifier is None:
            refusals.add(row, "Identifier:", None, "the patient's identifier is missing")
    table["patient_id"] = [patient_pseudonym(i, salt) if i else None for i in identifiers]

    period = _stated(cells, _PERIOD, rows, refusals, *_PERIODS_US)
    zero = _stated(cells, _ZERO, rows, refusals, 1, len(data))
    notes = [
        "SmartEP does not state the unit of the intensity: it is taken as dB nHL"
        + (f" after adding {given.level_offset_db:+g} dB as stated" if given.level_offset_db else ""),
        "SmartEP does not state age, sex, hearing loss, Fmp and wave labels, and its codes for stimulus and polarity "
        "are not documented: they are missing",
    ]
    open_ = ~np.isin(rows, list(refusals.rows))
    rates, start, first = _sampling(period, zero, open_, given, path.name)
    notes += _options_not_used(given, rates[open_ & np.isfinite(period)], (open_ & np.isfinite(zero)).any())

    average = _samples(data, columns, "Average(uV):", rows, refusals)
    if average is None:
        raise InputError("there is no average in µV", file=path.name, column="Average(uV):")
    buffers = [_samples(data, columns, f"Buffer{k}(uV):", rows, refusals) for k in (1, 2)]
    points = average.shape[1]
    if points != EXPORTED_POINTS:
        notes.append(f"the file holds {points} points per recording, not {EXPORTED_POINTS:,}: it may be cut off")
    _refuse_cut_off(data, columns, rows, refusals)
    _refuse_broken(average, first, rows, refusals)

    whole = np.flatnonzero(~np.isin(rows, list(refusals.rows)))
    table["residual_noise_nv"] = _residual_noise_nv(average, *buffers, first, whole)
    if unknown := int(table.loc[whole, "residual_noise_nv"].isna().sum()):
        notes.append(f"residual noise is missing in {unknown} recordings: two half-averages do not make up the average")
    if (first[whole] > 0).any():
        notes.append("samples before the stimulus were left out")
    parts = _parts(average, table, rows, np.stack([rates, start, first], axis=1), whole, salt)
    tell(1.0)
    return ReadFile(
        FORMAT,
        parts,
        refusals,
        identifying_columns=tuple(k.rstrip(":") for k in _IDENTIFYING if k in header),
        unused_columns=tuple(k.rstrip(":") for k in header if k not in (*_FIELDS, _PERIOD, _ZERO, *_IDENTIFYING)),
        notes=tuple(notes),
    )


def _options_not_used(given: Given, stated_rates: np.ndarray, zero_stated: bool) -> list[str]:
    """What the file states wins over what the person said; that is told."""
    notes = []
    if given.sampling_rate_hz is not None and not np.allclose(stated_rates, given.sampling_rate_hz):
        notes.append("the sampling rate given was not used for SmartEP: the file states its own")
    if given.start_ms is not None and zero_stated:
        notes.append("the time of the first sample given was not used for SmartEP: the file states time zero")
    if given.unit not in (None, "µV"):
        notes.append(f"the unit given ({given.unit}) was not used for SmartEP: the file states µV")
    return notes


def _residual_noise_nv(average, one, two, first: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """[recordings] RMS of (b1 − b2) / 2 from time zero on, nV; NaN where b1 and b2 do not make up the average."""
    noise = np.full(len(average), np.nan)
    if one is None or two is None:
        return noise
    for i in whole:
        kept = slice(int(first[i]), None)
        if np.abs((one[i, kept] + two[i, kept]) / 2 - average[i, kept]).max() <= _BUFFERS_AGREE_UV:
            noise[i] = 1e3 * np.sqrt(np.mean(((one[i, kept] - two[i, kept]) / 2) ** 2))
    return noise


def _parts(average, table: pd.DataFrame, rows, sampling: np.ndarray, whole: np.ndarray, salt: bytes) -> list[Part]:
    """Recordings with the same sampling together; ``sampling`` [recordings, 3] is rate, start and first sample kept."""
    parts = []
    for rate, start, first in dict.fromkeys(map(tuple, sampling[whole])):
        index = whole[(sampling[whole] == (rate, start, first)).all(axis=1)]
        # + 0: a trace is recognised by its bytes, and −0.0 has others than 0.0
        waveforms = average[index, int(first) :].astype(np.float32) + np.float32(0)
        names = [recording_pseudonym(trace.tobytes(), salt) for trace in waveforms]
        part_table = table.iloc[index].reset_index(drop=True).assign(recording_id=names)
        parts.append(Part(waveforms, part_table, Sampling(rate_hz=rate, start_ms=start), rows[index]))
    return parts


def _split(path: Path) -> tuple[dict[str, list[str]], list[dict[str, int]], list[list[str]]]:
    """Header rows, the columns of each recording (heading → position), and the rows of samples."""
    header: dict[str, list[str]] = {}
    headings: list[str] | None = None
    data = []
    try:
        with path.open(encoding=encoding_of(path), newline="") as file:
            for record in csv.reader(file):
                key = record[0].strip() if record else ""
                if headings is not None:
                    if any(cell.strip() for cell in record):
                        data.append(record)
                elif key == "Data Pnt:":
                    headings = [heading.strip() for heading in record]
                elif key:
                    header[key if key.endswith(":") else key + ":"] = record
    except (csv.Error, UnicodeError) as error:
        raise InputError("the file is damaged: its lines cannot be read", file=path.name) from error
    if headings is None:
        raise InputError("the file ends before its samples", file=path.name, allowed="a row 'Data Pnt:'")
    starts = [i for i, heading in enumerate(headings) if heading == "Average:"]
    if not starts:
        raise InputError("the file holds no recording", file=path.name, column="Average:")
    ends = [*starts[1:], len(headings)]
    columns = [{headings[i]: i for i in range(a, b) if headings[i]} for a, b in zip(starts, ends, strict=True)]
    if not data:
        raise InputError("the file ends before its samples", file=path.name)
    for expected, record in enumerate(data, start=1):
        if parse_number(record[0]) != expected:  # a lost line would shift every later sample in time
            raise InputError(
                "the points are not consecutive",
                file=path.name,
                column="Data Pnt:",
                allowed=f"{expected} at this place",
            )
    return header, columns, data


def _cell(record: list[str], position: int) -> str | None:
    text = record[position].strip() if position < len(record) else ""
    return text or None


def _stated(cells, key: str, rows, refusals: Refusals, minimum: float, maximum: float) -> np.ndarray:
    """[recordings] numbers of a header row; NaN where the file does not say. What cannot be is refused."""
    values = np.full(len(rows), np.nan)
    for i, text in enumerate(cells.get(key, [None] * len(rows))):
        number = parse_number(text)
        if number is None or number < minimum or number > maximum:
            refusals.add(rows[i], key, text, f"it must be a number from {minimum:g} to {maximum:g}")
        else:
            values[i] = number
    return values


def _sampling(period_us, zero, open_, given: Given, file: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sampling rate (Hz), time of the first sample kept (ms) and its 0-based position, per recording.

    ``open_`` marks the recordings that are not refused: they need both.
    """
    for stated, key, known, problem, what in (
        (np.isfinite(period_us), _PERIOD, given.sampling_rate_hz, "its sampling rate", "sampling_rate_hz"),
        (np.isfinite(zero), _ZERO, given.start_ms, "its time zero", "start_ms"),
    ):
        lacking = np.flatnonzero(open_ & ~stated)
        if len(lacking) and known is None:
            row = int(lacking[0]) + 1
            raise NotStatedError(
                what, f"the file does not state {problem}", file=file, row=row, column=key, allowed=OPTIONS[what]
            )
    rates = np.where(np.isfinite(period_us), 1e6 / period_us, given.sampling_rate_hz or np.nan)
    start = np.where(np.isfinite(zero), 0.0, np.nan if given.start_ms is None else given.start_ms)
    return rates, start, np.where(np.isfinite(zero), zero - 1, 0)


def _samples(data, columns, heading: str, rows, refusals: Refusals) -> np.ndarray | None:
    """[recordings, points] of one kind of column; None where the export lacks it. NaN where a cell is empty."""
    if any(heading not in c for c in columns):
        return None
    values = np.full((len(columns), len(data)), np.nan)
    for i, column in enumerate(columns):
        position = column[heading]
        for point, record in enumerate(data):
            number = parse_number(record[position] if position < len(record) else None)
            if number is None:
                refusals.add(rows[i], heading, record[position], f"a sample is not a number (point {point + 1})")
                break
            values[i, point] = number
    return values


def _refuse_cut_off(data, columns, rows, refusals: Refusals) -> None:
    """A line that ends early may end within a number: its last cell is not to be trusted either."""
    usual = max(len(record) for record in data)
    for point, record in enumerate(data, start=1):
        if len(record) == usual:
            continue
        for row, column in zip(rows, columns, strict=True):
            if max(column.values()) >= len(record) - 1 and row not in refusals.rows:
                refusals.add(row, "Data Pnt:", str(point), "the line of this point ends early")


def _refuse_broken(average: np.ndarray, first: np.ndarray, rows, refusals: Refusals) -> None:
    points = average.shape[1]
    for i, row in enumerate(rows):
        if row in refusals.rows:
            continue
        if first[i] != round(first[i]):
            refusals.add(row, _ZERO, f"{first[i] + 1:g}", f"time zero is not one of the {points} points")
            continue
        kept = average[i, int(first[i]) :]
        if np.isnan(kept).any():
            point = int(first[i]) + int(np.flatnonzero(np.isnan(kept))[0]) + 1
            refusals.add(row, "Average(uV):", None, f"a sample is missing (point {point})")
        elif np.ptp(kept) == 0:
            refusals.add(row, "Average(uV):", None, "the trace is flat: there is no signal in it")
