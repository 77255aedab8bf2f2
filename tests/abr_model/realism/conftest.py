"""Cohorts made up so that every answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.realism.published import published_trace
from abr_model.schema import COLUMN_NAMES, Kind


@pytest.fixture
def made_up():
    """``made_up(kind=…, **columns)``: 100 recordings of 20 patients. The first 40 have Fmp 1.5, of which 20 have 3,
    and carry the published trace, mean + SD and mean − SD in turn; the others have Fmp 0.5 and a flat trace."""

    def cohort(kind: Kind = Kind.SIMULATED, **columns) -> Cohort:
        n = 100
        index = np.arange(n)
        values = {
            "recording_id": [f"r{k}" for k in index],
            "patient_id": [f"p{k // 5}" for k in index],
            "ear": "right",
            "sex": np.where(index // 5 % 2, "female", "male"),
            "age_years": 0.9,
            "intensity_db_nhl": np.tile([20.0, 40.0, 60.0, 80.0, 100.0], 20),
            "stimulus_rate_per_s": 33.1,
            "hearing_loss": "normal",
            "stimulus_polarity": "alternating",
            "fmp": np.where(index < 20, 3.0, np.where(index < 40, 1.5, 0.5)),
            "latency_V_ms": np.where(index < 60, 7.0, np.nan),
            "amplitude_V_uv": np.where(index < 60, 0.2, np.nan),
        } | columns
        table = pd.DataFrame({name: values.get(name) for name in COLUMN_NAMES}, index=index)
        mean, sd, rate_hz = published_trace()
        waveforms = np.zeros((n, 300), dtype=np.float32)
        waveforms[:40, :200] = mean + np.where(index[:40] % 2, 1, -1)[:, None] * sd
        return Cohort(
            waveforms, table, Sampling(rate_hz=rate_hz, start_ms=0.0), Provenance(kind=kind, source="made up")
        )

    return cohort
