from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.scorecard import NOT_REACHED, Scorecard
from abr_model.filtering import CohortFilter


def other_model(scorecard, **changes):
    return replace(scorecard, subject=scorecard.subject.model_copy(update={"name": "other"} | changes))


# --- numbers ----------------------------------------------------------------------------------------------------


def test_what_is_required_and_how_much_of_it_is_met(scorecard):
    assert [score.key for score in scorecard.required] == ["auc", "latency", "membership"]
    assert scorecard.tally == {"met": 1, "not met": 1, "untold": 1}
    assert scorecard.score("distance").limit == 0.01
    with pytest.raises(InputError, match="no such number"):
        scorecard.score("nothing")


def test_summary_in_words(scorecard):
    auc, latency, membership = scorecard.summary()
    assert auc == {
        "key": "auc",
        "what": "Two-sample AUC",
        "value": "0.573 [0.552 to 0.591]",
        "real": "0.512 [0.480 to 0.540]",
        "required": "≤ 0.600",
        "met": True,
    }
    assert (latency["value"], latency["real"], latency["met"]) == ("0.125 ms", "–", False)
    assert (membership["value"], membership["met"]) == ("cannot be told: too few patients", None)


# --- files ------------------------------------------------------------------------------------------------------


def test_a_file_gives_back_the_scorecard(scorecard, tmp_path):
    scorecard = scorecard.with_beside([other_model(scorecard)])
    read = Scorecard.read(scorecard.write(tmp_path))
    assert read.to_json() == scorecard.to_json()
    assert Scorecard.read(tmp_path).to_json() == scorecard.to_json()
    assert (read.subject, read.beside, read.tally) == (scorecard.subject, scorecard.beside, scorecard.tally)
    assert read.score("auc") == scorecard.score("auc")
    assert read.score("membership").untold == "too few patients"
    assert math.isnan(read.score("membership").value) and math.isnan(read.score("latency").limit)
    assert not list(tmp_path.glob(".*"))


def test_tables_keep_their_kinds_and_gaps(scorecard):
    before = scorecard.section("two_sample").tables["by_cell"]
    after = Scorecard.from_json(scorecard.to_json()).section("two_sample").tables["by_cell"]
    assert list(after.columns) == list(before.columns)
    assert [str(after[name].dtype) for name in ("error_ms", "n", "inside")] == ["float64", "int64", "bool"]
    assert after["n"].tolist() == [40, 7]
    assert after["error_ms"].iloc[0] == 0.1 and np.isnan(after["error_ms"].iloc[1])
    assert after["cell <b>"].tolist() == ["80 dB nHL", None]
    assert after["sometimes"].tolist() == [True, None]


def test_any_table_becomes_json(scorecard):
    table = pd.DataFrame(
        {
            ("a", 1): np.array([1, 2], dtype=np.float32),
            "class": pd.Categorical(["x", None]),
            "counted": pd.array([1, None], dtype="Int64"),
            "range": [pd.Interval(0, 1), pd.Interval(1, 2)],
            "mixed": [np.float64(1.5), None],
            "infinite": [np.inf, -np.inf],
        }
    )
    section = Section("cells", "Cells", [], {"table": table})
    after = Scorecard.from_json(replace(scorecard, sections=[section]).to_json()).sections[0].tables["table"]
    assert after["class"].tolist() == ["x", None]
    assert after["counted"].iloc[0] == 1 and np.isnan(after["counted"].iloc[1])
    assert after["range"].tolist() == ["(0, 1]", "(1, 2]"]
    assert after["mixed"].iloc[0] == 1.5 and np.isnan(after["mixed"].iloc[1])
    assert after["infinite"].isna().all()


def test_numpy_numbers_in_a_score(scorecard):
    score = Score("x", "X", np.float32(0.5), interval=(np.float64(0.25), np.float64(np.nan)), n=np.int64(3))
    text = replace(scorecard, sections=[Section("cells", "Cells", [score])]).to_json()
    written = json.loads(text)["sections"][0]["scores"][0]
    assert (written["value"], written["interval"], written["n"]) == (0.5, None, 3)
    assert Scorecard.from_json(text).score("x").interval is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: "{", "not JSON"),
        (lambda c: [], "not a scorecard"),
        (lambda c: c | {"format": "abr-model"}, "not a scorecard"),
        (lambda c: c | {"version": 2}, "another version"),
        (lambda c: {k: v for k, v in c.items() if k != "sections"}, "incomplete or damaged"),
        (lambda c: c | {"subject": c["subject"] | {"kind": "real"}}, "incomplete or damaged"),
        (lambda c: c | {"sections": [{"key": "x"}]}, "incomplete or damaged"),
        (lambda c: c | {"recordings": [1, 2]}, "incomplete or damaged"),
        (lambda c: c | {"seconds": {"two_sample": "long"}}, "incomplete or damaged"),
        (lambda c: with_score(c, value="much"), "incomplete or damaged"),
        (lambda c: with_score(c, interval=[1]), "incomplete or damaged"),
    ],
)
def test_a_file_that_is_no_scorecard_is_refused(scorecard, tmp_path, change, message):
    content = change(json.loads(scorecard.to_json()))
    path = tmp_path / "card.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=message) as refused:
        Scorecard.read(path)
    assert refused.value.file == "card.json"


def with_score(content, **changes):
    content["sections"][0]["scores"][0] |= changes
    return content


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Scorecard.read(tmp_path / "nothing.json")


# --- other scorecards -------------------------------------------------------------------------------------------


def test_beside_keeps_value_and_interval(scorecard):
    worse = other_model(replace(scorecard, sections=scorecard.sections[:1]), model_id="", parameters=None)
    column = scorecard.with_beside([worse]).beside[0]
    assert column.subject.title == "other"
    assert column.values == {"auc": 0.573, "latency": 0.125}
    assert column.intervals == {"auc": (0.552, 0.591)}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cohort_digest": "0" * 60}, "cohort"),
        ({"filter": CohortFilter(patients=("p1",))}, "filter"),
        ({"preparation": {"samples": 100}}, "selection or split"),
    ],
)
def test_beside_must_be_measured_on_the_same_recordings(scorecard, change, named):
    with pytest.raises(InputError, match=f"another {named}"):
        scorecard.with_beside([other_model(scorecard, **change)])


def test_sections_of_an_earlier_scorecard_are_kept(scorecard):
    new_auc = Score("auc", "Two-sample AUC", 0.5)
    newer = replace(
        scorecard,
        sections=[Section("two_sample", "Two samples", [new_auc])],
        left_out={"privacy": "not asked for", "likelihood": NOT_REACHED},
        seconds={"two_sample": 3.0},
    )
    together = newer.completed_by(replace(scorecard, seconds={"two_sample": 12.5, "privacy": 7.0}))
    assert [section.key for section in together.sections] == ["two_sample", "privacy"]
    assert together.score("auc") == new_auc
    assert together.seconds == {"two_sample": 3.0, "privacy": 7.0}
    assert together.unfinished == ["likelihood"]


@pytest.mark.parametrize("change", [{"seed": 4}, {"software": {}}, {"recordings": {"real": 1}}, {"subject": None}])
def test_sections_of_something_else_are_not_mixed_in(scorecard, change):
    if "subject" in change:
        change = {"subject": scorecard.subject.model_copy(update={"model_id": "00000000"})}
    with pytest.raises(InputError, match="differ in"):
        scorecard.completed_by(replace(scorecard, **change))
