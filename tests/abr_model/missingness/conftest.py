"""Tables in which it is known what is missing, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.table import conform_table


@pytest.fixture
def table():
    """Eight recordings; wave I goes missing with its amplitude, the age in one, V never."""
    missing = np.nan
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": [f"r{i}" for i in range(8)],
                "patient_id": "p",
                "hearing_loss": ["normal"] * 4 + ["total"] * 2 + [None] * 2,
                "age_years": [missing, 1, 2, 3, 4, 5, 6, 0],
                "intensity_db_nhl": [20.0, 20, 60, 60, 20, 60, 20, 60],
                "stimulus_rate_per_s": 33.1,
                "latency_I_ms": [missing, missing, missing, 1.5, missing, 1.6, missing, missing],
                "amplitude_I_uv": [missing, missing, missing, 0.3, missing, 0.0, missing, missing],
                "latency_V_ms": 6.0,
            }
        )
    )


@pytest.fixture(scope="session")
def made():
    """1,200 recordings of 60 patients. Wave I is missing by lot; III below 50 dB; V at both ends of the levels and
    III's amplitude in half of the patients, whatever was recorded."""
    chance = np.random.default_rng(5)
    patients, each = 60, 20
    number = patients * each
    level = chance.choice(np.arange(0, 101, 10.0), number)
    patient = np.repeat(np.arange(patients), each)
    lottery = chance.random(number)
    by_patient = chance.random(patients)[patient] < 0.5
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": [f"r{i}" for i in range(number)],
                "patient_id": [f"p{p:03d}" for p in patient],
                "age_years": np.repeat(chance.uniform(0, 60, patients), each),
                "intensity_db_nhl": level,
                "stimulus_rate_per_s": 33.1,
                "hearing_loss": np.repeat(chance.choice(["normal", "sensorineural"], patients), each),
                "stimulus_polarity": "alternating",
                "ear": chance.choice(["right", "left"], number),
                "latency_I_ms": np.where(lottery < 0.3, np.nan, 1.6),
                "latency_III_ms": np.where(level < 50, np.nan, 4.0 + 0.01 * chance.normal(size=number)),
                "latency_V_ms": np.where((level < 25) | (level > 75), np.nan, 6.0),
                "amplitude_III_uv": np.where(by_patient, np.nan, 0.3),
            }
        )
    )
