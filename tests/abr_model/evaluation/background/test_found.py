from __future__ import annotations

import os

import pytest

from abr_model.evaluation.background.found import scorecard_files
from abr_model.evaluation.background.pace import Pace, expected_seconds, section_seconds
from abr_model.evaluation.evaluate import PREPARING


def test_scorecards_are_found_wherever_they_are_made(scorecard, tmp_path, evaluation):
    shipped = tmp_path / "pretrained"
    made = evaluation(sections=["cells"])
    places = [
        shipped / "default",
        tmp_path / "data" / "runs" / "2026-11-22-1432-reference-3f9a" / "model",
        made.folder,
        tmp_path / "data" / "evaluations" / "16101f77",
    ]
    for age, folder in enumerate(places):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(scorecard.write(folder), (1000 - age, 1000 - age))
    found = scorecard_files(tmp_path / "data", [shipped])
    assert [one.id for one in found] == [
        "shipped-default", "run-2026-11-22-1432-reference-3f9a", made.id, "evaluated-16101f77",
    ]  # fmt: skip
    assert scorecard_files(tmp_path / "nothing", [tmp_path / "nothing"]) == []


def test_time_grows_with_sections_and_recordings():
    few, all_ = expected_seconds(["cells"], 3301), expected_seconds(None, 3301)
    assert 0 < few < all_
    assert expected_seconds(None, 300) < all_
    assert expected_seconds(None, 3301, other_cohort=True) == pytest.approx(
        all_ - sum(section_seconds()[key] for key in ("designed", "likelihood", "privacy")), rel=0.05
    )


def test_done_is_a_share_of_the_time_not_of_the_sections():
    pace = Pace.of(["two_sample", "coherence"], other_cohort=False)
    pace.step(PREPARING, 0.0)
    assert pace.done == 0.0
    pace.step("Can a classifier tell them apart?", 0.25)
    half_way = pace.done
    pace.step("Reported waves against the trace", 0.5)
    assert 0.3 < half_way < 0.7 and pace.done > 0.95  # the second of two sections takes hardly any time
    pace.step("Done", 1.0)
    assert pace.done == 1.0
