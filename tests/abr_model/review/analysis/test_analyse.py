from __future__ import annotations

import json

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.review.analysis.analyse import analyse
from abr_model.review.analysis.results import ReviewResults
from abr_model.review.export import export


def test_results_wait_for_the_end_of_the_study(make_study, answer_all):
    study = make_study()
    answer_all(study, lambda *_: {"rating": 1, "marks": [{"wave": "V", "ms": 5.5}]})
    with pytest.raises(InputError, match="sealed until it is closed"):
        analyse(study)


def test_reviewers_who_see_it_all(make_study, answer_all):
    study = make_study(items=40, repeats=6)
    answer_all(study, lambda code, item, repeat, generated: {
        "rating": 6 if generated else 1, "plausibility": 1 if generated else 5, "seconds": 10 + generated,
        "noticed": ["noise"] if generated else [], "note": "too smooth" if item == 3 else "",
        "marks": [{"wave": "V", "ms": 5.0 + 0.1 * (code == "r2") + 0.01 * (item % 3) * (code == "r3")}],
    })  # fmt: skip
    study.store().close()
    results = analyse(study)
    assert results.verdict == "told apart"
    assert results.accuracy == 1.0
    assert results.auc == 1.0
    assert results.answers == results.asked == 3 * 46
    assert [reviewer.right for reviewer in results.reviewers] == [40, 40, 40]
    assert {reviewer.same_call for reviewer in results.reviewers} == {1.0}
    assert [agreement.alpha for agreement in results.agreement] == [1.0, 1.0, 1.0]
    assert results.agreement[0].kappa == 1.0
    assert results.plausibility.delta == -1.0
    assert results.seconds == {"recorded": 10.0, "generated": 11.0}
    noise = next(one for one in results.noticed if one.what == "Noise")
    assert (noise.recorded, noise.generated, noise.when_right) == (0, 60, 60)
    assert {note.item for note in results.notes} == {3}
    shifted = next(one for one in results.latencies if (one.one, one.other) == ("r1", "r2"))
    assert shifted.bias == pytest.approx(-0.1)
    assert shifted.sd == pytest.approx(0, abs=1e-9)
    assert shifted.absent_same == 1.0
    assert "simulated clinic" in results.notice.lower()
    assert ReviewResults.model_validate_json(results.model_dump_json()) == results


def test_reviewers_who_see_nothing_do_not_prove_that_all_is_alike(make_study, answer_all):
    """Chance within a wide interval is not equivalence."""
    rng = np.random.default_rng(0)
    study = make_study(items=20, repeats=0)
    answer_all(study, lambda *_: {"rating": int(rng.integers(1, 7)), "marks": [{"wave": "V", "ms": None}]}, ("r1",))
    study.store().close()
    results = analyse(study)
    assert results.verdict == "undecided"
    assert "decides nothing" in results.statement
    assert results.latencies == []


def test_many_who_see_nothing_do(make_study, answer_all, small_cohort):
    rng = np.random.default_rng(0)
    study = make_study(items=120, repeats=0, margin=0.15)
    codes = tuple(f"r{k}" for k in range(4))
    answer_all(study, lambda *_: {"rating": int(rng.integers(1, 7)), "marks": [{"wave": "V", "ms": None}]}, codes)
    study.store().close()
    results = analyse(study)
    assert results.verdict == "equivalent"
    low, high = results.accuracy_narrow
    assert low >= 0.35
    assert high <= 0.65
    assert results.accuracy_interval[0] < low
    assert "set before the study" in results.statement


def test_what_was_not_confirmed_does_not_count(make_study, answer_all):
    study = make_study(repeats=0)
    answer_all(
        study, lambda code, item, *_: {"rating": 6, "done": item < 6, "marks": [{"wave": "V", "ms": 5.0}]}, ("r1",)
    )
    study.store().close()
    assert analyse(study).answers == 6


def test_a_study_without_answers_says_so(make_study):
    study = make_study(reviewers=("r1", "r2"))
    study.store().close()
    results = analyse(study)
    assert results.verdict == "none"
    assert [reviewer.answers for reviewer in results.reviewers] == [0, 0]
    assert "nothing can be said" in results.statement


def test_marks_are_compared_with_those_of_cohort_and_model(make_study, answer_all):
    """A reviewer who marks 0.1 ms after every label."""
    study = make_study(items=40, repeats=0)
    study.store().close()
    key = study.key(study.store())
    other = make_study(items=40, repeats=0)  # the same seed: the same items
    labels = [key.table(item)["latency_V_ms"].iloc[0] for item in range(40)]
    answer_all(other, lambda code, item, repeat, generated: {
        "rating": 3, "marks": [{"wave": "V", "ms": None if np.isnan(labels[item]) else labels[item] + 0.1}],
    }, ("r1",))  # fmt: skip
    other.store().close()
    found = {one.which: one for one in analyse(other).latencies}
    assert set(found) == {"recorded", "generated"}
    assert [one.bias for one in found.values()] == pytest.approx([0.1, 0.1])
    assert (found["recorded"].other, found["generated"].other) == ("cohort", "model")


def test_the_export_is_blinded_until_the_study_is_closed(make_study, answer_all, tmp_path):
    study = make_study()
    answer_all(study, lambda *_: {"rating": 4, "note": "=1+1", "marks": [{"wave": "V", "ms": 5.5}]})
    files = {path.name: path.read_text() for path in export(study, tmp_path / "open")}
    assert set(files) == {"answers.csv", "marks.csv", "history.csv"}
    assert "generated" not in files["answers.csv"]
    assert "'=1+1" in files["answers.csv"], "a note is no formula"
    assert files["answers.csv"].count("\n") == 1 + 3 * 14
    study.store().close()
    files = {path.name: path.read_text() for path in export(study, tmp_path / "closed")}
    assert files["answers.csv"].count("generated") == 3 * 7 or "generated" in files["answers.csv"]
    assert json.loads(files["results.json"])["format"] == "abr-review"
    assert "not patients" in files["report.md"]
    everything = "".join(files.values())
    key = study.key(study.store())
    for name in key.recorded_cohort.table["recording_id"]:
        assert name not in everything
