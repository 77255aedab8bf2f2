from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Sampling
from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.generate import BLOCK, Draws, generate, on_peaks
from abr_model.joint_support import JointSupport
from abr_model.schema import AMPLITUDES, CONDITION_NAMES, LABEL_NAMES, LATENCIES, Kind


def test_a_generated_cohort_says_what_it_is(default_model, condition):
    cohort = generate(default_model, conditions_table(**condition, n=5), seed=3)
    assert cohort.kind is Kind.GENERATED
    assert "synthetic" in cohort.provenance.notice
    assert "research use only" in cohort.provenance.notice
    assert cohort.sampling == default_model.sampling
    assert cohort.waveforms.shape == (5, default_model.network.samples)
    assert cohort.waveforms.dtype == np.float32
    assert cohort.table["recording_id"].tolist()[:2] == ["generated-000001", "generated-000002"]
    assert cohort.table["patient_id"].is_unique
    assert cohort.table[list(CONDITION_NAMES)].drop_duplicates().to_dict("records") == [condition]
    details = cohort.provenance.details
    assert details["model_id"] == default_model.model_id
    assert (details["preset"], details["seed"], details["content"]) == ("default", 3, "recording")
    assert details["conditions"] == [condition]
    assert details["trained_on"] == "simulated"


def test_the_seed_decides(default_model, condition):
    conditions = conditions_table(**condition, n=20)
    first, again, other = (generate(default_model, conditions, seed) for seed in (7, 7, 8))
    assert first.digest() == again.digest()
    assert not np.allclose(first.waveforms, other.waveforms)
    assert len(np.unique(first.waveforms[:, 50])) == 20  # no recording twice


@pytest.mark.parametrize("model", ["default_model", "reference_model"])
def test_how_many_are_asked_for_does_not_change_the_first_ones(model, condition, request):
    model = request.getfixturevalue(model)
    many = generate(model, conditions_table(**condition, n=BLOCK + 40), seed=7)
    few = generate(model, conditions_table(**condition, n=3), seed=7)
    assert many.take(range(3)).digest() == few.digest()
    in_second_block = generate(model, conditions_table(**condition, n=BLOCK + 7), seed=7)
    assert many.take(range(BLOCK + 7)).digest() == in_second_block.digest()
    assert not np.allclose(many.waveforms[0], many.waveforms[BLOCK])  # blocks have their own random numbers


def test_torchs_global_random_state_is_neither_used_nor_changed(default_model, condition):
    import torch

    conditions = conditions_table(**condition, n=4)
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = generate(default_model, conditions, seed=7)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert generate(default_model, conditions, seed=7).digest() == first.digest()


def test_waveforms_are_in_microvolt(default_model, condition):
    """The network's numbers times the training recordings' SD: a hundredth or a hundredfold of it is no unit slip."""
    cohort = generate(default_model, conditions_table(**condition, n=200), seed=1, content="recording")
    in_training = float(np.asarray(default_model.scaling.waveform_sd_uv).mean())
    assert 0.3 < cohort.waveforms.std() / in_training < 3


def test_labels_are_in_ms_and_microvolt(reference_model, condition):
    """Untrained predictions lie near the mean of the training labels, in their units."""
    cohort = generate(reference_model, conditions_table(**condition, n=50), seed=1)
    mean, sd = (
        np.array(v, dtype=float) for v in (reference_model.scaling.label_mean, reference_model.scaling.label_sd)
    )
    predicted = cohort.table[list(LABEL_NAMES)].mean().to_numpy()
    assert (np.abs(predicted - mean) < 2 * sd).all()
    assert 5 < cohort.table["latency_V_ms"].mean() < 10


def test_a_recording_is_the_response_plus_residual_noise(default_model, condition):
    conditions = conditions_table(**condition, n=100)
    recording = generate(default_model, conditions, seed=7, content="recording")
    response = generate(default_model, conditions, seed=7, content="response")
    noise = recording.waveforms - response.waveforms
    assert np.abs(noise).max() > 0
    assert noise.std() > 0.1 * recording.waveforms.std()


def test_a_marked_wave_sits_on_a_peak_of_the_recording():
    """A wave 0.2 ms from a peak is moved onto it and takes the noise there along; one far from any stays."""
    sampling = Sampling(rate_hz=15_000, start_ms=0.0)
    time = sampling.time_ms(200)
    response = np.exp(-0.5 * ((time - 6.0) / 0.3) ** 2)[None].repeat(2, 0)
    recording = response + 0.05 * np.exp(-0.5 * ((time - 6.0) / 0.5) ** 2)
    latency = np.array([[np.nan, 3.0, 6.2], [np.nan, 3.0, 5.9]])
    drawn = Draws(response, recording, latency, np.array([[np.nan, 0.2, 0.5]] * 2), marked=None)
    marked = on_peaks(drawn, sampling)
    np.testing.assert_allclose(marked.latency_ms[:, 2], 6.0, atol=0.01)
    np.testing.assert_allclose(marked.amplitude_uv[:, 2], 0.55, atol=0.002)
    np.testing.assert_array_equal(marked.latency_ms[:, :2], latency[:, :2])
    np.testing.assert_array_equal(marked.amplitude_uv[:, 1], 0.2)


def test_without_residual_noise_both_contents_agree(reference_model, condition):
    conditions = conditions_table(**condition, n=10)
    recording = generate(reference_model, conditions, seed=7, content="recording")
    response = generate(reference_model, conditions, seed=7, content="response")
    np.testing.assert_array_equal(recording.waveforms, response.waveforms)


def test_labels_are_present_as_often_as_the_model_says(default_model, reference_model, condition):
    """Marked with the predicted probability; a model that predicts none labels every wave."""
    from abr_model.generation.generate import block_generator, decode, draw

    conditions = conditions_table(**condition, n=2000)
    generator = block_generator(0, 0)
    chance = decode(default_model, draw(default_model, conditions, generator), conditions, generator).marked.mean(
        axis=0
    )
    table = generate(default_model, conditions, seed=5).table
    share = table[[c.name for c in (*LATENCIES, *AMPLITUDES)]].notna().mean().to_numpy()
    np.testing.assert_allclose(share, chance, atol=0.05)
    assert ((chance > 0.05) & (chance < 0.95)).all()  # else this test could not fail
    everything = generate(reference_model, conditions.head(20), seed=5).table
    assert everything[list(LABEL_NAMES)].notna().all().all()


def test_an_impossible_prediction_becomes_missing(reference_model, condition, monkeypatch):
    monkeypatch.setattr(
        type(reference_model.scaling),
        "labels_to_units",
        lambda self, latency, amplitude: (np.full((len(latency), 3), -1.0), np.full((len(latency), 3), 500.0)),
    )
    table = generate(reference_model, conditions_table(**condition, n=2), seed=1).table
    assert table[list(LABEL_NAMES)].isna().all().all()


def test_conditions_outside_the_training_data_are_flagged(default_model, condition):
    conditions = conditions_table([0.25, 109.0], 80, 33.1, "normal", n=2)
    details = generate(default_model, conditions, seed=1).provenance.details
    # different conditions, not recordings; 40 patients are few wherever one looks
    assert details["outside_training_support"] == {"outside: age_years": 1, "sparse: combination": 1}
    assert details["different_conditions"] == 2


def test_nothing_is_flagged_well_inside_the_training_data(default_model, condition):
    table = pd.DataFrame([condition | {"patient_id": str(p)} for p in range(10)])
    support = default_model.support | {"joint": JointSupport.of(table).model_dump(mode="json")}
    model = replace(default_model, support=support)
    details = generate(model, conditions_table(**condition), seed=1).provenance.details
    assert details["outside_training_support"] == {}
    assert details["training_support"]["joint"] == support["joint"]


def test_progress_ends_at_one(default_model, condition):
    seen = []
    generate(default_model, conditions_table(**condition, n=BLOCK + 1), seed=1, on_progress=seen.append)
    assert seen == [BLOCK / (BLOCK + 1), 1.0]


def test_bad_input_is_refused(default_model, condition):
    good = conditions_table(**condition)
    with pytest.raises(InputError, match="no such content"):
        generate(default_model, good, seed=1, content="noise")
    with pytest.raises(InputError, match="seed"):
        generate(default_model, good, seed=-1)
    with pytest.raises(InputError, match="no condition"):
        generate(default_model, good.head(0), seed=1)
    with pytest.raises(InputError) as refused:
        generate(default_model, good.drop(columns="age_years"), seed=1)
    assert refused.value.column == "age_years"


def test_a_generated_cohort_survives_its_file(default_model, condition, tmp_path):
    cohort = generate(default_model, conditions_table(**condition, n=4), seed=1)
    again = type(cohort).read(cohort.write(tmp_path / "g.parquet"))
    assert again.digest() == cohort.digest()
    assert again.provenance == cohort.provenance
