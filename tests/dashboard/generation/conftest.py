from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.generation.response import ResponseSeries
from dashboard.widgets.generation.exploring.axes import AXES
from dashboard.widgets.generation.exploring.settings import USUAL_CONDITION

TIME = np.arange(200) / 15.0


def cohort_of(kind: str, n: int, source: str = "a clinic") -> Cohort:
    """``n`` recordings of noise on a time axis that is not the model's."""
    waveforms = np.random.default_rng(1).standard_normal((n, 250)).astype(np.float32) * 0.1
    table = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(n)],
            "patient_id": [f"p{i % 4}" for i in range(n)],
            "ear": ["right" if i % 2 else "left" for i in range(n)],
            "age_years": 0.25,
            "intensity_db_nhl": 80.0,
            "stimulus_rate_per_s": 33.1,
            "hearing_loss": "normal",
        }
    )
    return Cohort(waveforms, table, Sampling(rate_hz=20000, start_ms=-1), Provenance(kind=kind, source=source))


def series_of(axis: str, values: tuple, draws: int = 24) -> ResponseSeries:
    """Draws along a condition whose mean grows from value to value."""
    generator = np.random.default_rng(0)
    n = len(values)
    responses = 0.1 * generator.standard_normal((n, draws, 200)) + np.arange(n)[:, None, None] * 0.01
    latency = np.tile([1.6, 3.7, 5.5], (n, 1))
    latency[0, 0] = np.nan
    return ResponseSeries(
        axis=axis,
        condition=dict(USUAL_CONDITION),
        values=np.array(values),
        time_ms=TIME,
        mean=responses.mean(axis=1),
        sd=responses.std(axis=1),
        responses=responses,
        recordings=responses + 0.05,
        has_noise=True,
        latency_ms=latency,
        amplitude_uv=np.full((n, 3), 0.3),
        marked=np.full((n, 3), 0.9),
        i_iii_ms=np.full(n, 2.1),
        iii_v_ms=np.full(n, 1.8),
        i_v_ms=np.full(n, 3.9),
        v_i_ratio=np.full(n, 1.7),
    )


@pytest.fixture
def picture() -> ResponseSeries:
    """Where the sliders stand."""
    return series_of("intensity_db_nhl", (80.0,))


@pytest.fixture
def age_sweep() -> ResponseSeries:
    """The whole age axis."""
    axis = AXES["age_years"]
    return series_of("age_years", tuple(axis.stops[i] for i in axis.sweep))
