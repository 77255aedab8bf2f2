from __future__ import annotations

import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.support import (
    outside_conditions,
    outside_support,
    sparse_note,
    support_findings,
    support_of_rows,
    support_summary,
)
from abr_model.schema import AGE, INTENSITY, RATE

SUPPORT = {
    "age_years": {
        "minimum": 0.0,
        "maximum": 70.0,
        "p1": 0.0,
        "p99": 60.0,
        "histogram": {"edges": [0, 70], "counts": [9]},
    },
    "intensity_db_nhl": {"minimum": 0.0, "maximum": 110.0, "p1": 10.0, "p99": 90.0},
    "stimulus_rate_per_s": {"minimum": 11.1, "maximum": 49.1, "p1": 11.1, "p99": 49.1},
    "hearing_loss": {"normal": 900, "conductive": 60, "sensorineural": 49, "neuropathy": 1, "total": 0},
    "kind": "simulated",
}


def findings(condition, **changes):
    return [(f.column, f.degree) for f in support_findings(SUPPORT, condition | changes)]


def test_well_inside_there_is_nothing_to_say(condition):
    assert findings(condition) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"age_years": 71.0}, ("age_years", "outside")),
        ({"age_years": 65.0}, ("age_years", "sparse")),
        ({"intensity_db_nhl": 5.0}, ("intensity_db_nhl", "sparse")),
        ({"intensity_db_nhl": -10.0}, ("intensity_db_nhl", "outside")),
        ({"stimulus_rate_per_s": 11.0}, ("stimulus_rate_per_s", "outside")),
        ({"hearing_loss": "sensorineural"}, ("hearing_loss", "sparse")),
        ({"hearing_loss": "total"}, ("hearing_loss", "outside")),
    ],
)
def test_each_condition_is_judged(condition, changes, expected):
    assert findings(condition, **changes) == [expected]


def test_edges_of_the_training_data_are_inside(condition):
    assert findings(condition, age_years=60.0, stimulus_rate_per_s=11.1, intensity_db_nhl=90.0) == []
    assert findings(condition, hearing_loss="conductive") == []


def test_the_most_serious_comes_first(condition):
    found = findings(condition, age_years=65.0, hearing_loss="total")
    assert [degree for _, degree in found] == ["outside", "sparse"]


def test_sentences_name_value_and_range(condition, default_model):
    words = [
        f.sentence for f in support_findings(SUPPORT, condition | {"age_years": 80.0, "hearing_loss": "neuropathy"})
    ]
    assert words == [
        "80 years is outside the training data (newborn to 70 years)",
        "only 1 training recording with auditory neuropathy",
    ]
    assert outside_support(default_model, condition) == []
    assert "outside the training data" in outside_support(default_model, condition | {"age_years": 110.0})[0]
    with pytest.raises(InputError):
        outside_support(default_model, condition | {"age_years": -1})


def test_a_sparse_value_is_told_its_own_side(condition):
    (low,), (high,) = (support_findings(SUPPORT, condition | {"intensity_db_nhl": level}) for level in (5.0, 100.0))
    assert low.sentence == "5 dB nHL: few recordings below 10 dB nHL"
    assert high.sentence == "100 dB nHL: few recordings above 90 dB nHL"


def test_notes_for_a_slider():
    assert sparse_note(SUPPORT, AGE, 0, 90) == "few recordings above 60 years"
    assert sparse_note(SUPPORT, AGE, 0, 50) == ""
    assert sparse_note(SUPPORT, INTENSITY, 0, 100) == "few recordings below 10 dB nHL or above 90 dB nHL"
    assert sparse_note(SUPPORT, AGE, -1, 90) == "no recordings below newborn, few above 60 years"
    assert sparse_note(SUPPORT, RATE, 5.1, 99.1) == "no recordings below 11.1 /s or above 49.1 /s"


def test_rows_of_a_table():
    table = conditions_table([0.25, 65, 80], [80, 80, -10], 33.1, ["normal", "neuropathy", "total"])
    assert support_of_rows(SUPPORT, table).tolist() == [
        "inside",
        "sparse: age_years hearing_loss",
        "outside: age_years intensity_db_nhl hearing_loss",
    ]
    assert outside_conditions(SUPPORT, pd.concat([table, table.head(1)]))["sparse: age_years hearing_loss"] == 1
    assert outside_conditions(SUPPORT, table.head(1)) == {}


def test_rows_and_single_conditions_agree(condition):
    for changes in (
        {},
        {"age_years": 65.0},
        {"age_years": 71.0},
        {"hearing_loss": "total"},
        {"intensity_db_nhl": 95.0},
    ):
        one = condition | changes
        row = support_of_rows(SUPPORT, pd.DataFrame([one]))[0]
        assert [f"{f.degree}: {f.column}" for f in support_findings(SUPPORT, one)] == ([] if row == "inside" else [row])


def test_the_summary_has_no_histograms_and_judges_the_same(condition):
    summary = support_summary(SUPPORT)
    assert "histogram" not in summary["age_years"]
    assert summary["kind"] == "simulated"
    assert support_of_rows(summary, pd.DataFrame([condition])).tolist() == ["inside"]
