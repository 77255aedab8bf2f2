"""Picking a wave: sub-sample latency, amplitude to the following trough, and what is not there stays missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.errors import InputError
from abr_model.schema import Kind
from abr_model.waves import offset_from_peak, pick_wave

SAMPLING = Sampling(rate_hz=15000, start_ms=-1.0)
TIME = SAMPLING.time_ms(300)


def wave(latency, height=1.0, width=0.3):
    return height * np.exp(-0.5 * ((TIME - np.asarray(latency)[..., None]) / width) ** 2)


def test_latency_is_found_between_samples_and_amplitude_runs_to_the_following_trough():
    true = np.linspace(5.0, 5.2, 41)
    traces = wave(true, 0.5) - wave(true + 1.5, 0.2) - wave(true - 1.5, 0.4)
    latency, amplitude = pick_wave(traces, SAMPLING, 5.1, 0.5, trough_within_ms=2.0)
    assert np.abs(latency - true).max() < 0.002  # a sample is 0.067 ms
    np.testing.assert_allclose(amplitude, 0.7, atol=0.002)
    # A shorter span does not reach the trough; the deeper trough before the peak never counts.
    assert pick_wave(traces, SAMPLING, 5.1, 0.5, trough_within_ms=0.9)[1].max() < 0.65


def test_each_trace_has_its_own_window_and_the_order_of_traces_does_not_matter():
    true = np.array([2.0, 6.0, 9.0, 4.0])
    latency, _ = pick_wave(wave(true), SAMPLING, true + 0.2, np.array([0.3, 0.5, 0.4, 0.3]))
    np.testing.assert_allclose(latency, true, atol=0.002)
    shuffled, _ = pick_wave(wave(true)[::-1], SAMPLING, (true + 0.2)[::-1], 0.5)
    np.testing.assert_allclose(shuffled[::-1], true, atol=0.002)


def test_nothing_in_the_window_is_missing_not_zero():
    traces = np.stack([wave(6.0), TIME, np.zeros_like(TIME), wave(6.0)])
    latency, amplitude = pick_wave(traces, SAMPLING, np.array([9.0, 6.0, 6.0, np.nan]), 0.5)
    assert np.isnan(latency).all()
    assert np.isnan(amplitude).all()


def test_a_window_over_the_edge_of_the_trace_finds_only_peaks_inside():
    latency, _ = pick_wave(wave(np.array([18.5, 18.5, -0.8])), SAMPLING, np.array([18.7, 60.0, -1.2]), 0.5)
    np.testing.assert_allclose(latency, [18.5, np.nan, -0.8], atol=0.003)


def test_highest_or_nearest_of_two_peaks():
    trace = wave(5.0, 1.0, 0.15) + wave(6.0, 0.6, 0.15)
    assert pick_wave(trace, SAMPLING, 5.8, 1.0)[0] == pytest.approx(5.0, abs=0.01)
    assert pick_wave(trace, SAMPLING, 5.8, 1.0, choose="nearest")[0] == pytest.approx(6.0, abs=0.01)
    with pytest.raises(ValueError, match="choose"):
        pick_wave(trace, SAMPLING, 5.8, 1.0, choose="lowest")


def cohort_with_marks(marks, peaks, noise=0.0):
    marks = np.asarray(marks, dtype=float)
    rng = np.random.default_rng(0)
    traces = wave(np.asarray(peaks)) + noise * rng.standard_normal((len(marks), len(TIME)))
    table = pd.DataFrame(
        {"recording_id": [f"r{i}" for i in range(len(marks))], "patient_id": "p", "latency_V_ms": marks}
    )
    return Cohort(traces, table, SAMPLING, Provenance(kind=Kind.SIMULATED, source="test"))


@pytest.mark.parametrize("delay", [0.0, 0.85, -0.6])
def test_marks_that_are_off_by_a_constant_are_seen(delay):
    peaks = np.random.default_rng(1).uniform(5.5, 9.0, 400)
    offset = offset_from_peak(cohort_with_marks(peaks + delay, peaks, noise=0.3), "V")
    assert offset.n == 400
    assert offset.aligned_ms == pytest.approx(delay, abs=0.05)
    assert offset.median_ms == pytest.approx(delay, abs=0.1)
    assert offset.lower_quartile_ms < offset.median_ms < offset.upper_quartile_ms


def test_without_a_marked_wave_the_offset_is_missing():
    offset = offset_from_peak(cohort_with_marks([np.nan, np.nan], [6.0, 7.0]), "V")
    assert offset.n == 0
    assert np.isnan(offset.median_ms)
    with pytest.raises(InputError, match="no such wave"):
        offset_from_peak(cohort_with_marks([6.0], [6.0]), "IV")


def test_height_over_the_zero_line():
    """With ``from_zero`` a peak on a slow negative shift has a negative amplitude, peak to trough has not."""
    trace = wave(6.0) - 2.0
    latency, height = pick_wave(trace, SAMPLING, 6.0, 0.5, from_zero=True)
    again, size = pick_wave(trace, SAMPLING, 6.0, 0.5)
    assert latency == again
    assert height[0] == pytest.approx(trace.max(), abs=0.01)
    assert height[0] < 0 < size[0]
