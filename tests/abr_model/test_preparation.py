from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.configuration import PreparationConfig
from abr_model.errors import InputError
from abr_model.preparation import (
    ModelInputs,
    Scaling,
    SelectionRules,
    model_inputs,
    select,
    split_by_patient,
    split_by_recording_leaky,
)


def cohort_of(patients: int = 12, recordings: int = 5, samples: int = 60, start_ms: float = -1.0, **columns) -> Cohort:
    n = patients * recordings
    random = np.random.default_rng(3)
    table = {
        "recording_id": [f"r{i}" for i in range(n)],
        "patient_id": [f"p{i // recordings}" for i in range(n)],
        "age_years": random.uniform(0, 80, n),
        "intensity_db_nhl": random.choice([20.0, 50.0, 80.0], n),
        "stimulus_rate_per_s": 33.1,
        "hearing_loss": random.choice(["normal", "total"], n),
        "stimulus_polarity": "alternating",
        "fmp": random.uniform(0.2, 5, n),
        "latency_V_ms": np.where(random.random(n) < 0.5, random.normal(6, 0.4, n), np.nan),
        "amplitude_V_uv": random.normal(0.4, 0.1, n),
    } | columns
    waveforms = random.normal(0, 0.3, (n, samples)) + np.linspace(0, 1, samples)
    return Cohort(
        waveforms,
        pd.DataFrame(table),
        Sampling(rate_hz=15000, start_ms=start_ms),
        Provenance(kind="simulated", source="made for a test"),
    )


RULES = SelectionRules(samples=40)


# --- selection


def test_funnel_counts_what_each_rule_removes_in_order():
    cohort = cohort_of(patients=2, recordings=3)
    cohort.table.loc[0, "age_years"] = np.nan
    cohort.table.loc[1, "hearing_loss"] = None
    cohort.table.loc[2, "stimulus_polarity"] = "rarefaction"
    cohort.table["fmp"] = [9.0, 9.0, 9.0, np.nan, 1.0, 1.01]
    selection = select(cohort, RULES)
    removed = dict(zip(selection.funnel["rule"], selection.funnel["removed"], strict=True))
    assert selection.funnel.iloc[0].tolist() == ["all recordings", 0, 6]
    assert removed["age known"] == removed["hearing loss known"] == removed["alternating stimulus polarity"] == 1
    assert removed["Fmp measured"] == removed["Fmp above 1"] == 1
    assert selection.funnel["kept"].iloc[-1] == len(selection.cohort) == 1
    assert selection.cohort.table["recording_id"].tolist() == ["r5"]
    assert (selection.funnel["kept"].diff().dropna() == -selection.funnel["removed"].iloc[1:]).all()


def test_window_begins_at_the_first_sample_at_or_after_stimulus_onset():
    cohort = cohort_of(start_ms=-1.02)
    selected = select(cohort, RULES).cohort
    first = np.flatnonzero(cohort.time_ms >= 0)[0]
    assert 0 <= selected.time_ms[0] < 1000 / 15000
    kept = cohort.table["recording_id"].isin(selected.table["recording_id"])
    np.testing.assert_array_equal(selected.waveforms, cohort.waveforms[kept, first : first + 40])


def test_rules_can_be_switched_off():
    cohort = cohort_of(fmp=np.nan, stimulus_polarity=None, age_years=np.nan)
    rules = SelectionRules(fmp_above=None, polarity=None, conditions_present=False, samples=40)
    assert len(select(cohort, rules).cohort) == len(cohort)


def test_nothing_left_names_the_rule_that_removed_the_last_and_carries_the_funnel():
    with pytest.raises(InputError, match=r"“Fmp above 50” removed the last 60 .*age known: 60") as caught:
        select(cohort_of(), SelectionRules(fmp_above=50, samples=40))
    assert caught.value.funnel["kept"].iloc[-1] == 0


def test_recordings_shorter_than_the_window_are_refused():
    with pytest.raises(InputError, match="too short"):
        select(cohort_of(samples=50), SelectionRules(samples=40))


@pytest.mark.parametrize(
    "bad", [{"polarity": "both"}, {"samples": 0}, {"fmp_above": float("nan")}, {"sampling_rate_hz": 0}]
)
def test_impossible_rules_are_refused(bad):
    with pytest.raises(InputError):
        SelectionRules(**bad)


@pytest.mark.parametrize("rate_hz", [10000, 20000, 30000])
def test_the_window_is_the_same_time_whatever_the_device(rate_hz):
    """A slow wave sampled at any rate is the same 200 numbers after selection."""
    slow = cohort_of(samples=600)
    traces = {
        rate: np.sin(2 * np.pi * 0.3 * np.arange(600) * 1000 / rate)[None].repeat(len(slow), 0)
        for rate in (rate_hz, 15000)
    }
    recorded, usual = (
        Cohort(traces[rate], slow.table, Sampling(rate_hz=rate, start_ms=0), slow.provenance)
        for rate in (rate_hz, 15000)
    )
    selection, expected = select(recorded, SelectionRules()), select(usual, SelectionRules())
    np.testing.assert_allclose(selection.cohort.time_ms, expected.cohort.time_ms)
    np.testing.assert_allclose(selection.cohort.waveforms[:, 10:], expected.cohort.waveforms[:, 10:], atol=0.03)
    assert f"resampled from {rate_hz:,} to 15,000 Hz" in selection.funnel["rule"].tolist()
    assert not expected.funnel["rule"].str.contains("resampled").any()
    as_recorded = select(recorded, SelectionRules(sampling_rate_hz=None)).cohort
    assert as_recorded.sampling.rate_hz == rate_hz
    np.testing.assert_array_equal(as_recorded.waveforms[0], recorded.waveforms[0, :200])


def test_a_wave_marked_outside_of_the_window_is_masked_and_counted():
    cohort = cohort_of(fmp=5.0, latency_V_ms=np.tile([2.0, 2.7, np.nan], 20), samples=120)
    selection = select(cohort, SelectionRules(samples=40))  # ends at 2.6 ms
    scaling = Scaling.fit(selection.cohort)
    mask = model_inputs(selection.cohort, scaling).mask.numpy()
    np.testing.assert_array_equal(mask[:, 2], np.tile([1, 0, 0], 20))
    np.testing.assert_array_equal(mask[:, 5], np.tile([1, 0, 1], 20))
    assert scaling.label_mean[2] == pytest.approx(2.0), "not learned from either"
    assert selection.funnel["rule"].iloc[-1] == "20 waves marked outside of it left out"
    assert cohort.table["latency_V_ms"].notna().sum() == 40, "the cohort itself is left alone"


def test_the_rules_of_a_preset_are_all_taken_over():
    asked = PreparationConfig(fmp_above=2.5, polarity="rarefaction", samples=80, sampling_rate_hz=None)
    assert SelectionRules.of(asked) == SelectionRules(2.5, "rarefaction", True, 80, None)
    assert not SelectionRules.of(asked, conditions_present=False).conditions_present
    assert SelectionRules.of(PreparationConfig()) == SelectionRules()


# --- split


def test_no_patient_is_in_two_parts_and_every_recording_in_one():
    cohort = cohort_of(patients=40, recordings=7)
    split = split_by_patient(cohort, seed=1)
    patients = [set(cohort.table["patient_id"].iloc[rows]) for rows in (split.train, split.validation, split.test)]
    assert not (patients[0] & patients[1] or patients[0] & patients[2] or patients[1] & patients[2])
    assert np.array_equal(np.sort(np.concatenate([split.train, split.validation, split.test])), np.arange(280))
    assert split.kind == "patient"
    assert split.sizes["train"] == pytest.approx(0.7 * 280, abs=7)
    assert split.sizes["test"] == pytest.approx(0.15 * 280, abs=7)


def test_split_depends_on_seed_and_patients_but_not_on_the_order_of_rows():
    cohort = cohort_of(patients=20)
    order = np.random.default_rng(0).permutation(len(cohort))
    shuffled = cohort.take(order)

    def train_patients(cohort, seed):
        return set(cohort.table["patient_id"].iloc[split_by_patient(cohort, seed).train])

    assert train_patients(cohort, 1) == train_patients(shuffled, 1)
    assert train_patients(cohort, 1) != train_patients(cohort, 2)


@pytest.mark.parametrize("patients", [3, 4, 5])
def test_every_part_has_a_patient_even_with_few(patients):
    assert min(split_by_patient(cohort_of(patients=patients), 0).sizes.values()) > 0


def test_too_few_patients_and_bad_fractions_are_refused():
    with pytest.raises(InputError, match=r"too few patients.*found 2"):
        split_by_patient(cohort_of(patients=2), 0)
    with pytest.raises(InputError, match="sum 1"):
        split_by_patient(cohort_of(), 0, fractions=(0.8, 0.1, 0.2))


def test_leaky_split_says_so_and_has_the_sizes_of_the_original():
    cohort = cohort_of(patients=20, recordings=50)
    split = split_by_recording_leaky(cohort, seed=0)
    assert split.kind == "recording (leaky)"
    assert split.sizes == {"train": 700, "validation": 150, "test": 150}
    assert set(cohort.table["patient_id"].iloc[split.train]) & set(cohort.table["patient_id"].iloc[split.test])


# --- scaling


@pytest.mark.parametrize("waveform", ["per_sample", "global"])
@pytest.mark.parametrize("age", ["linear", "log"])
def test_scaling_standardises_and_comes_back(waveform, age):
    cohort = cohort_of(patients=40)
    scaling = Scaling.fit(cohort, age=age, waveform=waveform)
    scaling = Scaling.model_validate_json(scaling.model_dump_json())
    scaled = scaling.waveform_from_uv(cohort.waveforms)
    assert scaled.mean() == pytest.approx(0, abs=1e-4)
    assert scaled.std() == pytest.approx(1, abs=1e-4)
    if waveform == "per_sample":
        np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-4)
    np.testing.assert_allclose(scaling.waveform_to_uv(torch.from_numpy(scaled)), cohort.waveforms, atol=1e-5)
    static = scaling.static(cohort.table)
    np.testing.assert_allclose(static[:, :2].std(axis=0), 1, rtol=1e-4)
    assert np.abs(static[:, 2]).max() < 1e-6, "a condition that never varies is 0, not a blown-up rounding error"
    assert set(static[:, 3]) == {0.0, 4.0}


def test_missing_labels_are_masked_and_present_ones_come_back_in_units():
    cohort = cohort_of()
    scaling = Scaling.fit(cohort)
    latency, amplitude, mask = scaling.labels(cohort.table)
    present = cohort.table["latency_V_ms"].notna().to_numpy()
    np.testing.assert_array_equal(mask[:, 2], present)
    assert (latency[~present, 2] == 0).all()
    ms, uv = scaling.labels_to_units(latency, amplitude)
    np.testing.assert_allclose(ms[present, 2], cohort.table["latency_V_ms"][present], rtol=1e-5)
    np.testing.assert_allclose(uv[:, 2], cohort.table["amplitude_V_uv"], rtol=1e-4)
    assert np.isnan(ms[:, 0]).all(), "a wave never marked in training has no latency, not 0 ms"
    assert (mask[:, [0, 1, 3, 4]] == 0).all()


def test_a_wave_never_marked_in_training_is_masked_later_too():
    scaling = Scaling.fit(cohort_of())
    later = cohort_of(latency_I_ms=1.6)
    latency, _, mask = scaling.labels(later.table)
    assert (mask[:, 0] == 0).all()
    assert np.isfinite(latency).all()


def test_a_missing_condition_is_named_by_row_and_column():
    cohort = cohort_of()
    scaling = Scaling.fit(cohort)
    cohort.table.loc[3, "intensity_db_nhl"] = np.nan
    with pytest.raises(InputError, match="intensity is missing") as caught:
        scaling.static(cohort.table)
    assert (caught.value.row, caught.value.column) == (4, "intensity_db_nhl")
    with pytest.raises(InputError):
        Scaling.fit(cohort)
    other = cohort_of()
    other.table.loc[0, "hearing_loss"] = None
    with pytest.raises(InputError, match="hearing loss"):
        scaling.static(other.table)


def test_flat_recordings_and_unknown_ways_are_refused():
    cohort = cohort_of()
    with pytest.raises(InputError, match="flat"):
        Scaling.fit(Cohort(np.ones((len(cohort), 60)), cohort.table, cohort.sampling, cohort.provenance))
    with pytest.raises(InputError, match="age"):
        Scaling.fit(cohort, age="cubic")


def test_newborns_have_a_finite_logarithm():
    cohort = cohort_of(age_years=np.tile([0.0, 40.0], 30))
    assert np.isfinite(Scaling.fit(cohort, age="log").static(cohort.table)).all()


# --- model inputs


def test_inputs_have_the_five_streams_and_are_indexed_by_rows():
    cohort = select(cohort_of(), RULES).cohort
    inputs = model_inputs(cohort, Scaling.fit(cohort))
    n = len(cohort)
    shapes = {name: tuple(getattr(inputs, name).shape) for name in ModelInputs.__dataclass_fields__}
    assert shapes == {
        "waveform": (n, 40),
        "static": (n, 4),
        "latency": (n, 3),
        "amplitude": (n, 3),
        "mask": (n, 6),
    }
    assert all(getattr(inputs, name).dtype == torch.float32 for name in shapes)
    assert len(inputs[:5]) == len(inputs[torch.arange(5)]) == 5
    assert inputs[2].waveform.shape == (1, 40)
    torch.testing.assert_close(inputs[torch.tensor([4, 1])].static, inputs.static[[4, 1]])


def test_recordings_of_another_length_are_refused():
    cohort = cohort_of()
    with pytest.raises(InputError, match="60"):
        model_inputs(cohort, Scaling.fit(select(cohort, RULES).cohort))
