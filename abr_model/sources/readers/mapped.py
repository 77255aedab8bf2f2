"""Reads a table with one row per recording as its mapping says; the Eclipse export is one such mapping."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.errors import InputError
from abr_model.schema import COLUMNS_BY_NAME, WAVES, amplitude_column, latency_column
from abr_model.sources.columns.fields import CellRules, tidy
from abr_model.sources.columns.mapping import FACTORS, UNIT_OF, ColumnMapping, position_of
from abr_model.sources.identifying import is_identifying
from abr_model.sources.part import Given, ReadFile
from abr_model.sources.pseudonyms import patient_pseudonym
from abr_model.sources.readers.reader import OPTIONS, NotStatedError, Tell
from abr_model.sources.readers.wide_traces import whole_part
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import Block, Sheet, parse_number

_RATES_HZ = (1_000.0, 1_000_000.0)
_NO_PATIENT = ("", "0")


@dataclass(frozen=True)
class _Layout:
    """Where what stands: column positions of the file."""

    patient: int | None
    rate: int | None
    fields: dict[str, int]  # cohort column → position
    samples: list[int]

    @property
    def text(self) -> list[int]:
        """Positions that are read as text."""
        return [p for p in (self.patient, self.rate, *self.fields.values()) if p is not None]


def read_mapped(
    sheet: Sheet,
    mapping: ColumnMapping,
    given: Given,
    salt: bytes,
    tell: Tell,
    *,
    name: str,
    notes: tuple[str, ...] = (),
    absent_columns: tuple[str, ...] | None = None,
) -> ReadFile:
    """Read all recordings of a table, block by block.

    What is given wins over what the mapping says of sampling rate, time zero and unit.

    Parameters
    ----------
    name
        The format's name.
    notes
        Sentences of the format for the report.
    absent_columns
        What the format can have and this file lacks; by default what a cohort can have and the mapping does not name.

    Raises
    ------
    NotStatedError
        Sampling rate, time zero or unit of the samples is neither given nor in the mapping.
    InputError
        A column of the mapping is missing or used twice, no patient is named, the file holds no recording.
    """
    file = sheet.path.name
    if given.level_offset_db is not None:
        mapping = mapping.model_copy(update={"level_offset_db": given.level_offset_db})
    layout = _layout(mapping, sheet.header, file)
    rate_hz, start_ms, unit = _stated(mapping, given, file)
    refusals = Refusals(file)
    source = {column: sheet.header[position] for column, position in layout.fields.items()}
    rules = CellRules.of(mapping, sheet.decimal)
    counts = {kind: Counter() for kind in ("zeros", "codes", "unknown", "absent")}
    one_patient = patient_pseudonym(_digest(sheet), salt) if mapping.one_patient_per_file else None
    tables, traces, rows, rates = [], [], [], []

    for block in sheet.blocks(layout.text, layout.samples, lambda row, why: refusals.add(row, "", None, why)):
        for row, column, value in block.broken:
            refusals.add(row, column, value, "a sample is not a number")
        raw = pd.DataFrame({column: block.text[position] for column, position in layout.fields.items()})
        tidied = tidy(raw.reindex(range(len(block.rows))), block.rows, source, refusals, rules)
        for kind, found in (
            ("zeros", tidied.zeros),
            ("zeros", _zero_amplitudes(tidied.table, source)),
            ("codes", tidied.codes),
            ("unknown", tidied.unknown_words),
            ("absent", tidied.absent),
        ):
            counts[kind].update({key: count for key, count in found.items() if count})
        if one_patient is None:
            tidied.table["patient_id"] = _pseudonyms(block, layout, sheet.header, mapping, salt, refusals)
        else:
            tidied.table["patient_id"] = pd.Series([one_patient] * len(block.rows), dtype="str")
        rates.append(_rates(block, layout, sheet, rate_hz, refusals))
        tables.append(tidied.table)
        # + 0: a trace is recognised by its bytes, and −0.0 has others than 0.0
        traces.append(block.samples * np.float32(FACTORS["waveform_unit"][unit]) + np.float32(0))
        rows.append(block.rows)
        tell(sheet.progress)
    if not rows and not refusals.rows:
        raise InputError("the file holds no recording: there is no row below the header", file=file)

    parts, done = [], []
    if rows:
        waveforms = np.concatenate(traces)
        traces.clear()
        table, numbers, rate = pd.concat(tables, ignore_index=True), np.concatenate(rows), np.concatenate(rates)
        names = [sheet.header[p] for p in layout.samples]
        for each in np.unique(rate[np.isfinite(rate)]):
            of_rate = slice(None) if (rate == each).all() else np.flatnonzero(rate == each)
            part_table = table.iloc[of_rate].reset_index(drop=True)
            sampling = Sampling(rate_hz=float(each), start_ms=start_ms)
            part, more = whole_part(part_table, waveforms[of_rate], numbers[of_rate], sampling, names, refusals, salt)
            parts += part
            done += more
    return ReadFile(
        name,
        parts,
        refusals,
        identifying_columns=_identifying(sheet.header, layout),
        unused_columns=_unused(sheet.header, layout),
        absent_columns=_absent(mapping) if absent_columns is None else absent_columns,
        zeros_as_missing=dict(counts["zeros"]),
        notes=(*notes, *_notes(sheet, mapping, given, unit, counts), *done),
        invert_polarity=mapping.invert_polarity,
        label_shift_ms=mapping.label_shift_ms,
        unit=unit,
    )


def _layout(mapping: ColumnMapping, header: list[str], file: str) -> _Layout:
    positions = {column: position_of(name, header, file) for column, name in mapping.columns.items()}
    rate = mapping.sampling_rate_column
    layout = _Layout(
        positions.pop("patient_id", None),
        None if rate is None else position_of(rate, header, file),
        positions,
        mapping.samples.positions(header, file),
    )
    if layout.patient is None and not mapping.one_patient_per_file:
        raise InputError(
            "it is not said which column is the patient",
            file=file,
            allowed="patient_id in the mapping's columns, or one_patient_per_file",
        )
    used = Counter([*layout.text, *layout.samples])
    twice = next((position for position, count in used.items() if count > 1), None)
    if twice is not None:
        raise InputError("the mapping uses the column twice", file=file, column=header[twice])
    return layout


def _stated(mapping: ColumnMapping, given: Given, file: str) -> tuple[float | None, float, str]:
    """Sampling rate in Hz (None where a column says it), time of the first sample in ms, unit of the samples."""
    rate_hz = given.sampling_rate_hz or mapping.sampling_rate_hz
    start_ms = mapping.start_ms if given.start_ms is None else given.start_ms
    unit = given.unit or mapping.waveform_unit
    for what, value, problem in (
        ("sampling_rate_hz", rate_hz or mapping.sampling_rate_column, "its sampling rate"),
        ("start_ms", start_ms, "the time of its first sample"),
        ("unit", unit, "the unit of its samples"),
    ):
        if value is None:
            raise NotStatedError(what, f"the table does not state {problem}", file=file, allowed=OPTIONS[what])
    return rate_hz, start_ms, unit


def _pseudonyms(
    block: Block, layout: _Layout, header: list[str], mapping: ColumnMapping, salt: bytes, refusals: Refusals
) -> pd.Series:
    identifiers = block.text[layout.patient].str.strip()
    codes = (*_NO_PATIENT, *mapping.missing_values.get("patient_id", ()))
    missing = (identifiers.isna() | identifiers.isin(codes)).to_numpy()
    reason = "the patient's identifier is missing"
    refusals.add_all(block.rows[missing], header[layout.patient], [None] * int(missing.sum()), reason)
    names = {i: patient_pseudonym(i, salt) for i in identifiers[~missing].unique()}
    return identifiers.where(~missing).map(names)


def _rates(block: Block, layout: _Layout, sheet: Sheet, rate_hz: float | None, refusals: Refusals) -> np.ndarray:
    """[n] sampling rates in Hz: of each row where a column says it, else as stated."""
    if layout.rate is None:
        return np.full(len(block.rows), rate_hz)
    cells = [parse_number(cell, sheet.decimal) for cell in block.text[layout.rate].astype(object).where(
        block.text[layout.rate].notna(), None)]  # fmt: skip
    rates = np.array([np.nan if n is None or np.isnan(n) else n for n in cells], dtype=np.float64)
    if rate_hz is not None:
        rates[[n is not None and np.isnan(n) for n in cells]] = rate_hz
    bad = ~((rates >= _RATES_HZ[0]) & (rates <= _RATES_HZ[1]))
    reason = f"the sampling rate must be a number from {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz"
    refusals.add_all(block.rows[bad], sheet.header[layout.rate], block.text[layout.rate][bad], reason)
    rates[bad] = np.nan
    return rates


def _zero_amplitudes(table: pd.DataFrame, source: dict[str, str]) -> dict[str, int]:
    """An amplitude of exactly 0 where no peak is marked is an empty cell: make it missing, say how many."""
    counts = {}
    for wave in WAVES:
        latency, amplitude = latency_column(wave), amplitude_column(wave)
        if amplitude in table and latency in table:
            empty = (table[amplitude] == 0) & table[latency].isna()
            table.loc[empty, amplitude] = np.nan
            counts[source[amplitude]] = int(empty.sum())
    return counts


def _notes(sheet: Sheet, mapping: ColumnMapping, given: Given, unit: str, counts: dict[str, Counter]) -> list[str]:
    rate_hz = given.sampling_rate_hz or mapping.sampling_rate_hz
    start_ms = mapping.start_ms if given.start_ms is None else given.start_ms
    rate = f"sampling rate {rate_hz:g} Hz as given" if rate_hz else ""
    if mapping.sampling_rate_column:
        rate = f"sampling rate as in {mapping.sampling_rate_column!r}" + (f", else {rate_hz:g} Hz" if rate_hz else "")
    notes = [f"{rate}, first sample at {start_ms:g} ms as given", f"samples in {unit}"]
    units = {UNIT_OF[name]: getattr(mapping, UNIT_OF[name]) for name in mapping.columns if name in UNIT_OF}
    titles = {"latency_unit": "latencies", "amplitude_unit": "amplitudes of waves",
              "residual_noise_unit": "residual noise", "age_unit": "ages"}  # fmt: skip
    notes += [f"{titles[field]} read as {value}" for field, value in units.items()]
    if mapping.level_offset_db:
        notes.append(f"{mapping.level_offset_db:+g} dB added to every level, for dB nHL")
    if sheet.decimal == ",":
        notes.append("numbers were read with a decimal comma")
    notes += [f"{count:,} words in {name!r} are not known: missing" for name, count in counts["unknown"].items()]
    notes += [f"{n:,} times {code!r} in {name!r} read as missing" for (name, code), n in counts["codes"].items()]
    return notes + [f"{n:,} times {name!r} says that there is no response" for name, n in counts["absent"].items()]


def _absent(mapping: ColumnMapping) -> tuple[str, ...]:
    judged = {f"response_{wave}" for wave in WAVES}  # said by words in a label's cell as a rule
    lacking = [n for n in COLUMNS_BY_NAME if n not in (*mapping.columns, *judged, "recording_id", "patient_id")]
    return tuple(COLUMNS_BY_NAME[name].in_sentence for name in lacking)


def _identifying(header: list[str], layout: _Layout) -> tuple[str, ...]:
    """Columns that were dropped, or replaced by a pseudonym; ``Patient Age`` is neither when it is the age."""
    used = {*layout.fields.values(), *layout.samples}
    return tuple(
        n for i, n in enumerate(header) if n and (i == layout.patient or (is_identifying(n) and i not in used))
    )


def _unused(header: list[str], layout: _Layout) -> tuple[str, ...]:
    used = {*layout.text, *layout.samples}
    return tuple(n for i, n in enumerate(header) if i not in used and n and not is_identifying(n))


def _digest(sheet: Sheet) -> str:
    with sheet.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
