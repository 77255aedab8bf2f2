"""The baselines, and a cohort that is easy to learn."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))  # as when a benchmark is run as a script

from abr_model.cohort import Cohort
from abr_model.configuration import load_preset
from abr_model.provenance import Provenance, Sampling
from abr_model.schema import CONDITION_NAMES
from abr_model.training.parts import prepare_parts

SAMPLES, RATE_HZ = 80, 6000.0
CLASSES = ("normal", "conductive")
LEVELS = (20.0, 50.0, 80.0)


def bump_uv(level: np.ndarray, hearing: np.ndarray) -> np.ndarray:
    """Amplitude of the response [N] in µV: it grows with the level; a conductive loss takes most of it."""
    return np.where(hearing == "normal", 1.0, 0.3) * level / 50


def bump_ms(level: np.ndarray) -> np.ndarray:
    """Latency of the response [N] in ms: 8 ms at 20 dB, 5 ms at 80 dB."""
    return 9.0 - level / 20


@pytest.fixture(scope="session")
def easy_cohort() -> Cohort:
    """3,000 recordings of 300 patients: a bump whose size and place follow level and class, in smooth noise."""
    random = np.random.default_rng(7)
    n = 3000
    level, hearing = random.choice(LEVELS, n), random.choice(CLASSES, n)
    sampling = Sampling(rate_hz=RATE_HZ, start_ms=0.0)
    size = bump_uv(level, hearing) * np.exp(0.1 * random.standard_normal(n))
    place = bump_ms(level) + 0.1 * random.standard_normal(n)
    time = sampling.time_ms(SAMPLES)
    noise = np.apply_along_axis(lambda x: np.convolve(x, [0.5, 0.7, 0.5], "same"), 1, random.standard_normal((n, 80)))
    traces = size[:, None] * np.exp(-(((time - place[:, None]) / 0.5) ** 2)) + 0.1 * noise
    marked = random.random(n) < np.where(level > 30, 0.95, 0.2)
    table = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(n)],
            "patient_id": [f"p{i // 10}" for i in range(n)],
            "age_years": random.choice([0.1, 1.0, 30.0], n),
            "intensity_db_nhl": level,
            "stimulus_rate_per_s": random.choice([21.1, 33.1], n),
            "hearing_loss": hearing,
            "stimulus_polarity": "alternating",
            "fmp": 5.0,
            "latency_V_ms": np.where(marked, place, np.nan),
            "amplitude_V_uv": np.where(marked, size, np.nan),
        }
    )
    return Cohort(traces, table, sampling, Provenance(kind="simulated", source="a bump"))


@pytest.fixture(scope="session")
def easy_preset():
    """The default preset for 80 samples."""
    return load_preset("default").changed(
        preparation={"samples": SAMPLES, "sampling_rate_hz": RATE_HZ},
        network={"samples": SAMPLES},
        sampler={"bands": [0, 10, SAMPLES]},
    )


@pytest.fixture(scope="session")
def easy_parts(easy_cohort, easy_preset):
    """Training, validation and test part of the easy cohort."""
    return prepare_parts(easy_cohort, easy_preset)


@pytest.fixture(scope="session")
def held_out_conditions(easy_parts) -> pd.DataFrame:
    """Conditions of the test part."""
    return easy_parts.test.table[list(CONDITION_NAMES)]
