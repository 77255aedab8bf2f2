from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.support import (
    degrees,
    degrees_along,
    outside_conditions,
    outside_support,
    refuse_outside,
    support_findings,
    support_of_rows,
    support_summary,
)
from abr_model.generation.support_notes import class_note, sparse_note
from abr_model.joint_support import JointSupport
from abr_model.schema import AGE, INTENSITY, RATE

# as models were saved before there was a joint support
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


@pytest.fixture(scope="module")
def joint():
    """Training data in groups (patients, age, level, rate, class); each condition lies between the extremes."""
    groups = [
        (60, 0.25, 80.0, 33.1, "normal"),
        (60, 0.25, 40.0, 33.1, "normal"),
        (60, 30.0, 80.0, 33.1, "normal"),
        (60, 0.25, 80.0, 11.1, "normal"),
        (20, 0.25, 80.0, 33.1, "total"),
        (7, 0.25, 100.0, 33.1, "neuropathy"),
        (12, 30.0, 100.0, 33.1, "neuropathy"),
        (2, 30.0, 20.0, 33.1, "conductive"),
    ]
    names = ["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]
    rows = [(f"{g}-{p}", *condition) for g, (n, *condition) in enumerate(groups) for p in range(n)]
    table = pd.DataFrame(rows, columns=["patient_id", *names])
    support = {
        name: dict(zip(("minimum", "maximum"), table[name].agg(["min", "max"]), strict=True)) for name in names[:3]
    }
    for known in support.values():
        known.update(p1=known["minimum"], p99=known["maximum"])
    counts = table["hearing_loss"].value_counts().to_dict()
    return support | {
        "hearing_loss": counts,
        "joint": JointSupport.of(table).model_dump(mode="json"),
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
    (sentence,) = outside_support(default_model, condition)
    assert sentence.startswith("only 5 to 9 training patients with normal hearing")  # of a clinic of 40 patients
    assert "outside the training data" in outside_support(default_model, condition | {"age_years": 110.0})[0]
    with pytest.raises(InputError):
        outside_support(default_model, condition | {"age_years": -1})


def test_a_sparse_value_is_told_its_own_side(condition):
    (low,), (high,) = (support_findings(SUPPORT, condition | {"intensity_db_nhl": level}) for level in (5.0, 100.0))
    assert low.sentence == "5 dB nHL: few recordings below 10 dB nHL"
    assert high.sentence == "100 dB nHL: few recordings above 90 dB nHL"


def test_notes_for_a_slider(condition):
    note = lambda column, *positions: sparse_note(SUPPORT, column, condition, positions)  # noqa: E731
    assert note(AGE, 0, 90) == "few recordings above 60 years"
    assert note(AGE, 0, 50) == ""
    assert note(INTENSITY, 0, 100) == "few recordings below 10 dB nHL or above 90 dB nHL"
    assert note(AGE, -1, 90) == "no recordings below newborn, few above 60 years"
    assert note(RATE, 5.1, 99.1) == "no recordings below 11.1 /s or above 49.1 /s"


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


def test_common_conditions_together_are_inside(joint, condition):
    assert support_findings(joint, condition) == []
    assert support_findings(joint, condition | {"hearing_loss": "total"}) == []


@pytest.mark.parametrize(
    ("changes", "degree", "sentence"),
    [
        (
            {"hearing_loss": "neuropathy", "intensity_db_nhl": 20.0},
            "outside",
            "fewer than 3 training patients near auditory neuropathy, 20 dB nHL (3 or more near 90 dB nHL)",
        ),
        (
            {"hearing_loss": "neuropathy", "intensity_db_nhl": 90.0},
            "sparse",
            "only 5 to 9 training patients near auditory neuropathy, 3 months (10 or more near 21 years)",
        ),
        (
            {"hearing_loss": "total", "stimulus_rate_per_s": 11.1},
            "outside",
            "fewer than 3 training patients near total loss, 11.1 /s (3 or more near 23 /s)",
        ),
        (
            {"hearing_loss": "total", "age_years": 30.0},
            "outside",
            "fewer than 3 training patients near total loss, 30 years (3 or more near 6 months)",
        ),
        (
            {"hearing_loss": "conductive", "age_years": 30.0, "intensity_db_nhl": 20.0},
            "outside",
            "fewer than 3 training patients with conductive loss near these conditions, and nowhere 3",
        ),
    ],
)
def test_a_rare_combination_is_told_with_what_makes_it_rare(joint, condition, changes, degree, sentence):
    (finding,) = support_findings(joint, condition | changes)
    assert (finding.column, finding.degree, finding.sentence) == ("combination", degree, sentence)
    (alone,) = support_of_rows(joint, pd.DataFrame([condition | changes]))
    assert alone == f"{degree}: combination"
    without = {k: v for k, v in joint.items() if k != "joint"}
    assert (
        support_findings(without | {"hearing_loss": dict.fromkeys(joint["hearing_loss"], 99)}, condition | changes)
        == []
    )


def test_a_single_condition_outside_is_reason_enough(joint, condition):
    found = support_findings(joint, condition | {"age_years": 89.0, "hearing_loss": "sensorineural"})
    assert [(f.column, f.degree) for f in found] == [("age_years", "outside"), ("hearing_loss", "outside")]


def test_a_rare_class_is_not_sparse_where_its_patients_are(joint, condition):
    """19 recordings of neuropathy would be few; at 30 years and 100 dB they are enough."""
    assert (
        support_findings(
            joint, condition | {"hearing_loss": "neuropathy", "age_years": 30.0, "intensity_db_nhl": 100.0}
        )
        == []
    )


def test_degrees_of_rows(joint, condition):
    changes = [
        {},
        {"hearing_loss": "neuropathy", "intensity_db_nhl": 95.0},
        {"age_years": 89.0},
        {"hearing_loss": "total", "age_years": 30.0},
    ]
    table = pd.DataFrame([condition | c for c in changes])
    assert degrees(joint, table).tolist() == ["inside", "sparse", "outside", "outside"]
    assert support_of_rows(joint, table).tolist() == [
        "inside",
        "sparse: combination",
        "outside: age_years",
        "outside: combination",
    ]
    assert outside_conditions(joint, table) == {
        "sparse: combination": 1,
        "outside: age_years": 1,
        "outside: combination": 1,
    }
    assert support_of_rows(support_summary(joint), table).tolist() == support_of_rows(joint, table).tolist()
    assert len(support_of_rows(joint, table.head(0))) == len(degrees(joint, table.head(0))) == 0


def test_every_row_is_judged_as_alone(joint):
    """A big table and one condition at a time, all over the sliders."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age_years": rng.choice([0.0, 0.1, 0.25, 1, 10, 30, 70], 300),
            "intensity_db_nhl": rng.uniform(-10, 110, 300),
            "stimulus_rate_per_s": rng.uniform(1, 120, 300),
            "hearing_loss": rng.choice(["normal", "conductive", "sensorineural", "neuropathy", "total"], 300),
        }
    )
    for words, (_, row) in zip(support_of_rows(joint, table), table.iterrows(), strict=True):
        found = support_findings(joint, row)
        parts = [
            f"{d}: {' '.join(names)}"
            for d in ("outside", "sparse")
            if (names := [f.column for f in found if f.degree == d])
        ]
        assert words == ("; ".join(parts) or "inside")


def test_along_a_slider_the_other_conditions_count(joint, condition):
    levels = list(range(0, 105, 5))
    normal = degrees_along(joint, condition, "intensity_db_nhl", levels)
    assert [v for v, d in zip(levels, normal, strict=True) if d == "inside"] == [*range(30, 55, 5), *range(70, 95, 5)]
    assert (
        sparse_note(joint, INTENSITY, condition, levels) == "hardly any recordings below 30 dB nHL or above 90 dB nHL"
    )
    deaf = condition | {"hearing_loss": "neuropathy"}
    assert sparse_note(joint, INTENSITY, deaf, levels) == "few recordings at any intensity"
    assert sparse_note(joint, INTENSITY, deaf | {"age_years": 3.0}, levels) == "hardly any recordings at any intensity"


def test_classes_that_are_rare_here(joint, condition):
    assert (
        class_note(joint, condition)
        == "hardly any recordings: conductive loss, sensorineural loss, auditory neuropathy"
    )
    loud = class_note(joint, condition | {"intensity_db_nhl": 90.0})
    assert loud == "few recordings: auditory neuropathy; hardly any: conductive loss, sensorineural loss"
    assert class_note(joint, condition | {"age_years": 3.0}) == "hardly any recordings of any hearing class"


def test_conditions_outside_can_be_refused(default_model, joint, condition):
    from dataclasses import replace

    model = replace(default_model, support=joint)
    refuse_outside(model, conditions_table(**condition, n=3))
    few = condition | {"hearing_loss": "neuropathy", "intensity_db_nhl": 95.0}
    refuse_outside(model, conditions_table(**few))
    with pytest.raises(
        InputError, match="2 of 3 recordings would lie outside the training data: fewer than 3"
    ) as refused:
        refuse_outside(model, conditions_table(0.25, [80, 20, 10], 33.1, ["normal", "neuropathy", "total"]))
    assert (refused.value.row, refused.value.value) == (2, "3 months, 20 dB nHL, 33.1 /s, Auditory neuropathy")
    with pytest.raises(InputError, match="89 years is outside") as refused:
        refuse_outside(model, conditions_table(89, 80, 33.1, "normal"))
    assert refused.value.column == "age_years"
