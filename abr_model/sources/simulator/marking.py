"""Which waves the operator marks, and where: measured on the recorded trace, not taken from the truth."""

from __future__ import annotations

import numpy as np

from abr_model.cohort import Sampling
from abr_model.schema import WAVES
from abr_model.sources.simulator.parameters import Parameters
from abr_model.sources.simulator.response import Response
from abr_model.sources.simulator.series import Series
from abr_model.waves import TROUGH_WITHIN_MS, pick_wave


def mark_waves(
    rng: np.random.Generator,
    series: Series,
    response: Response,
    recorded_uv: np.ndarray,
    residual_noise_uv: np.ndarray,
    parameters: Parameters,
) -> tuple[np.ndarray, np.ndarray]:
    """Marked latency [n, 3] in ms and amplitude [n, 3] in µV of I, III, V; NaN where a wave is not marked.

    A wave is seen when its amplitude stands out of the residual noise, and marked when it is seen *and* the operator
    cares: in threshold testing mostly wave V. So "not marked" does not mean "absent".
    """
    p = parameters.marking
    n = len(series)
    needs = np.array([p.other_needs, p.other_needs, p.v_needs])
    needed = needs * np.exp(rng.normal(0, p.spread, (n, 3)))
    seen = response.amplitude_uv > needed * residual_noise_uv[:, None]
    all_waves = (rng.random(n) < p.all_waves) & (series.level >= p.all_waves_from)
    cares = np.stack([all_waves & (rng.random(n) < p.i_too), all_waves, rng.random(n) < p.v_habit], axis=1)
    marks = seen & cares
    marks[:, 2] |= rng.random(n) < p.false_mark

    sampling = Sampling(rate_hz=parameters.rate_hz, start_ms=0.0)
    latency, amplitude = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
    scatter = rng.normal(0, p.scatter, (n, 3))
    for column, wave in enumerate(WAVES):
        expected = np.where(marks[:, column], response.latency_ms[:, column], np.nan)
        found, size = pick_wave(
            recorded_uv, sampling, expected, p.within[column], trough_within_ms=TROUGH_WITHIN_MS[wave]
        )
        latency[:, column], amplitude[:, column] = found + scatter[:, column], size
    return latency, amplitude
