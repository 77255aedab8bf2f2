from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from abr_model.joint_support import BANDS, JointSupport, joint_support

HERE = {"age_years": 0.25, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}


def table(*conditions: dict, patients: int = 1, recordings: int = 1) -> pd.DataFrame:
    """Every condition recorded in so many patients of its own, so many times each."""
    rows = [
        HERE | changes | {"patient_id": f"c{c}-p{p}"}
        for c, changes in enumerate(conditions)
        for p in range(patients)
        for _ in range(recordings)
    ]
    return pd.DataFrame(rows)


def band(support: JointSupport, **changes) -> int:
    return int(support.band(pd.DataFrame([HERE | changes]))[0])


@pytest.mark.parametrize(
    ("patients", "expected"),
    [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (9, 2), (10, 3), (19, 3), (20, 4), (80, 5)],
)
def test_patients_are_counted_in_bands(patients, expected):
    assert band(JointSupport.of(table({}, patients=patients))) == expected


def test_many_recordings_of_one_patient_are_one_patient():
    assert band(JointSupport.of(table({}, patients=2, recordings=100))) == 0
    assert band(JointSupport.of(table({}, patients=3, recordings=100))) == 1


def test_one_or_two_patients_leave_no_trace():
    """What goes out with a model is the same as if they had never come."""
    nobody = JointSupport.of(table({}).head(0))
    assert JointSupport.of(table({"age_years": 52.1, "hearing_loss": "neuropathy"}, patients=2)) == nobody
    assert not nobody.cell_bands().any()


def test_what_lies_in_one_cell_cannot_be_told_apart():
    ages = JointSupport.of(table({"age_years": 52.15}, patients=3))
    assert JointSupport.of(table({"age_years": 51.0}, patients=3)) == ages
    assert JointSupport.of(table({"age_years": 70.0}, patients=3)) != ages


@pytest.mark.parametrize(
    ("changes", "near"),
    [
        ({"intensity_db_nhl": 50.0}, True),
        ({"intensity_db_nhl": 45.0}, False),
        ({"intensity_db_nhl": 70.0}, True),
        ({"intensity_db_nhl": 75.0}, False),
        ({"age_years": 0.40}, True),
        ({"age_years": 0.60}, False),
        ({"age_years": 0.13}, True),
        ({"age_years": 0.05}, False),
        ({"stimulus_rate_per_s": 49.1}, True),
        ({"stimulus_rate_per_s": 70.0}, False),
        ({"stimulus_rate_per_s": 21.1}, True),
        ({"stimulus_rate_per_s": 11.1}, False),
        ({"hearing_loss": "total"}, False),
    ],
)
def test_near_is_ten_db_and_about_one_and_a_half_times_the_age_and_rate(changes, near):
    assert (band(JointSupport.of(table({}, patients=3)), **changes) > 0) == near


def test_a_rare_combination_of_common_conditions_is_seen():
    """Newborns and totally deaf ears are plenty; a totally deaf newborn there is none."""
    newborns, deaf = {"age_years": 0.0}, {"hearing_loss": "total", "age_years": 30.0}
    support = JointSupport.of(table(newborns, deaf, patients=60))
    assert band(support, **newborns) == band(support, **deaf) == len(BANDS) - 1
    assert band(support, hearing_loss="total", age_years=0.0) == 0


def test_a_patient_near_twice_counts_once():
    rows = pd.concat([table({}, {"intensity_db_nhl": 65.0}, patients=2)]).assign(patient_id=["a", "b", "a", "b"])
    assert band(JointSupport.of(rows)) == 0
    assert band(JointSupport.of(rows.assign(patient_id=list("abcd")))) == 1


def test_the_counts_are_those_of_a_plain_loop(small_cohort):
    """Every cell against patients counted one by one, on a simulated clinic."""
    rows = small_cohort.table.dropna(subset=list(HERE))
    support = JointSupport.of(rows)
    places = np.column_stack(support.positions(rows))
    cells = support.cell_bands()
    chosen = np.random.default_rng(0).permutation(np.argwhere(cells > 0))[:150]
    untouched = np.random.default_rng(1).permutation(np.argwhere(cells == 0))[:150]
    for cell in np.vstack([chosen, untouched]):
        near = (places[:, 0] == cell[0]) & (np.abs(places[:, 1:] - cell[1:]) <= 2).all(axis=1)
        patients = rows["patient_id"][near].nunique()
        assert BANDS[cells[tuple(cell)]] <= patients
        assert cells[tuple(cell)] == len(BANDS) - 1 or patients < BANDS[cells[tuple(cell)] + 1]


def test_every_allowed_condition_has_a_cell():
    corners = table(
        *(
            {"age_years": age, "intensity_db_nhl": level, "stimulus_rate_per_s": rate, "hearing_loss": hearing}
            for age in (0.0, 110.0)
            for level in (-10.0, 110.0)
            for rate in (1.0, 120.0)
            for hearing in ("normal", "total")
        ),
        patients=3,
    )
    assert (JointSupport.of(corners).band(corners) == 1).all()


def test_a_missing_condition_has_nobody_near():
    support = JointSupport.of(table({}, patients=5))
    rows = pd.concat([table({}, patients=3)], ignore_index=True)
    rows.loc[0, "age_years"] = np.nan
    rows.loc[1, "hearing_loss"] = None
    assert support.band(rows).tolist() == [0, 0, 2]
    assert band(JointSupport.of(pd.concat([rows] * 2).assign(patient_id=list("abcdef")))) == 0  # and is not counted


def test_the_nearest_place_with_patients_enough():
    support = JointSupport.of(
        pd.concat([table({"intensity_db_nhl": 90.0}, patients=12), table({"intensity_db_nhl": 60.0}, patients=4)])
    )
    assert support.nearest(HERE | {"intensity_db_nhl": 80.0}, 3) == (0.0, {})
    distance, there = support.nearest(HERE | {"intensity_db_nhl": 20.0}, 1)
    assert (distance, there) == (6.0, {"intensity_db_nhl": 50.0})
    distance, there = support.nearest(HERE | {"intensity_db_nhl": 20.0}, 3)
    assert (distance, there) == (12.0, {"intensity_db_nhl": 80.0})
    assert support.nearest(HERE, 5) is None
    assert support.nearest(HERE | {"hearing_loss": "total"}, 1) is None


def test_the_middle_of_a_cell_lies_in_it(small_cohort):
    support = JointSupport.of(small_cohort.table)
    for cell in ((0, 0, 0), (9, 14, 16), (31, 24, 21)):
        middle = support.middles(cell)
        where = support.positions({name: [value] for name, value in (HERE | middle).items()})
        assert tuple(int(p[0]) for p in where[1:]) == cell


def test_it_is_small_json_and_comes_back(small_cohort):
    support = JointSupport.of(small_cohort.table)
    text = json.dumps(support.model_dump(mode="json"), allow_nan=False)
    assert len(text) < 20_000
    again = joint_support({"joint": json.loads(text)})
    assert again == support
    np.testing.assert_array_equal(again.cell_bands(), support.cell_bands())
    assert joint_support({}) is None


def test_patients_in_words():
    support = JointSupport.of(table({}))
    assert [support.patients_in_words(b) for b in (0, 1, 2, 5)] == ["fewer than 3", "3 to 4", "5 to 9", "50 or more"]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda d: d | {"cells": "no base64!"}, "unpacked"),
        (lambda d: d | {"cells": base64.b64encode(b"not deflated").decode()}, "unpacked"),
        (lambda d: d | {"cells": d["cells"][:40]}, "cells"),
        (lambda d: d | {"cells": base64.b64encode(zlib.compress(bytes(10**8), 9)).decode()}, "88000 cells"),
        (lambda d: d | {"cells": base64.b64encode(zlib.compress(bytes([9]) * 88_000)).decode()}, "does not exist"),
        (lambda d: d | {"bands": [0, 5, 3]}, "rise"),
        (lambda d: d | {"rate_cell": 1e-3}, "rate_cell"),
        (lambda d: d | {"age_cell": "wide"}, "age_cell"),
        (lambda d: d | {"secret": 1}, "secret"),
    ],
)
def test_a_damaged_one_is_refused(damage, says):
    with pytest.raises(ValidationError, match=says):
        joint_support({"joint": damage(JointSupport.of(table({})).model_dump(mode="json"))})
