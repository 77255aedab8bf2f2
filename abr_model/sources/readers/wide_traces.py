"""Traces that stand in the rows of a table: what is no whole trace is refused, the others are cut to one length."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.sources.part import Part
from abr_model.sources.pseudonyms import recording_pseudonym
from abr_model.sources.report import Refusals

_SHORTEST_SHARE = 0.9
"""A trace shorter than this share of the usual length is refused rather than all others cut down to it."""


def whole_part(
    table: pd.DataFrame,
    waveforms: np.ndarray,
    rows: np.ndarray,
    sampling: Sampling,
    columns: list[str],
    refusals: Refusals,
    salt: bytes,
) -> tuple[list[Part], list[str]]:
    """The recordings that are whole, all cut to the length that each of them has, and what was done.

    Parameters
    ----------
    table
        [n] in the terms of a cohort.
    waveforms
        [n, T] float32 µV, NaN where a cell is empty.
    rows
        [n] row numbers in the file.
    columns
        [T] names of the sample columns, for the reasons; one name for all where they are a list.
    refusals
        Gets traces that end early, have a gap, or are flat. Rows in it are left out.
    """
    finite = np.isfinite(waveforms)
    lengths = np.where(finite.any(axis=1), finite.shape[1] - np.argmax(finite[:, ::-1], axis=1), 0)
    open_ = ~np.isin(rows, list(refusals.rows))
    if not open_.any():
        return [], []
    usual = int(np.median(lengths[open_]))
    for i in np.flatnonzero(open_ & (lengths < max(2, _SHORTEST_SHARE * usual))):
        place = columns[min(lengths[i], len(columns) - 1)]
        refusals.add(rows[i], place, None, f"the trace ends after {lengths[i]} samples (usual: {usual})")
    for i in np.flatnonzero(open_ & (finite.sum(axis=1) < lengths)):
        gap = int(np.argmin(finite[i]))
        refusals.add(rows[i], columns[min(gap, len(columns) - 1)], None, "a sample is missing")
    highest = np.max(waveforms, axis=1, initial=-np.inf, where=finite)
    lowest = np.min(waveforms, axis=1, initial=np.inf, where=finite)
    for i in np.flatnonzero(open_ & (highest == lowest)):
        refusals.add(rows[i], columns[0], None, "the trace is flat: there is no signal in it")
    kept = np.flatnonzero(~np.isin(rows, list(refusals.rows)))
    if not len(kept):
        return [], []
    notes = []
    length = int(lengths[kept].min())
    if length < waveforms.shape[1]:
        notes.append(f"traces were cut to the {length} samples that all recordings have, of {waveforms.shape[1]}")
    names = [recording_pseudonym(waveforms[i, : lengths[i]].tobytes(), salt) for i in kept]
    table = table.iloc[kept].reset_index(drop=True).assign(recording_id=names)
    whole = waveforms[:, :length] if len(kept) == len(rows) else waveforms[kept, :length]  # no copy of all of them
    return [Part(whole, table, sampling, rows[kept])], notes
