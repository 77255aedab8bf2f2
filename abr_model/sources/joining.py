"""Recordings of several files, or with several sampling rates, become one cohort with one sampling."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.interpolate import make_interp_spline

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.errors import InputError
from abr_model.sources.part import Part
from abr_model.sources.report import Refusals

_SAME_GRID = 1e-3
"""Samples whose times differ by less than this share of a sample are taken at the same time."""


def refuse_duplicates(parts: list[tuple[Part, Refusals]]) -> list[tuple[Part, Refusals]]:
    """Each trace once: of recordings with the same trace the first stays, the others are refused with a reason."""
    seen: dict[str, tuple[str, int, str]] = {}
    kept = []
    for part, refusals in parts:
        first = np.ones(len(part.rows), dtype=bool)
        for i, (name, patient) in enumerate(zip(part.table["recording_id"], part.table["patient_id"], strict=True)):
            row = int(part.rows[i])
            if name not in seen:
                seen[name] = (refusals.file, row, patient)
                continue
            first[i] = False
            file, original, same = seen[name]
            where = f"recording {original}" if file == refusals.file else f"recording {original} of {file!r}"
            other = "" if same == patient else ", but of another patient"
            refusals.add(row, "", None, f"duplicate: the same trace as {where}{other}")
        if first.all():
            kept.append((part, refusals))
        elif first.any():
            table = part.table[first].reset_index(drop=True)
            kept.append((Part(part.waveforms[first], table, part.sampling, part.rows[first]), refusals))
    return kept


def join(parts: list[Part], provenance: Provenance) -> tuple[Cohort, list[str]]:
    """One cohort at the highest rate, over the time that all recordings share, and what was done for that.

    Other rates are resampled (polyphase, anti-aliased); samples that then lie between those of the common time axis
    are interpolated by a cubic spline.

    Raises
    ------
    InputError
        The recordings share no time.
    """
    cohorts = [Cohort(p.waveforms, p.table, p.sampling, provenance) for p in parts]
    rate = max(c.sampling.rate_hz for c in cohorts)
    slower = [c for c in cohorts if not np.isclose(c.sampling.rate_hz, rate)]
    notes = []
    if slower:
        rates = ", ".join(f"{r:g}" for r in sorted({c.sampling.rate_hz for c in slower}))
        notes.append(f"{sum(map(len, slower)):,} recordings were resampled from {rates} Hz to {rate:g} Hz")
    cohorts = [c.resampled(rate) for c in cohorts]
    start = max(c.sampling.start_ms for c in cohorts)
    end = min(c.time_ms[-1] for c in cohorts)
    samples = int(np.floor((end - start) * rate / 1000 + _SAME_GRID)) + 1
    if samples < 2:
        raise InputError("the recordings share no time", value=f"{start:.2f} to {end:.2f} ms")
    trimmed = sum(len(c) for c in cohorts if c.samples != samples)
    if trimmed:
        time = Sampling(rate_hz=rate, start_ms=start).time_ms(samples)
        notes.append(f"{trimmed:,} recordings were cut to the time that all share, {time[0]:.2f} to {time[-1]:.2f} ms")
    pieces, moved = [], 0
    for cohort in cohorts:
        offset = (start - cohort.sampling.start_ms) * rate / 1000
        if abs(offset - round(offset)) > _SAME_GRID:
            moved += len(cohort)
            position = np.minimum(offset + np.arange(samples), cohort.samples - 1)
            spline = make_interp_spline(
                np.arange(cohort.samples), cohort.waveforms, k=min(3, cohort.samples - 1), axis=1
            )
            pieces.append(spline(position).astype(np.float32))
        else:
            pieces.append(cohort.waveforms[:, round(offset) : round(offset) + samples])
    if moved:
        notes.append(f"{moved:,} recordings were interpolated onto the common time axis (less than one sample)")
    waveforms = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    table = pd.concat([c.table for c in cohorts], ignore_index=True)
    return Cohort(waveforms, table, Sampling(rate_hz=rate, start_ms=start), provenance), notes
