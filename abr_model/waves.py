"""Finding a wave on a trace and measuring its latency and amplitude, as a clinician does on the screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort, Sampling
from abr_model.errors import InputError
from abr_model.schema import WAVES, latency_column

TROUGH_WITHIN_MS = {"I": 1.2, "III": 1.4, "V": 2.0}
"""How long after its peak a wave's trough is looked for, before the next wave; V ends in a slow slope: longest."""


def pick_wave(
    waveforms: np.ndarray,
    sampling: Sampling,
    around_ms: np.ndarray | float,
    within_ms: np.ndarray | float,
    *,
    trough_within_ms: float = TROUGH_WITHIN_MS["V"],
    choose: str = "highest",
    from_zero: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Latency and amplitude of the local maximum in a window of each trace.

    Parameters
    ----------
    waveforms
        [N, T], µV, vertex positive up.
    sampling
        When the samples were taken.
    around_ms, within_ms
        [N] or scalar: the window is ``around_ms ± within_ms``. Where ``around_ms`` is NaN nothing is found.
    trough_within_ms
        Span after the peak in which the lowest point is the following trough.
    choose
        ``"highest"`` or ``"nearest"`` (to ``around_ms``) local maximum of the window.
    from_zero
        Amplitude is the height of the peak over the zero line of the trace, which may be negative, instead of peak to
        following trough. The marks of the simulated clinic are measured so.

    Returns
    -------
    latency_ms, amplitude_uv
        [N] float64 each. Latency and height of the peak are those of the parabola through the top three samples;
        amplitude is peak to following trough, or the peak's height with ``from_zero``. NaN where the window holds no
        local maximum.
    """
    if choose not in ("highest", "nearest"):
        raise ValueError(f"choose must be 'highest' or 'nearest', not {choose!r}")
    waveforms = np.atleast_2d(np.asarray(waveforms))
    traces, samples = waveforms.shape
    latency, amplitude = np.full(traces, np.nan), np.full(traces, np.nan)
    step_ms = 1000.0 / sampling.rate_hz
    around = np.broadcast_to(np.asarray(around_ms, dtype=np.float64), traces)
    within = np.broadcast_to(np.asarray(within_ms, dtype=np.float64), traces)
    wanted = np.flatnonzero(np.isfinite(around) & np.isfinite(within))
    if samples < 3 or not len(wanted):
        return latency, amplitude

    # Only the window is looked at: a table of sample positions [wanted, width] around each expected latency.
    centre = (around[wanted] - sampling.start_ms) / step_ms
    reach = within[wanted] / step_ms
    half = int(np.ceil(reach.max())) + 1
    position = np.rint(centre).astype(np.int64)[:, None] + np.arange(-half, half + 1)
    inner = np.clip(position, 1, samples - 2)
    rows = wanted[:, None]
    left, top, right = waveforms[rows, inner - 1], waveforms[rows, inner], waveforms[rows, inner + 1]
    # Half a sample of tolerance: the parabola moves the peak by up to that much.
    in_window = (np.abs(position - centre[:, None]) <= reach[:, None] + 0.5) & (position == inner)
    is_peak = in_window & (top > left) & (top >= right)
    score = top if choose == "highest" else -np.abs(position - centre[:, None])
    best = np.where(is_peak, score, -np.inf).argmax(axis=1)
    found = is_peak.any(axis=1)
    if not found.any():
        return latency, amplitude

    row, best = wanted[found], best[found, None]
    peak = np.take_along_axis(inner[found], best, axis=1)[:, 0]
    a, b, c = (np.take_along_axis(x[found], best, axis=1)[:, 0].astype(np.float64) for x in (left, top, right))
    shift = 0.5 * (a - c) / (a - 2 * b + c)
    latency[row] = sampling.start_ms + (peak + shift) * step_ms
    height = b - 0.25 * (a - c) * shift
    if from_zero:
        amplitude[row] = height
        return latency, amplitude
    span = max(1, round(trough_within_ms / step_ms))
    after = np.minimum(peak[:, None] + np.arange(1, span + 1), samples - 1)
    amplitude[row] = height - waveforms[row[:, None], after].min(axis=1)
    return latency, amplitude


@dataclass(frozen=True)
class PeakOffset:
    """How far a wave's marked latencies lie from the peaks of their traces, ms; positive: marked later than the peak.

    ``aligned_ms`` is the offset of the average of all traces shifted onto their marks: noise averages out, so it is
    the trustworthy figure. ``median_ms`` and the quartiles are of the single traces. ``n`` recordings were measured.
    Without any, all are NaN.
    """

    wave: str
    n: int
    median_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    aligned_ms: float


def offset_from_peak(cohort: Cohort, wave: str = "V", within_ms: float = 1.5) -> PeakOffset:
    """How far marked latencies lie from the local maximum of their traces.

    A sampling rate or time zero that was stated wrongly, or an insert tube's delay taken off the labels alone, shows
    here as an offset (``original.md``, faults of the original's data handling).

    Parameters
    ----------
    cohort
        Recordings with marked latencies.
    wave
        ``"I"``, ``"III"`` or ``"V"``.
    within_ms
        The peak is looked for this far before and after the mark.
    """
    if wave not in WAVES:
        raise InputError("there is no such wave", value=wave, allowed=", ".join(WAVES))
    marked = cohort.table[latency_column(wave)].to_numpy()
    rows = np.flatnonzero(np.isfinite(marked))
    waveforms, marked = cohort.waveforms[rows], marked[rows]
    found, _ = pick_wave(waveforms, cohort.sampling, marked, within_ms)
    offsets = (marked - found)[np.isfinite(found)]
    if not len(offsets):
        return PeakOffset(wave, 0, np.nan, np.nan, np.nan, np.nan)
    lower, median, upper = np.percentile(offsets, [25, 50, 75])
    aligned = _aligned_offset(waveforms, cohort.sampling, marked, within_ms)
    return PeakOffset(wave, len(offsets), float(median), float(lower), float(upper), aligned)


def _aligned_offset(waveforms: np.ndarray, sampling: Sampling, marked: np.ndarray, within_ms: float) -> float:
    """Mark minus peak of the average of all traces shifted onto their marks."""
    step_ms = 1000.0 / sampling.rate_hz
    half = int(np.ceil(within_ms / step_ms)) + 2
    centre = np.rint((marked - sampling.start_ms) / step_ms).astype(np.int64)
    inside = np.flatnonzero((centre - half >= 0) & (centre + half < waveforms.shape[1]))
    if not len(inside):
        return float("nan")
    position = centre[inside, None] + np.arange(-half, half + 1)
    windows = waveforms[inside[:, None], position].astype(np.float64)
    # Each window is centred on the nearest sample, so the mark sits a fraction of a sample off its middle.
    fraction = np.mean(marked[inside] - sampling.start_ms - centre[inside] * step_ms)
    average = windows.mean(axis=0, keepdims=True)
    peak, _ = pick_wave(average, Sampling(rate_hz=sampling.rate_hz, start_ms=0.0), half * step_ms, within_ms)
    return float(half * step_ms + fraction - peak[0])
