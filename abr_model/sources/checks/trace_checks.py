"""Checks of an import's traces: unit, time axis, clipped or standing still, the same trace again."""

from __future__ import annotations

import numpy as np

from abr_model.cohort import Cohort
from abr_model.sources.checks.findings import Correction, Finding
from abr_model.sources.part import UNITS

PLAUSIBLE_SD_UV = (0.005, 5.0)
_USUAL_SD_UV = 0.15
_LONGEST_REST_SHARE, _SHORTEST_REST = 0.02, 5
"""So many samples in a row at the trace's own extreme, or unchanged, are no measurement."""
_STILL_SHARE = 0.1
_BLOCK = 4_000
_PRINTS = 48


def trace_findings(cohort: Cohort, unit: str | None) -> list[Finding]:
    """What the traces of ``cohort`` show; ``unit`` is what they were read as, where another could have been said."""
    return [*_unit(cohort, unit), *_time_axis(cohort), *_resting(cohort), *_again(cohort)]


def _unit(cohort: Cohort, unit: str | None) -> list[Finding]:
    spread = np.concatenate([cohort.waveforms[i : i + _BLOCK].std(axis=1) for i in range(0, len(cohort), _BLOCK)])
    median, n = float(np.median(spread)), len(cohort)
    said = f"the traces vary by {median:.3g} µV (median SD)"
    if PLAUSIBLE_SD_UV[0] <= median <= PLAUSIBLE_SD_UV[1]:
        odd = np.flatnonzero((spread < PLAUSIBLE_SD_UV[0] / 10) | (spread > PLAUSIBLE_SD_UV[1] * 10))
        if not len(odd):
            return [Finding("unit", "fine", f"{said}, which is usual for an ABR", n, n)]
        said += f", but {len(odd):,} of them by a hundred times more or less: other units, or no ABR"
        return [Finding("unit", "look", said, len(odd), n, odd)]
    said += ", which is unusual for an ABR: check the unit"
    return [Finding("unit", "problem", said, n, n, correction=_other_unit(median, unit))]


def _other_unit(spread_uv: float, unit: str | None) -> Correction | None:
    """The unit in which the traces would vary as an ABR does."""
    if unit is None or not spread_uv > 0:
        return None
    spreads = {other: spread_uv * factor / UNITS[unit] for other, factor in UNITS.items() if other != unit}
    best = min(spreads, key=lambda u: abs(np.log10(spreads[u] / _USUAL_SD_UV)))
    if not PLAUSIBLE_SD_UV[0] <= spreads[best] <= PLAUSIBLE_SD_UV[1]:
        return None
    return Correction("unit", best, f"read as {best}, the traces vary by {spreads[best]:.3g} µV")


def _time_axis(cohort: Cohort) -> list[Finding]:
    start, end, n = float(cohort.time_ms[0]), float(cohort.time_ms[-1]), len(cohort)
    said = (
        f"the traces run from {start:.2f} to {end:.2f} ms ({cohort.samples} samples at {cohort.sampling.rate_hz:g} Hz)"
    )
    if end < 7 or start > 2:
        said += " and do not hold waves I to V – check the sampling rate and the time of the first sample"
        return [Finding("time_axis", "problem", said, n, n)]
    if end < 9 or end > 60 or start < -50:
        return [Finding("time_axis", "look", f"{said}, which is unusual for an ABR", n, n)]
    return [Finding("time_axis", "fine", said, n, n)]


def _resting(cohort: Cohort) -> list[Finding]:
    """Clipped traces rest at their own extreme, broken ones stand still somewhere."""
    shortest = max(_SHORTEST_REST, round(_LONGEST_REST_SHARE * cohort.samples))
    clipped, still = np.zeros(len(cohort), dtype=bool), np.zeros(len(cohort), dtype=bool)
    for start in range(0, len(cohort), _BLOCK):
        block = cohort.waveforms[start : start + _BLOCK]
        some = slice(start, start + len(block))
        for extreme in (block.max(axis=1, keepdims=True), block.min(axis=1, keepdims=True)):
            clipped[some] |= _longest_run(block == extreme) >= shortest
        runs = _longest_run(np.diff(block, axis=1) == 0) + 1
        still[some] = runs >= max(2 * shortest, _STILL_SHARE * cohort.samples)
    findings = []
    for code, which, what in (
        (
            "clipped",
            clipped & ~still,
            f"rest at their own largest or smallest value for {shortest} samples or more: clipped",
        ),
        ("still", still, "do not change for a tenth of their length or more: nothing was measured there"),
    ):
        rows = np.flatnonzero(which)
        if len(rows):
            severity = "problem" if len(rows) > 0.1 * len(cohort) else "look"
            said = f"{len(rows):,} of {len(cohort):,} traces {what}"
            findings.append(Finding(code, severity, said, len(rows), len(cohort), rows))
    return findings


def _longest_run(flags: np.ndarray) -> np.ndarray:
    """[n] length of the longest run of True in each row of [n, T]."""
    best = np.zeros(len(flags), dtype=np.int64)
    current = np.zeros(len(flags), dtype=np.int64)
    for column in flags.T:
        current = np.where(column, current + 1, 0)
        np.maximum(best, current, out=best)
    return best


def _again(cohort: Cohort) -> list[Finding]:
    """The same trace again in another scale, upside down or rounded otherwise; exact copies were refused before."""
    at = np.unique(np.linspace(0, cohort.samples - 1, _PRINTS).astype(int))
    seen: dict[bytes, int] = {}
    again = []
    for start in range(0, len(cohort), _BLOCK):
        block = cohort.waveforms[start : start + _BLOCK].astype(np.float64)
        block -= block.mean(axis=1, keepdims=True)
        scale = np.abs(block).max(axis=1, keepdims=True)
        sign = np.sign(np.take_along_axis(block, np.abs(block).argmax(axis=1)[:, None], axis=1))
        prints = np.rint(40 * sign * block[:, at] / np.where(scale > 0, scale, 1)).astype(np.int8)
        for i, print_ in enumerate(prints):
            if seen.setdefault(print_.tobytes(), start + i) != start + i:
                again.append(start + i)
    if not again:
        return []
    n = len(again)
    said = f"{n:,} recordings have the trace of another one, in another scale or rounding: imported twice?"
    return [Finding("same_trace", "look", said, n, len(cohort), np.array(again))]
