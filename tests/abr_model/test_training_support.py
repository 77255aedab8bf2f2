from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.configuration import load_preset
from abr_model.joint_support import joint_support
from abr_model.schema import HEARING_LOSS_CODES
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of


@pytest.fixture(scope="module")
def train(small_cohort):
    return prepare_parts(small_cohort, load_preset("default")).train


def with_ages(cohort, ages):
    """The first recordings of a cohort, with these ages."""
    part = cohort.take(range(len(ages)))
    part.table["age_years"] = ages
    return part


def test_it_describes_the_training_part(train):
    support, table = support_of(train), train.table
    for name in ("intensity_db_nhl", "stimulus_rate_per_s"):
        assert support[name]["minimum"] == table[name].min()
        assert support[name]["maximum"] == table[name].max()
        assert support[name]["p99"] == pytest.approx(np.percentile(table[name], 99))
    assert {code: support["hearing_loss"][code] for code in HEARING_LOSS_CODES} == {
        code: int((table["hearing_loss"] == code).sum()) for code in HEARING_LOSS_CODES
    }
    assert support["kind"] == "simulated"
    assert joint_support(support).cell_bands().any()
    json.dumps(support, allow_nan=False)


def test_no_patients_exact_age_is_told(train):
    support = support_of(with_ages(train, [0.0192, 0.33, 1.0, 7.9, 33.3, 74.396]))
    assert support["age_years"]["minimum"] == 0
    assert support["age_years"]["maximum"] == 75
    ages = set(train.table["age_years"])
    assert not ages & set(support_of(train)["age_years"].values()) - {0.0}


@pytest.mark.parametrize(
    ("ages", "span"),
    [
        ([0.26, 0.26], (0.25, 4 / 12)),
        ([0.25, 1.5], (0.25, 1.5)),
        ([2.5, 19.2], (2, 20)),
        ([23.0, 61.0], (20, 65)),
        ([30.0, 89.5], (30, 110)),
        ([89.5, 93.0], (89, 110)),
    ],
)
def test_ages_are_rounded_outward(train, ages, span):
    known = support_of(with_ages(train, ages))["age_years"]
    assert (known["minimum"], known["maximum"]) == pytest.approx(span)
    assert known["minimum"] <= known["p1"] <= known["p99"] <= known["maximum"]


def test_two_patients_more_do_not_show_in_the_joint_part(train):
    """Somebody of a rare age and class cannot be found in a model."""
    rare = train.take(range(8))
    rare.table["age_years"], rare.table["hearing_loss"] = 52.1, "neuropathy"
    rare.table["patient_id"] = ["a", "b"] * 4
    rare.table["recording_id"] = [f"rare-{i}" for i in range(8)]
    table = pd.concat([train.table, rare.table], ignore_index=True)
    both = Cohort(np.vstack([train.waveforms, rare.waveforms]), table, train.sampling, train.provenance)
    assert support_of(both)["joint"] == support_of(train)["joint"]
