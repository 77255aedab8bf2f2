"""Where wave V is marked on its trace: the average of all traces shifted onto their marks shows it above the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import amplitude_column, latency_column

REACH_MS = 1.8
"""A peak is looked for this far before and after the mark."""
SPAN_MS = 0.7
"""Half a wave V: what stands out of the average against the points this far to both sides is a peak."""
FEWEST = 10
"""Marks below which the average says nothing."""
_AT_THE_MARK_MS = 0.2
_NEARLY = 0.9
"""A peak at the mark counts as the peak when it stands out at least this much as the largest within reach."""
_CLEARLY = 1.1
_ABOVE_NOISE = 4.0
_NOTHING = 0.25
"""What stands out by less than this share of a wave's usual amplitude is no wave; a wave does by about half of it."""
_ALIKE_MS = 0.6
_BLOCK = 4_000


@dataclass(frozen=True)
class Alignment:
    """What the aligned average shows.

    ``height_uv`` is how far the average stands out at ``offset_ms`` behind the mark (positive: the peak comes later),
    negative for a trough; its standard error is ``error_uv``. ``kind`` is ``"peak"``, ``"trough"`` (polarity is turned
    over), ``"none"`` (the marks sit on nothing) or ``"unclear"`` (too few or too noisy to tell). ``n`` marks were used.
    """

    kind: str
    offset_ms: float
    height_uv: float
    error_uv: float
    n: int


def align(cohort: Cohort, wave: str = "V", rows: np.ndarray | None = None, like: Alignment | None = None) -> Alignment:
    """Where ``wave`` is marked, against the average of the traces (of ``rows``) shifted onto their marks.

    With ``like``, what is found has its sign and lies near its offset: for a part of the recordings it was found in.
    """
    marked = cohort.table[latency_column(wave)].to_numpy()
    rows = np.flatnonzero(np.isfinite(marked)) if rows is None else rows[np.isfinite(marked[rows])]
    lags, average, error, n = _aligned_average(cohort, rows, marked[rows])
    nothing = Alignment("unclear", float("nan"), float("nan"), float("nan"), n)
    step = 1000 / cohort.sampling.rate_hz
    span = max(1, round(SPAN_MS / step))
    if n < FEWEST or len(lags) <= 2 * span + 2:
        return nothing
    standing_out = average[span:-span] - (average[: -2 * span] + average[2 * span :]) / 2
    lags = lags[span:-span]
    within = np.abs(lags) <= REACH_MS + 1e-9
    if like is not None:
        within &= np.abs(lags - like.offset_ms) <= _ALIKE_MS
        standing_out = np.where(np.sign(standing_out) == np.sign(like.height_uv), standing_out, 0.0)
    standing_out, lags = standing_out[within], lags[within]
    error = float(error * np.sqrt(1.5))
    if not len(lags) or not np.isfinite(standing_out).all() or not error > 0:
        return nothing
    largest = int(np.abs(standing_out).argmax())
    peak, trough = int(standing_out.argmax()), int(standing_out.argmin())
    best = largest
    near = np.abs(lags) <= _AT_THE_MARK_MS
    for extreme in (peak, trough):  # what lies at the mark is taken before something a little larger beside it
        if near[extreme] and abs(standing_out[extreme]) >= _NEARLY * abs(standing_out[largest]):
            best = extreme
    height = float(standing_out[best])
    offset = float(lags[best] + _between(standing_out, best) * step)
    if abs(height) + 2 * error < _NOTHING * _usual_amplitude(cohort, wave, rows):
        return Alignment("none", offset, height, error, n)
    other = standing_out[trough if best == peak else peak]
    clear = near[best] or like is not None or abs(height) >= _CLEARLY * abs(other)
    if abs(height) < _ABOVE_NOISE * error or not clear:
        return Alignment("unclear", offset, height, error, n)
    return Alignment("peak" if height > 0 else "trough", offset, height, error, n)


def _usual_amplitude(cohort: Cohort, wave: str, rows: np.ndarray) -> float:
    """Of the wave's labels; not more than the traces hold, should the labels be in another unit."""
    held = 1.5 * float(np.median(np.abs(cohort.waveforms[rows[:2_000]]).max(axis=1)))
    labels = np.abs(cohort.table[amplitude_column(wave)].to_numpy()[rows])
    labels = labels[labels > 0]
    return min(held, float(np.median(labels))) if len(labels) else held / 1.5


def _aligned_average(cohort: Cohort, rows: np.ndarray, marked: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Lags behind the mark in ms, the average at each, its mean standard error, and how many traces are in it."""
    step = 1000 / cohort.sampling.rate_hz
    half = int(np.ceil((REACH_MS + SPAN_MS) / step)) + 1
    centre = np.rint((marked - cohort.sampling.start_ms) / step).astype(np.int64)
    inside = (centre >= 0) & (centre < cohort.samples)
    rows, marked, centre = rows[inside], marked[inside], centre[inside]
    reach = np.arange(-half, half + 1)
    total, squares, count = np.zeros(len(reach)), np.zeros(len(reach)), np.zeros(len(reach))
    for start in range(0, len(rows), _BLOCK):
        some = slice(start, start + _BLOCK)
        position = centre[some, None] + reach
        there = (position >= 0) & (position < cohort.samples)
        windows = cohort.waveforms[rows[some, None], np.clip(position, 0, cohort.samples - 1)].astype(np.float64)
        windows = np.where(there, windows, 0.0)
        total += windows.sum(axis=0)
        squares += (windows**2).sum(axis=0)
        count += there.sum(axis=0)
    if not len(rows) or (count < 2).any():
        usable = count >= max(2, 0.5 * len(rows))
        if not usable.any():
            return np.zeros(0), np.zeros(0), 0.0, len(rows)
        first, last = np.flatnonzero(usable)[[0, -1]]
        reach, total, squares, count = (x[first : last + 1] for x in (reach, total, squares, count))
    average = total / count
    error = np.sqrt(np.maximum(squares / count - average**2, 0) / count).mean()
    # Each window is centred on the nearest sample: on the whole the mark sits a fraction of a sample off its middle.
    fraction = np.mean(marked - cohort.sampling.start_ms - centre * step)
    return reach * step - fraction, average, float(error), len(rows)


def _between(values: np.ndarray, at: int) -> float:
    """Where between the samples the extreme lies, in samples: the parabola through three of them."""
    if not 0 < at < len(values) - 1:
        return 0.0
    a, b, c = np.abs(values[at - 1 : at + 2])
    bend = a - 2 * b + c
    return float(0.5 * (a - c) / bend) if bend < 0 else 0.0
