from __future__ import annotations

import numpy as np
import pytest

from abr_model.configuration import load_preset
from abr_model.preparation import split_by_patient, split_by_recording_leaky
from abr_model.training.parts import parts_of, prepare_parts
from abr_model.training.sample import sample_of

PARTS = ("train", "validation", "test")


def patients_of(cohort, rows) -> set[str]:
    return set(cohort.table["patient_id"].iloc[rows])


def test_a_sample_is_whole_patients_of_each_part_with_its_share(small_cohort):
    split = split_by_patient(small_cohort, 0)
    sample = sample_of(split, small_cohort.table, 400, seed=0)
    per_patient = small_cohort.table["patient_id"].value_counts()
    for name in PARTS:
        everything, chosen = getattr(split, name), getattr(sample, name)
        assert set(chosen) <= set(everything)
        counts = small_cohort.table["patient_id"].iloc[chosen].value_counts()
        assert (counts == per_patient[counts.index]).all()
        wished = 400 * len(everything) / len(small_cohort)
        assert abs(len(chosen) - wished) <= per_patient.max() / 2 or len(counts) == 1


def test_who_is_held_out_of_a_sample_is_held_out_of_everything(small_cohort):
    preset = load_preset("reference")
    whole, sample = prepare_parts(small_cohort, preset), prepare_parts(small_cohort, preset, recordings=200)
    for name in PARTS:
        ids = [set(getattr(parts, name).table["recording_id"]) for parts in (whole, sample)]
        assert ids[1] < ids[0]


def test_the_same_patients_each_time_and_the_larger_sample_holds_the_smaller(small_cohort):
    split = split_by_patient(small_cohort, 0)
    shuffled = small_cohort.take(np.random.default_rng(0).permutation(len(small_cohort)))
    again = sample_of(split_by_patient(shuffled, 0), shuffled.table, 300, seed=0)
    small, large = (sample_of(split, small_cohort.table, n, seed=0) for n in (300, 600))
    other = sample_of(split, small_cohort.table, 300, seed=1)
    for name in PARTS:
        chosen = patients_of(small_cohort, getattr(small, name))
        assert patients_of(shuffled, getattr(again, name)) == chosen
        assert chosen <= patients_of(small_cohort, getattr(large, name))
    assert patients_of(small_cohort, other.train) != patients_of(small_cohort, small.train)


def test_each_part_has_a_patient_however_small_the_sample(small_cohort):
    sample = sample_of(split_by_patient(small_cohort, 0), small_cohort.table, 30, seed=0)
    assert all(len(patients_of(small_cohort, getattr(sample, name))) >= 1 for name in PARTS)


def test_of_a_leaky_split_the_sample_has_whole_patients_too(small_cohort):
    split = split_by_recording_leaky(small_cohort, 0)
    sample = sample_of(split, small_cohort.table, 300, seed=0)
    rows = np.concatenate([sample.train, sample.validation, sample.test])
    table = small_cohort.table
    assert sample.kind == split.kind
    assert len(np.unique(rows)) == len(rows) == table["patient_id"].isin(patients_of(small_cohort, rows)).sum()
    assert abs(len(rows) - 300) <= table["patient_id"].value_counts().max() / 2


@pytest.mark.parametrize("recordings", [None, 10**6])
def test_without_a_sample_everything_is_kept(small_cohort, recordings):
    preset = load_preset("default")
    whole, asked = prepare_parts(small_cohort, preset), prepare_parts(small_cohort, preset, recordings=recordings)
    assert asked.split.sizes == whole.split.sizes
    assert asked.funnel["rule"].tolist() == whole.funnel["rule"].tolist()


def test_the_funnel_says_that_it_is_a_sample_and_noise_is_that_of_its_recordings(small_cohort):
    parts = prepare_parts(small_cohort, load_preset("default"), recordings=200)
    last = parts.funnel.iloc[-1]
    assert "a sample of about 200, whole patients" in last["rule"]
    assert last["kept"] == sum(parts.split.sizes.values()) == sum(map(len, (parts.train, parts.validation, parts.test)))
    assert parts.noise.shape == (len(parts.train), 200)
    row = int(np.flatnonzero(small_cohort.table["recording_id"] == parts.train.table["recording_id"].iloc[-1])[0])
    np.testing.assert_array_equal(parts.noise[-1], small_cohort.waveforms[row, -200:])


def test_a_run_trains_on_the_sample_that_it_was_asked_for(small_presets, cohort_file, tmp_path):
    from abr_model.runs.run import Run

    run = Run.create(tmp_path, small_presets["reference"], cohort_file, recordings=150)
    parts = parts_of(run.config, run.folder)
    assert 100 <= sum(parts.split.sizes.values()) <= 200
    assert "--recordings 150" in run.config.command
    whole = Run.create(tmp_path, small_presets["reference"], cohort_file)
    assert "--recordings" not in whole.config.command
