"""Checks of an import's labels against its traces: offset, polarity, order of the waves, amplitude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import RESPONSES, WAVES, amplitude_column, latency_column
from abr_model.sources.checks.alignment import FEWEST, Alignment, align
from abr_model.sources.checks.findings import Correction, Finding
from abr_model.waves import PeakOffset, pick_wave

FINE_MS, WORTH_A_LOOK_MS = 0.15, 0.3
TUBE_MS = (0.6, 1.1)
"""Delays of insert earphones' tubes: 0.8 to 0.9 ms."""
_MANY = 30
_LARGEST_SHIFT_MS = 1.2
"""An offset beyond this is no earphone's delay: time zero or something else is wrong, and no shift is offered."""
_GROWS_MS = 0.1
"""Offsets of early and late marks that differ by more than this, in proportion, come of a wrong sampling rate."""
_SIMILAR = (0.5, 2.0)
"""Marked over measured amplitude: beyond this a person should look; a factor of 20 is another unit."""
_LOUD_DB = 60.0
_DECIDES = 1.5


def label_findings(cohort: Cohort, applied: dict, wave_v: PeakOffset | None) -> list[Finding]:
    """What the labels of ``cohort`` show; ``applied`` are the corrections that were already made."""
    alignment = align(cohort)
    findings = [*_order(cohort), *_outside(cohort), *_contradictions(cohort), *_amplitudes(cohort, alignment)]
    if not np.isfinite(cohort.table[latency_column("V")]).any():
        return [*findings, *_polarity_without_labels(cohort, applied)]
    return [*findings, *_offset(cohort, alignment, applied, wave_v), *_polarity(alignment, applied)]


def _offset(cohort: Cohort, alignment: Alignment, applied: dict, wave_v: PeakOffset | None) -> list[Finding]:
    n, offset = alignment.n, -alignment.offset_ms  # mark minus peak
    if alignment.kind == "unclear" and n >= _MANY and abs(alignment.height_uv) > 4 * alignment.error_uv:
        said = (
            f"the marks of wave V lie beside the peak: in the average of {n:,} recordings the largest deflection "
            f"is {alignment.offset_ms:+.2f} ms from the marks, whether a peak or a trough cannot be told – check "
            "sampling rate, time of the first sample, polarity, and labels corrected for an insert earphone"
        )
        return [Finding("wave_v_offset", "problem", said, n, n)]
    if alignment.kind == "unclear":
        said = (
            f"wave V is marked in {n:,} recordings: too few, or too noisy, to see on the average whether the marks fit"
        )
        return [Finding("wave_v_offset", "look", said, n, n)]
    if alignment.kind == "none":
        said = (
            f"the marks of wave V sit on no peak of their traces (average of {n:,} recordings aligned to the marks) – "
            "check the sampling rate, the time of the first sample, and whether labels and traces belong together"
        )
        return [Finding("wave_v_offset", "problem", said, n, n)]
    single = f"; single traces: {wave_v.median_ms:+.2f} ms in the median" if wave_v is not None else ""
    where = "after" if offset >= 0 else "before"
    what = "peak" if alignment.kind == "peak" else "trough"
    said = f"wave V is marked {abs(offset):.2f} ms {where} the nearest {what} (average of {n:,} recordings{single})"
    if (growth := _growth(cohort, alignment)) is not None:
        said += (
            f"; early marks lie {growth.early_ms:+.2f} ms, late marks {growth.late_ms:+.2f} ms from their {what} – an "
            "offset that grows with latency means a wrong sampling rate"
        )
        return [Finding("wave_v_offset", "problem", said, n, n, correction=_other_rate(cohort, growth, applied))]
    if abs(offset) <= FINE_MS:
        return [Finding("wave_v_offset", "fine", said, n, n)]
    if abs(offset) <= WORTH_A_LOOK_MS:
        return [Finding("wave_v_offset", "look", f"{said} – check the time of the first sample", n, n)]
    shift = round(float(applied.get("label_shift_ms") or 0.0) + alignment.offset_ms, 2)
    if TUBE_MS[0] <= -offset <= TUBE_MS[1]:
        said += " – as when labels were corrected for the tube of an insert earphone (0.8–0.9 ms) and samples were not"
    else:
        said += (
            " – check the sampling rate, the time of the first sample, and whether the labels were corrected for the "
            "tube of an insert earphone (0.8–0.9 ms) while the samples were not"
        )
    correction = None
    if abs(offset) <= _LARGEST_SHIFT_MS:
        correction = Correction(
            "label_shift_ms",
            shift,
            f"a shift of all latencies by {alignment.offset_ms:+.2f} ms puts the marks on the {what}",
        )
    return [Finding("wave_v_offset", "problem", said, n, n, correction=correction)]


@dataclass(frozen=True)
class _Growth:
    """Mark minus peak of the earliest and of the latest third of the marks, and their share of the latency."""

    early_ms: float
    late_ms: float
    share: float


def _growth(cohort: Cohort, whole: Alignment) -> _Growth | None:
    """Whether the offset grows with latency, as a wrong sampling rate makes it; None where it is the same for all."""
    marked = cohort.table[latency_column("V")].to_numpy()
    rows = np.flatnonzero(np.isfinite(marked))
    low, high = np.quantile(marked[rows], [1 / 3, 2 / 3])
    thirds = rows[marked[rows] <= low], rows[marked[rows] >= high]
    found = [align(cohort, rows=third, like=whole) for third in thirds]
    if high - low < 0.3 or any(alignment.kind not in ("peak", "trough") for alignment in found):
        return None
    early, late = (-alignment.offset_ms for alignment in found)
    latencies = [float(marked[third].mean()) for third in thirds]
    if abs(late - early) <= _GROWS_MS or abs(late - early * latencies[1] / latencies[0]) > 0.5 * abs(late - early):
        return None
    return _Growth(early, late, (early + late) / sum(latencies))


def _other_rate(cohort: Cohort, growth: _Growth, applied: dict) -> Correction | None:
    """The sampling rate at which the marks would lie on their peaks, where the person stated it."""
    if applied.get("sampling_rate_hz") is None or applied.get("label_shift_ms"):
        return None
    rate = round(cohort.sampling.rate_hz * (1 - growth.share), -2)
    return Correction("sampling_rate_hz", rate, f"at about {rate:,.0f} Hz the marks lie on their peaks")


def _polarity(alignment: Alignment, applied: dict) -> list[Finding]:
    n = alignment.n
    if alignment.kind == "peak":
        return [Finding("polarity", "fine", "wave V is marked on a positive peak: vertex positive is up", n, n)]
    if alignment.kind == "trough":
        said = "wave V is marked on troughs: the traces are upside down (vertex positive is down in the file)"
        return [Finding("polarity", "problem", said, n, n, correction=_turn(applied))]
    return []


def _polarity_without_labels(cohort: Cohort, applied: dict) -> list[Finding]:
    """Wave V and its following trough are the largest fall of a loud average between 4.5 and 10 ms: weak evidence."""
    level = cohort.table["intensity_db_nhl"].to_numpy()
    rows = np.flatnonzero(level >= min(_LOUD_DB, np.nanmax(level, initial=-np.inf)))
    time = cohort.time_ms
    window = (time >= 4.5) & (time <= 10)
    if not len(rows) or window.sum() < 10 or time[window][-1] < 8:
        return []
    average = cohort.waveforms[rows][:, window].mean(axis=0, dtype=np.float64)
    span = round(2.5 * cohort.sampling.rate_hz / 1000)
    ahead = [average[i : i + span + 1] for i in range(len(average) - 1)]
    fall = max(average[i] - part.min() for i, part in enumerate(ahead))
    rise = max(part.max() - average[i] for i, part in enumerate(ahead))
    n = len(rows)
    about = (
        f"(weak evidence: the average of the {n:,} loudest falls by {fall:.2f} µV and rises by {rise:.2f} µV at most)"
    )
    if fall > _DECIDES * rise:
        return [Finding("polarity", "fine", f"without labels, polarity looks right {about}", n, n)]
    if rise > _DECIDES * fall:
        said = f"without labels, the traces look upside down {about}"
        return [Finding("polarity", "look", said, n, n, correction=_turn(applied))]
    return [Finding("polarity", "look", f"without labels, polarity cannot be told {about}", n, n)]


def _turn(applied: dict) -> Correction:
    over = not applied.get("invert_polarity", False)
    return Correction("invert_polarity", over, "turning every trace over puts wave V on peaks")


def _order(cohort: Cohort) -> list[Finding]:
    """Waves come in the order I, III, V."""
    latencies = [cohort.table[latency_column(wave)].replace(0, np.nan).to_numpy() for wave in WAVES]
    wrong, checked = np.zeros(len(cohort), dtype=bool), np.zeros(len(cohort), dtype=bool)
    for first, second in ((0, 1), (1, 2), (0, 2)):
        both = np.isfinite(latencies[first]) & np.isfinite(latencies[second])
        checked |= both
        wrong |= both & (latencies[first] >= latencies[second])
    if not wrong.any():
        return []
    n, of = int(wrong.sum()), int(checked.sum())
    said = f"in {n:,} of {of:,} recordings a later wave is marked before an earlier one (I, III, V)"
    if n > 0.1 * of:
        said += " – are the columns of the latencies in the right order?"
    return [Finding("wave_order", "problem" if n > 0.1 * of else "look", said, n, of, np.flatnonzero(wrong))]


def _outside(cohort: Cohort) -> list[Finding]:
    """A mark where the trace has no samples."""
    start, end = cohort.time_ms[[0, -1]]
    latencies = cohort.table[[latency_column(wave) for wave in WAVES]].to_numpy()
    wrong = ((latencies < start) | (latencies > end)).any(axis=1)
    if not wrong.any():
        return []
    n, of = int(wrong.sum()), int(np.isfinite(latencies).any(axis=1).sum())
    said = (
        f"in {n:,} of {of:,} recordings a wave is marked outside the trace ({start:.2f} to {end:.2f} ms) – "
        "check the unit of the latencies, the sampling rate and the time of the first sample"
    )
    return [Finding("mark_outside", "problem" if n > 0.05 * of else "look", said, n, of, np.flatnonzero(wrong))]


def _contradictions(cohort: Cohort) -> list[Finding]:
    absent = np.zeros(len(cohort), dtype=bool)
    for wave, column in zip(WAVES, RESPONSES, strict=True):
        said = (cohort.table[column.name] == "absent").to_numpy(dtype=bool)
        absent |= said & np.isfinite(cohort.table[amplitude_column(wave)].to_numpy())
    if not absent.any():
        return []
    n = int(absent.sum())
    said = f"in {n:,} recordings a wave is said to be absent and has an amplitude all the same"
    return [Finding("absent_with_amplitude", "look", said, n, len(cohort), np.flatnonzero(absent))]


def _amplitudes(cohort: Cohort, alignment: Alignment) -> list[Finding]:
    """Marked against measured amplitude of wave V: a factor of a thousand is a mistaken unit."""
    marked = np.abs(cohort.table[amplitude_column("V")].to_numpy())
    latency = cohort.table[latency_column("V")].to_numpy()
    rows = np.flatnonzero(np.isfinite(latency) & (marked > 0))[:20_000]
    if len(rows) < FEWEST or alignment.kind == "none":
        return []
    sign = -1 if alignment.kind == "trough" else 1
    centre = latency[rows] + (alignment.offset_ms if np.isfinite(alignment.offset_ms) else 0.0)
    _, measured = pick_wave(sign * cohort.waveforms[rows], cohort.sampling, centre, 0.5)
    usable = np.isfinite(measured) & (measured > 0)
    if usable.sum() < FEWEST:
        return []
    ratio = float(np.median(marked[rows][usable] / measured[usable]))
    n = int(usable.sum())
    said = f"marked amplitudes of wave V are {ratio:.3g} times those measured on the traces (median of {n:,})"
    if _SIMILAR[0] <= ratio <= _SIMILAR[1]:
        return [Finding("amplitude_unit", "fine", said, n, n)]
    if 1 / 20 <= ratio <= 20:
        return [Finding("amplitude_unit", "look", said, n, n)]
    said += " – check the units of samples and amplitudes: one of the two is not what it was read as"
    return [Finding("amplitude_unit", "problem", said, n, n)]
