from __future__ import annotations

import numpy as np
import pytest

from abr_model.evaluation.comparison import compare, generator_of
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel
from abr_model.schema import CONDITION_NAMES


@pytest.fixture(scope="module")
def model(finished_run):
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture(scope="module")
def comparison(small_cohort, model):
    return compare(small_cohort, model.preset, generator_of(model), seed=5)


def test_the_three_parts_share_no_patient(comparison):
    train, other, real = (
        set(cohort.table["patient_id"]) for cohort in (comparison.train, comparison.other, comparison.real)
    )
    assert train and other and real
    assert not (train & other or train & real or other & real)


def test_held_out_recordings_are_those_that_the_training_held_out(comparison, model):
    sizes = {"train": len(comparison.train), "validation": len(comparison.other), "test": len(comparison.real)}
    assert sizes == model.provenance.recordings


def test_generated_recordings_have_the_conditions_of_the_real_ones(comparison):
    assert comparison.generated.kind == "generated"
    for name in CONDITION_NAMES:
        assert list(comparison.generated.table[name]) == list(comparison.real.table[name])
    assert comparison.generated.sampling == comparison.real.sampling
    assert comparison.generated.waveforms.shape == comparison.real.waveforms.shape
    assert len(comparison.patients) == len(comparison.generated)


def test_the_seed_decides(small_cohort, model, comparison):
    again = compare(small_cohort, model.preset, generator_of(model), seed=5)
    assert np.array_equal(again.generated.waveforms, comparison.generated.waveforms)
    other = compare(small_cohort, model.preset, generator_of(model), seed=6)
    assert not np.array_equal(other.generated.waveforms, comparison.generated.waveforms)


def test_another_generator_on_the_same_recordings(comparison):
    """A generator that repeats the held-out recordings."""
    repeated = comparison.against(lambda conditions, seed: comparison.real)
    assert repeated.generated is comparison.real
    assert repeated.real is comparison.real and repeated.seed == comparison.seed


def test_only_recordings_that_pass_the_filter(small_cohort, model):
    loud = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 60}})
    found = compare(small_cohort, model.preset, generator_of(model), filter=loud)
    for cohort in (found.train, found.other, found.real, found.generated):
        assert cohort.table["intensity_db_nhl"].min() >= 60
    assert found.clean is not None and found.clean.shape == found.real.waveforms.shape
