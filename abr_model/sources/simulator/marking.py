"""Which waves the operator marks, and where: measured on the recorded trace, not taken from the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Sampling
from abr_model.schema import WAVES
from abr_model.sources.simulator.parameters import Parameters
from abr_model.sources.simulator.response import Response
from abr_model.sources.simulator.series import Series
from abr_model.waves import pick_wave


@dataclass(frozen=True)
class Marks:
    """[n, 3] for I, III, V: ``latency_ms`` and ``amplitude_uv`` (NaN: not marked), ``judged`` (object).

    ``judged`` is "present" where a wave is marked, "absent" where the operator looked for it and the noise was low
    enough to say that there is none, else None.
    """

    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    judged: np.ndarray


def mark_waves(
    rng: np.random.Generator,
    series: Series,
    response: Response,
    recorded_uv: np.ndarray,
    residual_noise_uv: np.ndarray,
    fmp: np.ndarray,
    parameters: Parameters,
) -> Marks:
    """What the operator marks on the recordings [n, T] and says of the waves.

    A wave is seen when its amplitude stands out of the residual noise, and marked when it is seen *and* the operator
    cares: in threshold testing mostly wave V. So "not marked" does not mean "absent". The less a wave stands out, the
    more often the cursor is put on another peak. Where the device shows a large Fmp the operator marks a wave V even if
    there is none to be seen, so that noise is marked now and then. Amplitude is the height of the marked peak over the
    zero line.
    """
    p = parameters.marking
    n = len(series)
    clearness = response.amplitude_uv / residual_noise_uv[:, None]
    needs = np.array([p.other_needs, p.other_needs, p.v_needs])
    seen = clearness > needs * np.exp(rng.normal(0, p.spread, (n, 3)))
    # The purpose of a test is the visit's, the habit of storing marks the series': one ear at one visit.
    visits = series.visit.max() + 1
    diagnostic = (rng.random(visits) < p.all_waves)[series.visit] & (series.level >= p.all_waves_from)
    stored = (rng.random((visits, 2)) < p.v_habit)[series.visit, series.ear]
    cares = np.stack([diagnostic & (rng.random(n) < p.i_too), diagnostic, np.ones(n, bool)], axis=1) & stored[:, None]
    marks = seen & cares
    median, log_sd = p.fmp_convinces
    marks[:, 2] |= stored & (fmp > median * np.exp(rng.normal(0, log_sd, n)))

    about = _looked_at(rng, response.latency_ms, clearness, parameters)
    sampling = Sampling(rate_hz=parameters.rate_hz, start_ms=0.0)
    latency, amplitude = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
    scatter = rng.normal(0, p.scatter, (n, 3))
    for column in range(len(WAVES)):
        found, height = pick_wave(
            recorded_uv,
            sampling,
            np.where(marks[:, column], about[:, column], np.nan),
            p.within[column],
            from_zero=True,
        )
        latency[:, column], amplitude[:, column] = found + scatter[:, column], height
    for column in (1, 0):
        # Nobody marks III after V: a mark that would break the order is not set.
        later = np.fmin.reduce(latency[:, column + 1 :], axis=1)
        latency[latency[:, column] >= later, column] = np.nan
    amplitude[np.isnan(latency)] = np.nan
    quiet = residual_noise_uv[:, None] * 1000 <= p.absent_below
    judged = np.full((n, 3), None, dtype=object)
    judged[cares & quiet] = "absent"
    judged[np.isfinite(latency)] = "present"
    return Marks(latency, amplitude, judged)


def _looked_at(
    rng: np.random.Generator, latency_ms: np.ndarray, clearness: np.ndarray, parameters: Parameters
) -> np.ndarray:
    """[n, 3] ms: where the operator takes the waves to be: at the true latency or, by mistake, at another peak."""
    p = parameters.marking
    confused = rng.random(clearness.shape) < p.other_peak + (1 - p.other_peak) * np.exp(-clearness / p.clear_from)
    about = latency_ms + np.where(confused, rng.normal(0, p.displaced, clearness.shape), 0.0)
    i, iii, v = latency_ms.T
    earliest = np.stack([np.full_like(i, 0.5), i + p.apart, np.maximum(iii + p.apart, p.v_from + p.within[2])], axis=1)
    latest = np.stack([iii - p.apart, v - p.apart, np.full_like(i, p.v_to)], axis=1)
    return np.clip(about, earliest, np.maximum(latest, earliest))
