from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from abr_model.evaluation.overlay import OVERLAID, mean_spectrum_db, overlay, ripple_nv

BY_KEY = {quantity.key: quantity for quantity in OVERLAID}


def test_distances_and_shares():
    rng = np.random.default_rng(3)
    real, generated = rng.normal(6, 0.3, 400), rng.normal(6.2, 0.3, 300)
    real[::7] = np.nan  # waves that are not marked
    other = rng.normal(6, 0.3, 200)
    found = overlay(BY_KEY["latency_V"], real, generated, other)
    known = real[np.isfinite(real)]
    assert found.n_real == len(known) and found.n_generated == 300
    assert found.wasserstein == pytest.approx(wasserstein_distance(known, generated))
    assert found.ks == pytest.approx(ks_2samp(known, generated).statistic)
    assert found.limit_wasserstein < found.wasserstein and found.limit_ks < found.ks
    assert found.real.sum() == pytest.approx(100) and found.generated.sum() == pytest.approx(100)


def test_too_few_values_are_not_a_distribution():
    few = np.r_[np.arange(9.0), np.full(50, np.nan)]
    assert overlay(BY_KEY["latency_I"], few, np.arange(50.0), np.arange(50.0)) is None
    assert np.isnan(overlay(BY_KEY["latency_I"], np.arange(50.0), np.arange(50.0), few).limit_ks)


def test_intervals_come_from_the_marks(small_cohort):
    table = small_cohort.table
    found = BY_KEY["interval_I_V"].values(small_cohort)
    assert np.array_equal(found, (table["latency_V_ms"] - table["latency_I_ms"]).to_numpy(), equal_nan=True)


def test_ripple_is_what_lies_above_the_response(small_cohort):
    few = small_cohort.take([0, 1])
    time_s = np.arange(few.samples) / few.sampling.rate_hz
    # Whole periods in the window, so that nothing leaks.
    step = few.sampling.rate_hz / few.samples
    high, low = (step * round(hz / step) for hz in (3000, 500))
    waves = np.stack([0.1 * np.sin(2 * np.pi * high * time_s), 0.8 * np.sin(2 * np.pi * low * time_s)])
    found = ripple_nv(replace(few, waveforms=waves.astype(np.float32)))
    assert found == pytest.approx([100 / np.sqrt(2), 0], abs=0.1)
    frequency, power = mean_spectrum_db(replace(few, waveforms=waves.astype(np.float32)))
    assert frequency[power.argmax()] == pytest.approx(low, abs=step)
