"""Posterior, reconstruction and imputation of recordings that exist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from abr_model.cohort import Sampling
from abr_model.errors import InputError
from abr_model.generation.inference import (
    calibrate,
    impute,
    latent_draws,
    on_time_axis,
    posterior,
    reconstruct,
)
from abr_model.label_calibration import LabelCalibration, LabelErrors
from abr_model.model import TrainedModel
from abr_model.preparation import SelectionRules, model_inputs, select
from abr_model.schema import LABEL_NAMES


@pytest.fixture(scope="module")
def recordings(small_cohort):
    return select(small_cohort, SelectionRules()).cohort.take(np.arange(40))


def test_the_posterior_is_the_encoders(default_model, recordings):
    found = posterior(default_model, recordings)
    with torch.inference_mode():
        expected = default_model.network.encode(model_inputs(recordings, default_model.scaling))
    np.testing.assert_allclose(found.mean, expected.mean.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.sd, np.exp(0.5 * expected.log_variance.numpy()), rtol=1e-4)
    np.testing.assert_allclose(found.kl, expected.kl_per_latent().numpy(), atol=1e-4)


def test_draws_have_the_posteriors_mean_and_sd_and_come_again(default_model, recordings):
    few = recordings.take(np.arange(5))
    z = latent_draws(default_model, few, draws=3000, seed=1)
    found = posterior(default_model, few)
    assert z.shape == (5, 3000, 32)
    np.testing.assert_allclose(z.mean(1), found.mean, atol=5 * found.sd.max() / np.sqrt(3000))
    np.testing.assert_allclose(z.std(1), found.sd, rtol=0.1)
    np.testing.assert_array_equal(z[:, :, :3], latent_draws(default_model, few, draws=3000, seed=1)[:, :, :3])
    assert not np.array_equal(z, latent_draws(default_model, few, draws=3000, seed=2))


def test_the_first_recordings_do_not_depend_on_how_many_follow(default_model, small_cohort):
    many = select(small_cohort, SelectionRules()).cohort.take(np.arange(300))
    np.testing.assert_array_equal(
        latent_draws(default_model, many, 2, seed=0)[:7],
        latent_draws(default_model, many.take(np.arange(7)), 2, seed=0),
    )
    np.testing.assert_array_equal(
        reconstruct(default_model, many)[:7], reconstruct(default_model, many.take(np.arange(7)))
    )


@pytest.mark.parametrize("draws", [0, 4])
def test_a_reconstruction_is_a_response_in_uv(default_model, recordings, draws):
    rebuilt = reconstruct(default_model, recordings, draws=draws, seed=3)
    z = torch.from_numpy(
        latent_draws(default_model, recordings, 4, seed=3)
        if draws
        else posterior(default_model, recordings).mean[:, None]
    )
    static = model_inputs(recordings, default_model.scaling).static
    with torch.inference_mode():
        each = [default_model.network.decode(z[:, k], static).waveform for k in range(z.shape[1])]
    expected = default_model.scaling.waveform_to_uv(torch.stack(each).mean(0))
    assert rebuilt.shape == recordings.waveforms.shape
    np.testing.assert_allclose(rebuilt, expected, atol=1e-5)


def test_given_labels_stay_and_missing_ones_are_filled(default_model, recordings):
    labels = recordings.table[list(LABEL_NAMES)].to_numpy(float)
    found = impute(default_model, recordings)
    given = np.isfinite(labels)
    assert given.any() and not given.all()
    for values in (found.mean, found.median, found.low, found.high):
        np.testing.assert_array_equal(values[given], labels[given])
        assert np.isfinite(values[~given]).all()
    assert (found.low <= found.median).all() and (found.median <= found.high).all()
    np.testing.assert_array_equal(found.given, given)
    table = found.table(recordings)
    assert len(table) == (~given).sum()
    assert set(table["interval"]) == {"model"}
    again = impute(default_model, recordings)
    np.testing.assert_array_equal(found.low, again.low)


def test_the_models_own_interval_is_gaussian_and_wider_at_a_higher_level(default_model, recordings):
    narrow, wide = (impute(default_model, recordings, level=level) for level in (0.5, 0.9))
    at = ~narrow.given[:, 5]
    ratio = (wide.high - wide.low)[at, 5] / (narrow.high - narrow.low)[at, 5]
    np.testing.assert_allclose(ratio, 1.6449 / 0.6745, rtol=1e-3)


def test_without_label_sd_no_interval_is_given_and_that_is_said(reference_model, recordings):
    found = impute(reference_model, recordings)
    assert found.interval == ("none",) * 6
    assert "no interval" in found.note
    assert np.isnan(found.low[~found.given]).all() and np.isfinite(found.median[~found.given]).all()
    assert np.isnan(found.marked).all()


def test_a_calibration_moves_median_mean_and_interval(reference_model, recordings):
    plain = impute(reference_model, recordings)
    errors = np.append(np.linspace(-1, 1, 199) * 0.1 + 0.2, 5.0)  # median 0.2 ms, one stray mark
    of = {known: LabelErrors.measure(2, known, errors * (1 if known else 2), np.zeros(200)) for known in (True, False)}
    found = impute(
        reference_model,
        recordings,
        calibration=LabelCalibration(recordings=200, draws=4, errors=tuple(of.values())),
        level=0.8,
    )
    assert found.interval == ("none", "none", "calibrated", "none", "none", "none")
    at = ~found.given[:, 2]
    factor = np.where(found.given[at, 5], 1, 2)  # wave V's amplitude is known, or not
    np.testing.assert_allclose(found.median[at, 2] - plain.median[at, 2], 0.2 * factor, atol=0.003)
    np.testing.assert_allclose(found.mean[at, 2] - plain.mean[at, 2], errors.mean() * factor, atol=1e-6)
    np.testing.assert_allclose((found.high - found.low)[at, 2], 2 * 0.08 * factor, atol=0.005)


def test_latencies_do_not_leave_the_trace(default_model, recordings):
    wide = LabelErrors.measure(2, True, np.linspace(-100, 100, 200), np.zeros(200))
    found = impute(default_model, recordings, calibration=LabelCalibration(recordings=200, draws=4, errors=(wide,)))
    at = ~found.given[:, 2]
    assert at.any()
    np.testing.assert_allclose(found.low[at, 2], 0)
    np.testing.assert_allclose(found.high[at, 2], recordings.time_ms[-1])


def test_a_calibration_travels_with_the_model(default_model, small_cohort, tmp_path):
    held_out = select(small_cohort, SelectionRules()).cohort
    calibration = calibrate(default_model, held_out)
    assert calibration.of(2, True) is not None
    carrying = replace(default_model, label_calibration=calibration)
    assert default_model.label_calibration is None
    loaded = TrainedModel.load(carrying.save(tmp_path / "model"))
    assert loaded.label_calibration == calibration
    assert impute(loaded, held_out.take(np.arange(20))).interval[2] == "calibrated"


def test_other_sampling_is_brought_to_the_models(default_model, small_cohort):
    few = small_cohort.take(np.arange(6))
    other = few.resampled(20_000)
    fitted = on_time_axis(default_model, other)
    assert fitted.sampling == default_model.sampling and fitted.samples == 200 and len(fitted) == 6
    expected = on_time_axis(default_model, few)
    np.testing.assert_allclose(fitted.waveforms, expected.waveforms, atol=0.05 * few.waveforms.std())
    assert reconstruct(default_model, other).shape == (6, 200)


def test_what_does_not_fit_is_refused(default_model, recordings):
    short = recordings.windowed(0.0, 150)
    with pytest.raises(InputError, match="too short"):
        impute(default_model, short)
    late = replace(recordings, sampling=Sampling(rate_hz=15_000, start_ms=2.0))
    with pytest.raises(InputError, match="do not start"):
        posterior(default_model, late)
    with pytest.raises(InputError, match="no recording"):
        reconstruct(default_model, recordings.take([]))
    table = recordings.table.copy()
    table.loc[3, "age_years"] = np.nan
    with pytest.raises(InputError, match="age is missing") as refused:
        impute(default_model, replace(recordings, table=table, _checked=False))
    assert refused.value.row == 4


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"level": 0}, {"draws": 0}, {"seed": -1}])
def test_settings_that_are_not_allowed(default_model, recordings, wrong):
    with pytest.raises(InputError):
        impute(default_model, recordings, **wrong)
