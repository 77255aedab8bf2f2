"""Comparisons whose answer is known: traces of Gaussian waves at latencies that the test sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.evaluation.comparison import Comparison
from abr_model.schema import Kind

SAMPLING = Sampling(rate_hz=15000.0, start_ms=0.0)
SAMPLES = 200
LEVELS = (20.0, 40.0, 60.0, 80.0)


def wave_v(level, age, rate=33.1):
    """Latency in ms: 0.35 ms per 10 dB, 0.5 ms per tenfold conceptional age, 0.5 ms per tenfold rate."""
    return (
        7.3
        + 0.035 * (50 - np.asarray(level))
        - 0.5 * np.log10((np.asarray(age) + 0.77) / 0.77)
        + 0.5 * np.log10(np.asarray(rate) / 33.1)
    )


def traces(latencies: dict[str, np.ndarray], heights: dict[str, np.ndarray]) -> np.ndarray:
    """[n, T] µV: a Gaussian for each wave, and a slow negativity after V."""
    time = SAMPLING.time_ms(SAMPLES)
    found = np.zeros((len(latencies["V"]), SAMPLES))
    for wave, at in latencies.items():
        found += heights[wave][:, None] * np.exp(-0.5 * ((time - at[:, None]) / 0.3) ** 2)
    return found - 0.2 * np.exp(-0.5 * ((time - latencies["V"][:, None] - 1.5) / 0.6) ** 2)


def cohort(
    patients: int, seed: int, kind: str = "r", *, late_ms: float = 0.0, noise_uv: float = 0.02, spread_ms: float = 0.05,
    taller_uv: float = 0.0, label_late_ms: float = 0.0, level_effect: float = 1.0,
    conditions: pd.DataFrame | None = None, marked: float = 1.0,
) -> tuple[Cohort, np.ndarray]:  # fmt: skip
    """Normal ears, each at every one of :data:`LEVELS` (or at ``conditions``), and their clean traces.

    ``late_ms`` moves the waves and their labels, ``label_late_ms`` the labels alone; ``level_effect`` multiplies the
    effect of the level; ``marked`` is the share of recordings with wave V marked; I and III are from 60 dB.
    """
    rng = np.random.default_rng(seed)
    if conditions is None:
        ages = rng.uniform(1.5, 12.0, patients)
        conditions = pd.DataFrame(
            {
                "age_years": np.repeat(ages, len(LEVELS)),
                "intensity_db_nhl": np.tile(LEVELS, patients),
                "stimulus_rate_per_s": rng.choice([11.1, 33.1], patients * len(LEVELS)),
                "hearing_loss": "normal",
            }
        )
        who = [f"{kind}{k}" for k in np.repeat(np.arange(patients), len(LEVELS))]
    else:
        who = [f"{kind}{k}" for k in range(len(conditions))]
    n, level = len(conditions), conditions["intensity_db_nhl"].to_numpy()
    v = wave_v(50 + level_effect * (level - 50), conditions["age_years"], conditions["stimulus_rate_per_s"])
    v = v + late_ms + spread_ms * rng.standard_normal(n)
    at = {"I": v - 4.2, "III": v - 2.0, "V": v}
    heights = {"I": np.full(n, 0.2), "III": np.full(n, 0.25), "V": np.full(n, 0.4) + taller_uv}
    clean = traces(at, heights)
    table = conditions.reset_index(drop=True).assign(recording_id=[f"{kind}-{k}" for k in range(n)], patient_id=who)
    for wave, seen in (("I", level >= 60), ("III", level >= 60), ("V", rng.random(n) < marked)):
        table[f"latency_{wave}_ms"] = np.where(seen, at[wave] + label_late_ms, np.nan)
        table[f"amplitude_{wave}_uv"] = np.where(seen, heights[wave], np.nan)
    recorded = clean + noise_uv * rng.standard_normal(clean.shape)
    provenance = Provenance(kind=Kind.SIMULATED, source="constructed")
    return Cohort(recorded.astype(np.float32), table, SAMPLING, provenance), clean.astype(np.float32)


def constructed(patients: int = 40, seed: int = 0, with_clean: bool = True, **generated) -> Comparison:
    """Held-out, other and training patients of one population; generated ones of another where arguments say so."""
    real, clean = cohort(patients, seed + 1, "r")
    names = ["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]
    made, _ = cohort(0, seed + 2, "g", conditions=real.table[names], **generated)
    return Comparison(
        train=cohort(2 * patients, seed + 3, "t")[0],
        other=cohort(patients, seed + 4, "o")[0],
        real=real,
        generated=made,
        clean=clean if with_clean else None,
        seed=seed,
    )


@pytest.fixture(scope="session")
def comparison():
    """Makes a comparison; arguments of :func:`cohort` say how the generated recordings differ."""
    return constructed


@pytest.fixture(scope="session")
def score():
    """Finds one number of a section by its key."""
    return lambda section, key: next(s for s in section.scores if s.key == key)
