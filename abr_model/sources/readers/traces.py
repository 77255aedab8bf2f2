"""Averages of a file that states each recording on its own: refused where broken, cut at the stimulus, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.schema import COLUMNS_BY_NAME
from abr_model.sources.columns.fields import CellRules, tidy
from abr_model.sources.part import Part
from abr_model.sources.pseudonyms import patient_pseudonym, recording_pseudonym
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import parse_number

SAMPLING_RATES_HZ = (1_000.0, 1_000_000.0)
_SAME_TIME = 1e-6
"""Share of a sample by which the first one may lie before the stimulus and still count as at it."""


def samples_of(texts: Sequence[str], row: int, column: str, refusals: Refusals) -> np.ndarray | None:
    """[T] samples as they stand in the file; None, with the reason told, where one is not a number."""
    numbers = [parse_number(text, ",") for text in texts]
    for point, (number, text) in enumerate(zip(numbers, texts, strict=True), start=1):
        if number is None or np.isnan(number):
            refusals.add(row, column, text, f"a sample is not a number (point {point})")
            return None
    return np.array(numbers, dtype=float)


@dataclass(frozen=True)
class Trace:
    """One recording as it stands in the file.

    ``microvolts`` [T]; ``half_difference`` [T] is the ± reference in µV, whose RMS is the noise of the average, None
    where the file does not hold it. ``identifier`` is the patient as the file names them. ``cells`` holds text, by
    column of a cohort, ``numbers`` what the reader worked out itself.
    """

    row: int
    microvolts: np.ndarray
    rate_hz: float
    start_ms: float
    identifier: str
    cells: dict[str, str | None]
    numbers: dict[str, float] = field(default_factory=dict)
    half_difference: np.ndarray | None = None


def first_from_stimulus(rate_hz: float, start_ms: float) -> int:
    """Position of the first sample that is not before stimulus onset."""
    return max(0, int(np.ceil(-start_ms * rate_hz / 1000 - _SAME_TIME)))


def parts_of(
    traces: list[Trace], names: Mapping[str, str], samples: str, refusals: Refusals, salt: bytes
) -> tuple[list[Part], list[str]]:
    """The recordings that are whole, those with one sampling together, and what was done.

    Parameters
    ----------
    traces
        One per recording; rows that are in ``refusals`` already are passed over.
    names
        Column of a cohort → its name in the file.
    samples
        Name of the samples in the file.
    refusals
        Gets what cannot be: cells that :func:`~abr_model.sources.columns.fields.tidy` refuses, numbers out of range,
        traces with a sample missing, flat ones, those that end before the stimulus.
    salt
        For the pseudonyms.
    """
    if not traces:
        return [], []
    rows = np.array([t.row for t in traces], dtype=int)
    columns = dict.fromkeys(name for t in traces for name in t.cells)
    raw = pd.DataFrame({name: [t.cells.get(name) for t in traces] for name in columns}, dtype="str")
    rules = CellRules(decimal=",")  # a point is understood all the same
    tidied = tidy(raw, rows, dict(names), refusals, rules)
    table = tidied.table
    for name in dict.fromkeys(name for t in traces for name in t.numbers):
        table[name] = [t.numbers.get(name, np.nan) for t in traces]
        _refuse_out_of_range(table[name].to_numpy(), name, names.get(name, name), rows, refusals)
    table["patient_id"] = [patient_pseudonym(t.identifier, salt) for t in traces]

    kept: dict[tuple, list[int]] = {}
    waveforms, cut = {}, 0
    table["residual_noise_nv"] = np.nan
    for i, trace in enumerate(traces):
        if trace.row in refusals.rows or _refused(trace, samples, refusals):
            continue
        first = first_from_stimulus(trace.rate_hz, trace.start_ms)
        cut += first > 0
        start = trace.start_ms + first * 1000 / trace.rate_hz
        start = 0.0 if abs(start) * trace.rate_hz / 1000 < _SAME_TIME * 2 else start
        # + 0: a trace is recognised by its bytes, and −0.0 has others than 0.0
        waveforms[i] = trace.microvolts[first:].astype(np.float32) + np.float32(0)
        if trace.half_difference is not None:
            noise = 1e3 * np.sqrt(np.mean(trace.half_difference[first:] ** 2))
            table.loc[i, "residual_noise_nv"] = noise
        kept.setdefault((trace.rate_hz, start, len(waveforms[i])), []).append(i)
    parts = []
    for (rate, start, _), index in kept.items():
        names_of = [recording_pseudonym(waveforms[i].tobytes(), salt) for i in index]
        part_table = table.iloc[index].reset_index(drop=True).assign(recording_id=names_of)
        sampling = Sampling(rate_hz=rate, start_ms=start)
        parts.append(Part(np.stack([waveforms[i] for i in index]), part_table, sampling, rows[index]))
    notes = ["samples before the stimulus were left out"] if cut else []
    unknown = tidied.unknown_words.items()
    notes += [f"{count:,} words in {name!r} are not known and became missing" for name, count in unknown]
    return parts, notes


def _refuse_out_of_range(values: np.ndarray, name: str, source: str, rows, refusals: Refusals) -> None:
    column = COLUMNS_BY_NAME[name]
    outside = (values < column.minimum) | (values > column.maximum)
    reason = f"{column.in_sentence} is out of range (allowed: {column.allowed})"
    refusals.add_all(rows[outside], source, [f"{v:g}" for v in values[outside]], reason)


def _refused(trace: Trace, samples: str, refusals: Refusals) -> bool:
    """Whether the trace itself cannot be used; the reason goes to the refusals."""
    if not SAMPLING_RATES_HZ[0] <= trace.rate_hz <= SAMPLING_RATES_HZ[1]:
        reason = f"the sampling rate is out of range (allowed: {SAMPLING_RATES_HZ[0]:g} to {SAMPLING_RATES_HZ[1]:g} Hz)"
        refusals.add(trace.row, "sampling rate", f"{trace.rate_hz:g}", reason)
        return True
    if not abs(trace.start_ms) <= 1000:
        refusals.add(trace.row, "time zero", f"{trace.start_ms:g}", "time zero is out of range (allowed: ±1000 ms)")
        return True
    first = first_from_stimulus(trace.rate_hz, trace.start_ms)
    kept = trace.microvolts[first:]
    if len(kept) < 2:
        refusals.add(trace.row, samples, None, "the trace ends before the stimulus")
    elif not np.isfinite(kept).all():
        point = first + int(np.flatnonzero(~np.isfinite(kept))[0]) + 1
        refusals.add(trace.row, samples, None, f"a sample is missing (point {point})")
    elif np.ptp(kept) == 0:
        refusals.add(trace.row, samples, None, "the trace is flat: there is no signal in it")
    return trace.row in refusals.rows


def once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(dict.fromkeys(names))
