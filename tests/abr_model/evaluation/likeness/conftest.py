"""A comparison whose answer is known: real traces are smooth noise of a known law, and so are generated ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from abr_model.cohort import Cohort
from abr_model.evaluation.comparison import Comparison

SAMPLES = 100


def smooth_noise(n: int, seed: int) -> np.ndarray:
    """[n, SAMPLES] noise of SD 1 µV that varies slowly, on a bump that all have."""
    noise = gaussian_filter1d(np.random.default_rng(seed).normal(size=(n, SAMPLES)), 3, axis=1, mode="wrap")
    return noise / noise.std() + np.exp(-0.5 * ((np.arange(SAMPLES) - 40) / 6) ** 2)


@pytest.fixture
def constructed(small_cohort) -> Callable[..., Comparison]:
    """``constructed(change)``: generated traces are of the law of the real ones; then ``change`` is done to them."""
    known = small_cohort.table[["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]].notna().all(1)
    cohort = small_cohort.take(known.to_numpy()).windowed(0.0, SAMPLES)
    patients = cohort.table["patient_id"].unique()
    parts = [cohort.table["patient_id"].isin(some).to_numpy() for some in np.array_split(patients, 3)]

    def noise(rows: np.ndarray, seed: int) -> Cohort:
        part = cohort.take(rows)
        return replace(part, waveforms=smooth_noise(len(part), seed).astype(np.float32))

    def made(change: Callable[[np.ndarray], np.ndarray] = lambda traces: traces, seed: int = 0) -> Comparison:
        train, other, real = (noise(rows, seed + k) for k, rows in enumerate(parts))
        generated = replace(real, waveforms=change(smooth_noise(len(real), seed + 9)).astype(np.float32))
        return Comparison(train, other, real, generated, clean=None, seed=seed)

    return made


def first_patients(cohort: Cohort, n: int) -> Cohort:
    """The recordings of ``n`` patients."""
    return cohort.take(cohort.table["patient_id"].isin(cohort.table["patient_id"].unique()[:n]).to_numpy())


@pytest.fixture
def with_few_patients(constructed) -> Callable[[int], Comparison]:
    """``with_few_patients(n)``: a comparison that holds ``n`` patients of each set."""

    def made(n: int) -> Comparison:
        whole = constructed()
        few = {name: first_patients(getattr(whole, name), n) for name in ("other", "real", "generated")}
        return replace(whole, **few)

    return made
