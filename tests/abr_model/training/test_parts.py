from __future__ import annotations

import numpy as np
import pytest

from abr_model.configuration import load_preset
from abr_model.filtering import CohortFilter
from abr_model.training.parts import prepare_parts


@pytest.mark.parametrize("preset", ["reference", "default"])
def test_scaling_knows_the_training_part_alone(small_cohort, preset):
    preset = load_preset(preset)
    parts = prepare_parts(small_cohort, preset)
    held_out = set(parts.validation.table["patient_id"]) | set(parts.test.table["patient_id"])
    changed = small_cohort.take(np.arange(len(small_cohort)))
    rows = changed.table["patient_id"].isin(held_out).to_numpy()
    changed.waveforms[rows] *= 50
    changed.table.loc[rows, "age_years"] = 90.0
    changed.table.loc[rows, "latency_V_ms"] = 20.0
    again = prepare_parts(changed, preset)
    assert again.scaling == parts.scaling
    assert again.test.table["age_years"].min() == 90


def test_patients_are_disjoint_and_counted(small_cohort):
    parts = prepare_parts(small_cohort, load_preset("reference"))
    train, validation, test = (set(part.table["patient_id"]) for part in (parts.train, parts.validation, parts.test))
    assert not (train & validation or train & test or validation & test)
    assert parts.patients == {"train": len(train), "validation": len(validation), "test": len(test)}
    assert parts.split.kind == "patient"
    assert parts.funnel["kept"].iloc[-1] == len(parts.train) + len(parts.validation) + len(parts.test)


def test_the_leaky_split_is_named_so(small_cohort):
    preset = load_preset("reference").changed(preparation={"split": "recording (leaky)"})
    parts = prepare_parts(small_cohort, preset)
    assert parts.split.kind == "recording (leaky)"
    assert set(parts.train.table["patient_id"]) & set(parts.test.table["patient_id"])


def test_recordings_of_another_device_are_trained_on_the_preset_s_time_axis(small_cohort):
    parts = prepare_parts(small_cohort.resampled(30_000), load_preset("reference"))
    expected = prepare_parts(small_cohort, load_preset("reference"))
    assert parts.train.sampling == expected.train.sampling
    np.testing.assert_allclose(parts.train.waveforms, expected.train.waveforms, atol=0.2)
    assert np.corrcoef(parts.train.waveforms.ravel(), expected.train.waveforms.ravel())[0, 1] > 0.99


def test_only_recordings_that_pass_the_filter_are_learned(small_cohort):
    left = CohortFilter(classes={"ear": ["left"]})
    parts = prepare_parts(small_cohort, load_preset("reference"), left)
    assert {ear for part in (parts.train, parts.validation, parts.test) for ear in part.table["ear"]} == {"left"}
    assert "left ear" in parts.funnel["rule"].tolist()


def test_the_noise_is_that_of_the_ends_of_training_recordings(small_cohort):
    default = load_preset("default")
    parts = prepare_parts(small_cohort, default)
    assert parts.noise.shape == (len(parts.train), 200)
    row = int(np.flatnonzero(small_cohort.table["recording_id"] == parts.train.table["recording_id"].iloc[-1])[0])
    np.testing.assert_array_equal(parts.noise[-1], small_cohort.waveforms[row, -200:])
    assert prepare_parts(small_cohort, load_preset("reference")).noise is None
    assert prepare_parts(small_cohort, default.changed(objective={"noise_from": "residuals"})).noise is None
    short = small_cohort.windowed(0.0, 300)  # no end without a response
    assert prepare_parts(short, default).noise is None
