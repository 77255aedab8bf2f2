from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ValidationError

from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.table import conform_table


@pytest.fixture
def table() -> pd.DataFrame:
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": list("abcdef"),
                "patient_id": ["p1", "p1", "p2", "p2", "p3", "p3"],
                "age_years": [0.0, 0.5, 1.0, 30, 80, np.nan],
                "intensity_db_nhl": [60, 80, 80.0, 90, np.nan, 70],
                "hearing_loss": ["normal", "normal", "conductive", None, "total", "normal"],
                "ear": ["left", "right", "left", "right", None, "left"],
                "fmp": [0.5, 1.0, 2.0, np.nan, 4.0, 8.0],
                "latency_V_ms": [6.0, np.nan, 5.8, np.nan, 5.6, 5.5],
                "latency_I_ms": [np.nan, np.nan, 1.6, np.nan, 1.5, 1.5],
            }
        )
    )


def passing(filter: CohortFilter, table: pd.DataFrame) -> str:
    return "".join(table["recording_id"][filter.mask(table)])


@pytest.mark.parametrize(
    ("parts", "passed"),
    [
        ({}, "abcdef"),
        ({"ranges": {"age_years": {"maximum": 1}}}, "abc"),
        ({"ranges": {"age_years": {"minimum": 0.5, "maximum": 30}}}, "bcd"),
        ({"ranges": {"age_years": {"minimum": 30, "unknown": True}}}, "def"),
        ({"ranges": {"age_years": {}}}, "abcde"),
        ({"ranges": {"age_years": {"unknown": True}}}, "abcdef"),
        ({"ranges": {"fmp": {"minimum": 1}}, "classes": {"hearing_loss": ["normal"]}}, "bf"),
        ({"classes": {"hearing_loss": ["conductive", None]}}, "cd"),
        ({"classes": {"hearing_loss": []}}, "abcdef"),
        ({"classes": {"ear": [None]}}, "e"),
        ({"patients": ["p3", "p1"]}, "abef"),
        ({"patients": ["nobody"]}, ""),
        ({"missing": ["latency_I_ms"]}, "abd"),
        ({"missing": ["latency_I_ms"], "present": ["latency_V_ms"]}, "a"),
    ],
)
def test_what_passes(table, parts, passed):
    assert passing(CohortFilter(**parts), table) == passed


def test_a_bound_that_went_through_text_lets_its_own_value_pass(table):
    third = table.assign(age_years=1 / 3)
    filter = CohortFilter.from_json(CohortFilter().with_range("age_years", float(f"{1 / 3:.12g}"), 1).to_json())
    assert filter.mask(third).all()


@pytest.mark.parametrize(
    ("parts", "column", "words"),
    [
        ({"ranges": {"shoe_size": {}}}, "shoe_size", "knows no such column"),
        ({"ranges": {"ear": {}}}, "ear", "knows no such column"),
        ({"ranges": {"fmp": {"minimum": 3, "maximum": 1}}}, None, "3 to 1"),
        ({"ranges": {"fmp": {"minimum": float("nan")}}}, None, "fmp.minimum"),
        ({"ranges": {"fmp": {"least": 1}}}, None, "least"),
        ({"classes": {"ear": ["up"]}}, "ear", "right, left"),
        ({"classes": {"fmp": ["high"]}}, "fmp", "knows no such column"),
        ({"present": ["recording_id"]}, "recording_id", "knows no such column"),
        ({"present": ["fmp"], "missing": ["fmp"]}, "fmp", "present and missing"),
        ({"colour": "blue"}, None, "colour is not a field"),
    ],
)
def test_what_is_no_filter_is_said(parts, column, words):
    with pytest.raises(InputError, match=words) as error:
        CohortFilter(**parts)
    assert error.value.column == column
    with pytest.raises(InputError, match=words) as error:
        CohortFilter.from_json(json.dumps(parts), "wishes.json")
    assert error.value.file == "wishes.json"


@pytest.mark.parametrize("text", ["", "[1]", "{", "3"])
def test_a_file_that_holds_no_filter(tmp_path, text):
    path = tmp_path / "filter.json"
    path.write_text(text)
    with pytest.raises(InputError, match="JSON") as error:
        CohortFilter.read(path)
    assert error.value.file == "filter.json"
    with pytest.raises(InputError, match="cannot be read"):
        CohortFilter.read(tmp_path / "gone.json")


FULL = CohortFilter(
    ranges={"intensity_db_nhl": {"minimum": 60, "maximum": 80}, "age_years": {"maximum": 1, "unknown": True}},
    classes={"hearing_loss": [None, "normal"], "ear": ["left"]},
    patients=["p2", "p1", "p2"],
    present=["latency_V_ms"],
    missing=["latency_III_ms", "latency_I_ms"],
)


def test_it_comes_back_from_json_and_from_a_file(tmp_path):
    assert CohortFilter.from_json(FULL.to_json()) == FULL
    path = tmp_path / "filter.json"
    path.write_text(FULL.to_json())
    assert CohortFilter.read(path).sha256() == FULL.sha256()
    assert json.loads(EVERYTHING.to_json()) == {}


def test_equal_wishes_are_equal_filters_whatever_their_order():
    other = CohortFilter(
        missing=["latency_I_ms", "latency_III_ms"],
        present=["latency_V_ms"],
        patients=["p1", "p2"],
        classes={"ear": ["left"], "hearing_loss": ["normal", None]},
        ranges={"age_years": {"maximum": 1.0, "unknown": True}, "intensity_db_nhl": {"minimum": 60, "maximum": 80.0}},
    )
    assert other == FULL and other.sha256() == FULL.sha256() and hash(other) == hash(FULL)
    assert FULL.without("ear").sha256() != FULL.sha256()
    assert CohortFilter(ranges={"age_years": {"unknown": True}}, classes={"ear": []}).is_empty


def test_its_parts_make_it_again_and_together_let_the_same_pass(table):
    parts = FULL.parts()
    assert CohortFilter.together(parts) == FULL
    assert len(parts) == len(FULL.in_words()) == 7
    np.testing.assert_array_equal(np.logical_and.reduce([p.mask(table) for p in parts]), FULL.mask(table))


def test_in_words():
    assert FULL.in_words() == [
        "2 patients",
        "left ear",
        "age up to 1 year or not known",
        "60 to 80 dB nHL",
        "normal or hearing loss not known",
        "wave V latency known",
        "wave I latency, wave III latency missing",
    ]
    assert EVERYTHING.in_words() == []
    assert CohortFilter().with_range("age_years", 1 / 12, 0.5).in_words() == ["age 1 month to 6 months"]
    assert CohortFilter().with_range("fmp", 1).in_words() == ["Fmp from 1"]
    assert CohortFilter().with_range("residual_noise_nv", 10, 10).in_words() == ["residual noise 10 nV"]
    assert CohortFilter(patients=["p7"]).in_words() == ["patient p7"]
    many = CohortFilter(missing=["age_years", "fmp", "latency_I_ms", "latency_III_ms", "latency_V_ms"])
    assert many.in_words() == ["age, Fmp, wave I latency and 2 more missing"]


def test_changes_make_new_filters():
    pattern = FULL.with_pattern(missing=["fmp"])
    assert (pattern.missing, pattern.present) == (("fmp",), ()) and pattern.patients == FULL.patients
    assert FULL.without("patient_id").patients == ()
    assert "age_years" not in FULL.without("age_years").ranges
    assert FULL.without("latency_V_ms").present == ()
    assert FULL.with_classes("ear", []).classes.keys() == {"hearing_loss"}
    with pytest.raises(ValidationError):
        FULL.patients = ()


def test_taken_to_another_cohort_it_loses_what_says_nothing_there(table):
    wanted = CohortFilter(
        ranges={"age_years": {"maximum": 1}, "residual_noise_nv": {"maximum": 20}},
        classes={"hearing_loss": ["normal", "neuropathy"], "sex": ["female"]},
        patients=["p1", "elsewhere"],
        present=["amplitude_V_uv"],
    )
    kept, lost = wanted.fitted(table)
    assert kept == CohortFilter(
        ranges={"age_years": {"maximum": 1}}, classes={"hearing_loss": ["normal"]}, patients=["p1"]
    )
    assert lost == [
        "2 patients",
        "female",
        "normal or neuropathy",
        "residual noise up to 20 nV",
        "wave V amplitude known",
    ]
    assert CohortFilter().with_range("age_years", 0, 1).fitted(table)[1] == []


def test_inside_of_another_model():
    class Holder(BaseModel):
        filter: CohortFilter = EVERYTHING

    held = Holder(filter=FULL)
    assert Holder.model_validate(json.loads(held.model_dump_json())) == held
    with pytest.raises(ValidationError):
        Holder.model_validate({"filter": {"ranges": {"fmp": {"minimum": 3, "maximum": 1}}}})
