"""The research export of Interacoustics Eclipse (EP15/EP25): one row per recording, samples in the columns 1…467.

Column names and their spelling are those of the original description (``original.md``, data).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.errors import InputError
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.sources.cells import Block, CsvSheet, Sheet, XlsxSheet
from abr_model.sources.fields import tidy
from abr_model.sources.identifying import is_identifying, normalised
from abr_model.sources.part import UNITS, Given, Part, ReadFile
from abr_model.sources.pseudonyms import patient_pseudonym, recording_pseudonym
from abr_model.sources.report import Refusals

FORMAT = "Interacoustics Eclipse research export"
PATIENT = "Patient_ID"
_FIELDS = {
    "Stimulus Side": "ear",
    "Gender": "sex",
    "Age": "age_years",
    "Intensity": "intensity_db_nhl",
    "Stimulus Rate": "stimulus_rate_per_s",
    "Hear_Loss": "hearing_loss",
    "Stimulus Type": "stimulus_type",
    "Stimulus Polarity": "stimulus_polarity",
    "Sweeps Measured": "sweeps_accepted",
    "Sweeps Rejected": "sweeps_rejected",
    "FMP": "fmp",
    "ResNo": "residual_noise_nv",
    **{f"{wave} Latancy": latency_column(wave) for wave in WAVES},
    **{f"{wave} Amplitude": amplitude_column(wave) for wave in WAVES},
}
_ALSO_SPELLED = {f"{wave} Latency": f"{wave} Latancy" for wave in WAVES}
_REQUIRED = (PATIENT, "Age", "Intensity", "Stimulus Rate", "Hear_Loss")
_ZERO_IS_MISSING = (
    "stimulus_rate_per_s",
    "sweeps_accepted",
    "residual_noise_nv",
    *(latency_column(wave) for wave in WAVES),
)
"""No stimulus, no sweep, no noise and a peak at the stimulus' onset cannot be measurements. A level, an age, an Fmp of
0 can."""
_SHORTEST_SHARE = 0.9
"""A trace shorter than this share of the usual length is refused rather than all others cut down to it."""
_PLAUSIBLE_SD_UV = (0.005, 5.0)
_PLAUSIBLE_NOISE_NV = 1.0


@dataclass(frozen=True)
class _Layout:
    """Where what stands: column positions of the file."""

    patient: int
    fields: dict[str, int]  # cohort column → position
    samples: list[int]


def recognises(header: list[str]) -> bool:
    """Whether a table with these column names is of this format, possibly with columns missing."""
    names = {normalised(name) for name in header}
    known = {normalised(name) for name in (PATIENT, *_FIELDS, *_ALSO_SPELLED)}
    return len(names & known) >= 4


def read(
    sheet: CsvSheet | XlsxSheet, given: Given, salt: bytes, on_progress: Callable[[float], None] | None = None
) -> ReadFile:
    """Read all recordings of one export, block by block.

    Raises
    ------
    InputError
        A required column is missing or occurs twice, or sampling rate or time of the first sample were not given:
        the export does not hold them.
    """
    file = sheet.path.name
    layout = _layout(sheet.header, file)
    sampling = _sampling(given, file)
    refusals = Refusals(file)
    file_columns = {name: sheet.header[position] for name, position in layout.fields.items()}
    tables, traces, rows, zeros, unknown = [], [], [], {}, {}

    def on_bad_row(row: int, reason: str) -> None:
        refusals.add(row, "", None, reason)

    text = [layout.patient, *layout.fields.values()]
    for block in sheet.blocks(text, layout.samples, on_bad_row):
        for row, column, value in block.broken:
            refusals.add(row, column, value, "a sample is not a number")
        raw = pd.DataFrame({name: block.text[position] for name, position in layout.fields.items()})
        tidied = tidy(
            raw, block.rows, file_columns, refusals, decimal=sheet.decimal, zero_is_missing=_ZERO_IS_MISSING
        )  # fmt: skip
        _add_counts(zeros, tidied.zeros)
        _add_counts(zeros, _zero_amplitudes(tidied.table, file_columns))
        _add_counts(unknown, tidied.unknown_words)
        tidied.table["patient_id"] = _pseudonyms(block, layout.patient, sheet.header, salt, refusals)
        tables.append(tidied.table)
        # + 0: a trace is recognised by its bytes, and −0.0 has others than 0.0
        traces.append(block.samples * np.float32(UNITS[given.unit or "µV"]) + np.float32(0))
        rows.append(block.rows)
        if on_progress:
            on_progress(sheet.progress)
    if not rows and not refusals.rows:
        raise InputError("the file holds no recording: there is no row below the header", file=file)

    notes = _notes(sheet, given, unknown)
    parts = []
    columns = [sheet.header[p] for p in layout.samples]
    if rows:
        table, waveforms, numbers = pd.concat(tables, ignore_index=True), np.concatenate(traces), np.concatenate(rows)
        del tables, traces
        parts, more = _part(table, waveforms, numbers, sampling, refusals, columns, salt)
        notes += more
    return ReadFile(
        FORMAT,
        parts,
        refusals,
        identifying_columns=tuple(n for n in sheet.header if n and is_identifying(n)),
        unused_columns=_unused(sheet.header, layout),
        absent_columns=tuple(n for n, column in _FIELDS.items() if column not in layout.fields),
        zeros_as_missing=zeros,
        notes=tuple(notes),
    )


def _layout(header: list[str], file: str) -> _Layout:
    aliases = {normalised(a): normalised(b) for a, b in _ALSO_SPELLED.items()}
    positions: dict[str, int] = {}
    for position, name in enumerate(header):
        key = aliases.get(normalised(name), normalised(name))
        if key and key in positions:
            raise InputError("the column occurs more than once", file=file, column=name)
        positions[key] = position
    missing = [name for name in _REQUIRED if normalised(name) not in positions]
    if missing:
        raise InputError(
            f"required columns are missing: {', '.join(missing)}",
            file=file,
            allowed=f"{', '.join(_REQUIRED)} and the samples in columns 1, 2, 3 …",
        )
    numbered = {int(key): position for key, position in positions.items() if key.isascii() and key.isdigit()}
    samples = sorted(n for n in numbered if n > 0)
    if len(samples) < 2:
        raise InputError("the samples are missing", file=file, allowed="columns named 1, 2, 3 … with the samples")
    gap = next((n for n, found in enumerate(samples, start=1) if n != found), None)
    if gap is not None:
        raise InputError(
            "a column of samples is missing", file=file, column=str(gap), allowed="1, 2, 3 … without a gap"
        )
    fields = {column: positions[normalised(n)] for n, column in _FIELDS.items() if normalised(n) in positions}
    return _Layout(positions[normalised(PATIENT)], fields, [numbered[n] for n in samples])


def _sampling(given: Given, file: str) -> Sampling:
    if given.sampling_rate_hz is None:
        raise InputError(
            "this export does not state its sampling rate",
            file=file,
            allowed="give it with --sampling-rate HZ (sampling_rate_hz); this device runs at 30000 or 15000 Hz",
        )
    if given.start_ms is None:
        raise InputError(
            "this export does not state the time of its first sample",
            file=file,
            allowed="give it with --start MS (start_ms): 0 where the first sample is taken at stimulus onset",
        )
    return Sampling(rate_hz=given.sampling_rate_hz, start_ms=given.start_ms)


def _pseudonyms(block: Block, position: int, header: list[str], salt: bytes, refusals: Refusals) -> pd.Series:
    identifiers = block.text[position].str.strip()
    missing = (identifiers.isna() | identifiers.isin(["", "0"])).to_numpy()
    reason = "the patient's identifier is missing"
    refusals.add_all(block.rows[missing], header[position], [None] * int(missing.sum()), reason)
    names = {i: patient_pseudonym(i, salt) for i in identifiers[~missing].unique()}
    return identifiers.where(~missing).map(names)


def _zero_amplitudes(table: pd.DataFrame, file_columns: dict[str, str]) -> dict[str, int]:
    """An amplitude of exactly 0 where no peak is marked is an empty cell: make it missing, say how many."""
    counts = {}
    for wave in WAVES:
        latency, amplitude = latency_column(wave), amplitude_column(wave)
        if amplitude in table and latency in table:
            empty = (table[amplitude] == 0) & table[latency].isna()
            table.loc[empty, amplitude] = np.nan
            counts[file_columns[amplitude]] = int(empty.sum())
    return counts


def _part(
    table: pd.DataFrame,
    waveforms: np.ndarray,
    rows: np.ndarray,
    sampling: Sampling,
    refusals: Refusals,
    columns: list[str],
    salt: bytes,
) -> tuple[list[Part], list[str]]:
    """The recordings that are whole, all cut to the length that each of them has."""
    finite = np.isfinite(waveforms)
    lengths = np.where(finite.any(axis=1), finite.shape[1] - np.argmax(finite[:, ::-1], axis=1), 0)
    open_ = ~np.isin(rows, list(refusals.rows))
    if not open_.any():
        return [], []
    usual = int(np.median(lengths[open_]))
    for i in np.flatnonzero(open_ & (lengths < max(2, _SHORTEST_SHARE * usual))):
        refusals.add(rows[i], columns[lengths[i]], None, f"the trace ends after {lengths[i]} samples (usual: {usual})")
    gap = finite.sum(axis=1) < lengths
    for i in np.flatnonzero(open_ & gap):
        refusals.add(rows[i], columns[int(np.argmin(finite[i]))], None, "a sample is missing")
    flat = (np.nanmax(waveforms, axis=1, initial=-np.inf) == np.nanmin(waveforms, axis=1, initial=np.inf)) & finite.any(
        1
    )
    for i in np.flatnonzero(open_ & flat):
        refusals.add(rows[i], columns[0], None, "the trace is flat: there is no signal in it")
    kept = np.flatnonzero(~np.isin(rows, list(refusals.rows)))
    if not len(kept):
        return [], []

    notes = []
    length = int(lengths[kept].min())
    if length < len(columns):
        notes.append(f"traces were cut to the {length} samples that all recordings have, of {len(columns)}")
    notes += _plausibility(waveforms[kept, :length], table.iloc[kept])
    names = [recording_pseudonym(waveforms[i, : lengths[i]].tobytes(), salt) for i in kept]
    table = table.iloc[kept].reset_index(drop=True).assign(recording_id=names)
    return [Part(waveforms[kept, :length], table, sampling, rows[kept])], notes


def _plausibility(waveforms: np.ndarray, table: pd.DataFrame) -> list[str]:
    """Mistaken units, and zeros that may mean "unknown"."""
    notes = []
    spread = float(np.median(waveforms.std(axis=1)))
    if not _PLAUSIBLE_SD_UV[0] <= spread <= _PLAUSIBLE_SD_UV[1]:
        notes.append(f"the traces vary by {spread:.3g} µV (median SD), which is unusual for an ABR: check the unit")
    if "residual_noise_nv" in table:
        noise = table["residual_noise_nv"].median()
        if noise < _PLAUSIBLE_NOISE_NV:
            notes.append(f"ResNo was read as nV, but its median is {noise:.3g}: it may be in µV")
    newborns = int((table["age_years"] == 0).sum())
    if newborns:
        notes.append(f"{newborns:,} recordings have age 0: newborns, unless the clinic writes 0 for an unknown age")
    return notes


def _notes(sheet: Sheet, given: Given, unknown: dict[str, int]) -> list[str]:
    unit = given.unit or "µV"
    notes = [
        f"sampling rate {given.sampling_rate_hz:g} Hz and first sample at {given.start_ms:g} ms as given",
        f"samples in {unit} {'as given' if given.unit else '(the unit of this format)'}; amplitudes of waves in µV",
        "the export does not state its unit of residual noise: ResNo was read as nV",
    ]
    if sheet.decimal == ",":
        notes.append("numbers were read with a decimal comma")
    return notes + [f"{count:,} words in {name!r} are not known: missing" for name, count in unknown.items()]


def _unused(header: list[str], layout: _Layout) -> tuple[str, ...]:
    used = {layout.patient, *layout.fields.values(), *layout.samples}
    return tuple(n for i, n in enumerate(header) if i not in used and n and not is_identifying(n))


def _add_counts(total: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        if count:
            total[name] = total.get(name, 0) + count
