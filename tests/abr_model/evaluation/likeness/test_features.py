"""What recordings are compared by."""

from __future__ import annotations

import numpy as np

from abr_model.evaluation.features import Components, band_rows, condition_numbers, trace_features


def test_components_are_directions_of_largest_variance_with_their_standard_deviations():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    sd = np.r_[5.0, 2.0, np.full(28, 0.1)]
    traces = 3.0 + (rng.normal(size=(4000, 30)) * sd) @ directions.T
    components = Components(traces)
    np.testing.assert_allclose(components.sd[:2], sd[:2], rtol=0.05)
    assert abs(components.axes[0] @ directions[:, 0]) > 0.999
    np.testing.assert_allclose(components(traces, 2).mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(components.scaled(traces, 2).std(0), [1, 0.4], rtol=0.05)
    assert components(traces, 50).shape == (4000, 30)


def test_a_tone_is_loudest_in_its_band(constructed):
    comparison = constructed()
    time_s = comparison.real.time_ms / 1000
    tone = np.sin(2 * np.pi * 700 * time_s)
    components = Components(comparison.train.waveforms)
    cohort = comparison.real.take(np.arange(3))
    cohort.waveforms[:] = tone.astype(np.float32)
    bands = trace_features(cohort, components).filter(like="log power")
    assert bands.iloc[0].idxmax() == "log power 600–825 Hz"


def test_bands_cover_every_frequency_once_whatever_the_sampling():
    for samples, rate in ((200, 15000.0), (80, 6000.0), (467, 30000.0)):
        rows = np.concatenate([np.arange(samples)[positions] for _, positions in band_rows(samples, rate)])
        np.testing.assert_array_equal(rows, np.arange(samples // 2 + 1))


def test_conditions_as_numbers_keep_what_is_missing_missing(small_cohort):
    part = small_cohort.take(np.arange(3))
    part.table.loc[0, "hearing_loss"] = None
    part.table.loc[1, "age_years"] = np.nan
    part.table.loc[2, "hearing_loss"] = "sensorineural"
    numbers = condition_numbers(part)
    assert np.isnan(numbers[0, 3]) and np.isnan(numbers[1, 0]) and numbers[2, 3] == 2
