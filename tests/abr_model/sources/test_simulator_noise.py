"""Residual noise and Fmp are measured on simulated sweeps: they must obey the statistics that they claim to be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.signal import welch

from abr_model.sources.simulator.noise import average_noise, band, fmp
from abr_model.sources.simulator.parameters import DEFAULT

BLOCKS = DEFAULT.noise.blocks


def averaged(n, sweeps, sd=4.0, seed=0, parameters=DEFAULT):
    block_sd = np.broadcast_to(np.asarray(sd, dtype=float), (n, BLOCKS))
    rng = np.random.default_rng(seed)
    return average_noise(rng, block_sd, np.full((n, BLOCKS), sweeps / BLOCKS), parameters)


def test_residual_noise_falls_with_the_square_root_of_the_sweeps():
    sweeps = np.array([500, 1000, 2000, 4000, 8000])
    results = [averaged(400, s, seed=int(s)) for s in sweeps]
    measured = [np.sqrt((r.residual_noise_uv**2).mean()) for r in results]
    true = [r.noise_uv.std() for r in results]
    for values in (measured, true):
        assert np.polyfit(np.log(sweeps), np.log(values), 1)[0] == pytest.approx(-0.5, abs=0.05)
    np.testing.assert_allclose(measured, 4.0 / np.sqrt(sweeps), rtol=0.05)


def test_residual_noise_estimates_the_noise_that_is_in_the_trace():
    """The between-block estimate is unbiased for the variance of the weighted average, disturbed blocks or not."""
    sd = np.where(np.arange(BLOCKS) % 5 == 0, 12.0, 3.0)
    result = averaged(4000, 2000, sd=sd)
    points = slice(75, 226)
    assert (result.residual_noise_uv**2).mean() == pytest.approx((result.noise_uv[:, points] ** 2).mean(), rel=0.06)
    # Weighting: as quiet as the quiet blocks allow, far below the plain average.
    plain = np.sqrt((sd**2).mean() / 2000)
    assert result.noise_uv.std() < 0.6 * plain


def test_noise_is_correlated_and_stays_inside_the_pass_band():
    result = averaged(1500, 2000)
    noise = result.noise_uv
    assert np.corrcoef(noise[:, 100], noise[:, 101])[0, 1] > 0.95
    # The end of the trace does not repeat its beginning; slow waves put it on the other side of zero.
    assert -0.6 < np.corrcoef(noise[:, 0], noise[:, -1])[0, 1] < 0.25
    frequency, power = welch(noise, DEFAULT.rate_hz, nperseg=256)
    power = power.mean(axis=0)
    assert power[frequency > 3000].sum() < 0.002 * power.sum()
    # Above the band there is the amplifier's own noise: little, but not nothing, and flat.
    above = power[(frequency > 4500) & (frequency < 7000)]
    assert above.max() < 1.3 * above.min()
    white = np.sqrt(above.mean() * DEFAULT.rate_hz / 2)
    assert white == pytest.approx(DEFAULT.noise.white / np.sqrt(2000), rel=0.05)
    assert 0.001 < white < 0.006
    _, amplitude = band(DEFAULT.noise, DEFAULT.rate_hz)
    assert (amplitude**2).sum() == pytest.approx(1.0, abs=1e-4)
    open_below = band(dataclasses.replace(DEFAULT.noise, high_pass=1.0), DEFAULT.rate_hz)[1]
    assert amplitude[0] / amplitude[6] < 0.7 * open_below[0] / open_below[6]  # the high-pass filter


def test_fmp_is_below_one_without_and_grows_with_a_response():
    result = averaged(2000, 2000)
    absent = fmp(result.noise_uv, result.residual_noise_uv, DEFAULT)
    assert np.median(absent) < 0.6
    assert (absent > 1).mean() < 0.12
    time = np.arange(DEFAULT.samples) / DEFAULT.rate_hz * 1000
    response = 0.4 * np.exp(-0.5 * ((time - 8.0) / 1.0) ** 2)
    low, high = 75, 226
    expected = absent.mean() + response[low:high].var() / np.mean(result.residual_noise_uv**2)
    present = fmp(result.noise_uv + response, result.residual_noise_uv, DEFAULT)
    assert present.mean() == pytest.approx(expected, rel=0.1)


def test_fmp_of_flat_spectrum_noise_is_an_f_ratio_around_one():
    """With noise that is fast against the window nothing is lost: the mean of F without a response is 1."""
    noise = dataclasses.replace(DEFAULT.noise, exponent=0.0, high_pass=300.0)
    parameters = dataclasses.replace(DEFAULT, noise=noise)
    result = averaged(3000, 2000, parameters=parameters)
    assert fmp(result.noise_uv, result.residual_noise_uv, parameters).mean() == pytest.approx(1.0, abs=0.05)
