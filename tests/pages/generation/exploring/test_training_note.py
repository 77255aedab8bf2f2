"""Where the training data lie."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from abr_model.joint_support import JointSupport
from abr_model.schema import HEARING_LOSS_CODES


def joint_support_of(patients: int, *conditions: dict) -> dict:
    """So many patients at each of some conditions."""
    table = pd.DataFrame([c | {"patient_id": f"{i}-{p}"} for i, c in enumerate(conditions) for p in range(patients)])
    known = {
        name: {"minimum": 0.0, "p1": 0.0, "p99": 100.0, "maximum": 100.0}
        for name in ("age_years", "intensity_db_nhl", "stimulus_rate_per_s")
    }
    joint = JointSupport.of(table).model_dump(mode="json")
    return known | {"hearing_loss": dict.fromkeys(HEARING_LOSS_CODES, 99), "joint": joint, "kind": "simulated"}


USUAL = {"age_years": 0.25, "intensity_db_nhl": 80.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}


@pytest.fixture
def app_with(open_page, sample_cohort, data_folder, model):
    """The page with a model of some support."""

    def open_(support: dict):
        replace(model, support=support).save(data_folder / "pretrained" / "tiny")
        app = open_page("generation")
        assert not app.exception
        return app

    return open_


def test_outside_the_training_data_is_said(app, words, set_to, axis_of):
    set_to(app, age_years=90.0).run()
    text = words(app)
    assert "90 years is outside the training data" in text
    assert "inside training support" not in text
    assert set(axis_of(app, "intensity_db_nhl")["caution"]) == {"outside the training data"}
    assert axis_of(app, "age_years")["warns"]


def test_a_rare_combination_of_common_conditions_is_said(app_with, words, set_to, axis_of):
    deaf_at_thirty = USUAL | {"hearing_loss": "total", "age_years": 30.0}
    app = app_with(joint_support_of(12, USUAL, deaf_at_thirty))
    assert "inside training support" in words(app)
    assert (
        "hardly any recordings: conductive loss, sensorineural loss, auditory neuropathy, total loss"
        in axis_of(app, "hearing_loss")["note"]
    )
    assert axis_of(app, "intensity_db_nhl")["caution"][16] == ""  # 80 dB nHL
    assert axis_of(app, "intensity_db_nhl")["caution"][2] == "outside the training data"
    set_to(app, hearing_loss="total").run()
    assert "red-badge[fewer than 3 training patients near total loss, 3 months (3 or more near 21 years)]" in words(app)
    assert "inside training support" not in words(app)
    age = axis_of(app, "age_years")
    assert (age["note"], age["warns"]) == ("hardly any recordings below 20 years or above 55 years", True)
    assert set(axis_of(app, "intensity_db_nhl")["caution"]) == {"outside the training data"}


def test_few_patients_near_are_counted(app_with, words, axis_of):
    app = app_with(joint_support_of(4, USUAL))
    assert "orange-badge[only 3 to 4 training patients with normal hearing near these conditions" in words(app)
    assert axis_of(app, "intensity_db_nhl")["caution"][16] == "few training recordings near"


def test_a_model_without_a_joint_support_speaks_of_each_condition(app_with, model, words, set_to, axis_of):
    alone = {k: v for k, v in model.support.items() if k != "joint"}
    app = app_with(alone)
    assert "each condition inside training support" in words(app)
    assert 'title="training data: ' in axis_of(app, "age_years")["strip"]
    set_to(app, age_years=90.0).run()
    assert "90 years is outside the training data" in words(app)
