"""Reconstruction, likelihood and imputation of held-out recordings, where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.inference import imputation, likelihood, reconstruction
from abr_model.evaluation.inference.reconstruction import reconstruction_section
from abr_model.evaluation.score import Section
from abr_model.generation.inference import calibrate
from abr_model.label_calibration import LabelCalibration, LabelErrors
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.network import build_network
from abr_model.sampler import build_sampler
from abr_model.schema import LABEL_NAMES
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of


@pytest.fixture(scope="module")
def untrained(small_cohort, small_presets):
    """From a preset's name to a model with random weights and the comparison that it is evaluated on."""

    def build(name: str) -> tuple[TrainedModel, Comparison]:
        preset = small_presets[name]
        parts = prepare_parts(small_cohort, preset)
        torch.manual_seed(0)
        network = build_network(preset.network)
        sampler = build_sampler(preset.sampler, network.latent, network.samples)
        provenance = ModelProvenance(
            kind=parts.train.kind, cohort="clinic", cohort_digest="ab" * 32, split="patient",
            recordings=parts.split.sizes, patients=parts.patients, command="abr train", epochs=0,
        )  # fmt: skip
        support = support_of(parts.train)
        model = TrainedModel(network, sampler, preset, parts.scaling, parts.train.sampling, support, provenance)
        clean = 0.8 * parts.test.waveforms
        return model, Comparison(parts.train, parts.validation, parts.test, parts.test, clean, seed=0)

    return build


@pytest.fixture(scope="module")
def default(untrained):
    return untrained("default")


def scores(section: Section) -> dict:
    return {score.key: score for score in section.scores}


# --- reconstruction --------------------------------------------------------------------------------------------------


def test_a_reconstruction_that_is_the_true_response(default, monkeypatch):
    model, comparison = default
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, comparison.real.waveforms.shape).astype(np.float32)
    clean = comparison.real.waveforms - noise
    clean[:3] = 0.2  # three recordings without a response
    known = replace(comparison, clean=clean)
    monkeypatch.setattr(reconstruction, "reconstruct", lambda model, cohort: clean)
    section = reconstruction_section(known, model)
    found = scores(section)
    assert found["reconstruction_clean_correlation_mean"].value == pytest.approx(1)
    assert found["reconstruction_clean_correlation_mean"].n == len(clean) - 3
    assert "3 recordings without a response left out" in found["reconstruction_clean_correlation_mean"].note
    assert found["reconstruction_correlation_ratio"].value == pytest.approx(1)
    assert found["reconstruction_clean_rmse_uv"].value == pytest.approx(0, abs=1e-6)
    error = found["reconstruction_mse_uv2"]
    assert error.value == pytest.approx(((comparison.real.waveforms - clean) ** 2).mean(), rel=1e-4)
    assert error.limit == pytest.approx(error.value)
    low, high = found["reconstruction_rmse_uv"].interval
    assert low <= found["reconstruction_rmse_uv"].value <= high
    over_time = section.tables["over_time"]
    assert len(over_time) == 80 and over_time["clean_r2"].to_numpy() == pytest.approx(1)
    assert section.tables["by_level_and_class"]["recordings"].min() >= 10


def test_a_reconstruction_that_is_the_recording_rebuilds_the_noise(default, monkeypatch):
    model, comparison = default
    rng = np.random.default_rng(0)
    clean = comparison.real.waveforms - rng.normal(0, 0.1, comparison.real.waveforms.shape)
    monkeypatch.setattr(reconstruction, "reconstruct", lambda model, cohort: cohort.waveforms)
    found = scores(reconstruction_section(replace(comparison, clean=clean), model))
    assert found["reconstruction_mse_uv2"].value == 0
    assert found["reconstruction_r2"].value == 1
    assert found["reconstruction_correlation_ratio"].value > 1.05
    assert found["reconstruction_clean_correlation_mean"].value < 0.95
    assert found["reconstruction_clean_correlation_mean"].met is False


def test_clinical_recordings_have_no_true_response(default):
    model, comparison = default
    found = scores(reconstruction_section(replace(comparison, clean=None), model))
    for key in ("reconstruction_clean_correlation_mean", "reconstruction_correlation_ratio"):
        assert np.isnan(found[key].value) and "simulated" in found[key].untold and found[key].met is None
    assert np.isfinite(found["reconstruction_correlation_mean"].value)


def test_labels_are_read_from_the_trace_alone(default):
    model, comparison = default
    found = scores(reconstruction_section(comparison, model))
    # other labels on the same traces must leave the predictions as they are: the errors change by just as much
    table = comparison.real.table.copy()
    table["latency_V_ms"] = np.where(table["latency_V_ms"].notna(), 100.0, np.nan).clip(max=13)
    changed = replace(comparison, real=replace(comparison.real, table=table, _checked=False))
    other = scores(reconstruction_section(changed, model))
    amplitude = "reconstruction_mae_amplitude_V_uv"
    assert found[amplitude].value == pytest.approx(other[amplitude].value)
    assert found["reconstruction_mae_latency_V_ms"].value < other["reconstruction_mae_latency_V_ms"].value


# --- imputation ------------------------------------------------------------------------------------------------------


def test_calibrated_intervals_cover_and_the_table_has_every_situation(default):
    model, comparison = default
    everyone = replace(comparison, real=comparison.train)  # an untrained network: all are new to it
    calibrated = replace(model, label_calibration=calibrate(model, comparison.train))
    section = imputation.imputation_section(everyone, calibrated)
    found = scores(section)
    # calibrated on the very recordings: the share is the level itself
    assert found["imputation_coverage_latency_V_ms"].value == pytest.approx(90, abs=2)
    assert found["imputation_coverage_latency_V_ms"].met is True
    table = section.tables["situations"]
    assert set(table["situation"]) == set(imputation.SITUATIONS.values())
    assert table["mean_absolute_error"].notna().all()


def test_intervals_that_are_too_narrow_are_found(default):
    model, comparison = default
    narrow = [LabelErrors.measure(k, True, np.linspace(-1, 1, 200) * 1e-3, np.zeros(200)) for k in range(6)]
    calibration = LabelCalibration(recordings=200, draws=4, errors=tuple(narrow))
    found = scores(imputation.imputation_section(comparison, replace(model, label_calibration=calibration)))
    assert found["imputation_coverage_latency_V_ms"].value < 20
    assert found["imputation_coverage"].met is False


def test_labels_that_nobody_marked_cannot_be_told(default):
    model, comparison = default
    table = comparison.real.table.copy()
    table[["latency_I_ms", "amplitude_I_uv"]] = np.nan
    bare = replace(comparison, real=replace(comparison.real, table=table, _checked=False))
    found = scores(imputation.imputation_section(bare, model))
    assert np.isnan(found["imputation_mae_latency_I_ms"].value) and found["imputation_mae_latency_I_ms"].untold
    assert np.isfinite(found["imputation_mae_latency_V_ms"].value)
    table[list(LABEL_NAMES)] = np.nan
    none = replace(comparison, real=replace(comparison.real, table=table, _checked=False))
    assert all(s.untold for s in imputation.imputation_section(none, model).scores)


def test_a_reference_network_is_imputed_too(untrained):
    model, comparison = untrained("reference")
    found = scores(imputation.imputation_section(comparison, model))
    assert np.isfinite(found["imputation_mae_latency_V_ms"].value)


# --- likelihood ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default", "reference"])
def test_likelihood_is_lower_for_worse_traces_and_the_same_again(untrained, monkeypatch, name):
    monkeypatch.setattr(likelihood, "MOST_RECORDINGS", 30)
    model, comparison = untrained(name)
    section = likelihood.likelihood_section(comparison, model)
    found = scores(section)
    assert all(np.isfinite(score.value) for score in section.scores)
    assert [s.value for s in likelihood.likelihood_section(comparison, model).scores] == [
        s.value for s in section.scores
    ]
    rising = section.tables["by_draws"]["trace_nats"].to_numpy()
    assert (np.diff(rising) >= -1e-6).all() and len(rising) == 7
    noise = np.random.default_rng(0).normal(0, 0.3, comparison.real.waveforms.shape)
    noisy = replace(comparison, real=replace(comparison.real, waveforms=comparison.real.waveforms + noise))
    worse = scores(likelihood.likelihood_section(noisy, model))
    assert worse["likelihood_waveform"].value < found["likelihood_waveform"].value - 5
    gain = found["likelihood_waveform"].value - found["likelihood_waveform_gaussian"].value
    assert found["likelihood_waveform_gain"].value == pytest.approx(gain)


def test_the_unit_counts(default, monkeypatch):
    # traces in half µV have a density that is T·log 2 nats higher: the same for model and yardstick
    monkeypatch.setattr(likelihood, "MOST_RECORDINGS", 30)
    model, comparison = default
    found = scores(likelihood.likelihood_section(comparison, model))
    halved = {
        part: replace(getattr(comparison, part), waveforms=getattr(comparison, part).waveforms / 2)
        for part in ("train", "real")
    }
    scaling = model.scaling.model_copy(
        update={
            "waveform_mean_uv": tuple(v / 2 for v in model.scaling.waveform_mean_uv),
            "waveform_sd_uv": tuple(v / 2 for v in model.scaling.waveform_sd_uv),
        }
    )
    half = scores(likelihood.likelihood_section(replace(comparison, **halved), replace(model, scaling=scaling)))
    for key in ("likelihood_waveform", "likelihood_waveform_gaussian"):
        assert half[key].value - found[key].value == pytest.approx(80 * np.log(2), abs=0.05)
    assert half["likelihood_labels"].value == pytest.approx(found["likelihood_labels"].value, abs=0.01)


def test_too_few_training_recordings(default):
    model, comparison = default
    few = replace(comparison, train=comparison.train.take(np.arange(10)))
    assert all(score.untold for score in likelihood.likelihood_section(few, model).scores)


def test_a_caller_can_stop_each_section(default):
    model, comparison = default

    class Stopped(Exception):
        pass

    def stop(done):
        raise Stopped

    for function in (reconstruction_section, likelihood.likelihood_section, imputation.imputation_section):
        with pytest.raises(Stopped):
            function(comparison, model, on_progress=stop)
