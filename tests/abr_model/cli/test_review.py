from __future__ import annotations

import json
import time

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.errors import InputError
from abr_model.review.answer import Answer
from abr_model.review.store import Message
from abr_model.review.study import Study


@pytest.fixture
def abr(tmp_path, monkeypatch):
    """``abr review …`` on a data folder of its own; gives the output."""
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))

    def run(*arguments, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["review", *map(str, arguments)])
        if isinstance(result.exception, InputError):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_a_review_from_beginning_to_end(abr, cohort_file, tmp_path):
    assert "no reviews yet" in abr("list")
    made = abr("new", "--cohort", cohort_file, "--items", 8, "--repeats", 1, "--reviewers", "r1,r2", "--mark", "",
               "--name", "pilot")  # fmt: skip
    study_id = made.split()[1]
    assert "not patients" in made
    assert "2 reviewers" in made
    study = Study.open(tmp_path / "data", study_id)
    assert study.config.mark == ()
    messages = [
        Message("r1", item, repeat, Answer(rating=2, plausibility=3, done=True), "w", number, time.time())
        for number, (item, repeat) in enumerate(study.order("r1"))
    ]
    study.store().save(messages)
    shown = json.loads(abr("show", study_id, "--json"))
    assert [(row["reviewer"], row["confirmed"]) for row in shown["reviewers"]] == [("r1", 9), ("r2", 0)]
    assert "9 of 9" in abr("show", study_id)
    assert json.loads(abr("list", "--json"))[0]["state"] == "open"
    with pytest.raises(InputError, match="sealed"):
        abr("analyse", study_id)
    assert abr("export", study_id, "--out", tmp_path / "open").split() == ["answers.csv", "marks.csv", "history.csv"]
    abr("close", study_id, code=1)  # nobody said yes
    assert "closed" in abr("close", study_id, "--yes")
    assert json.loads(abr("analyse", study_id, "--json"))["accuracy"] == 0.5
    assert "not patients" in abr("analyse", study_id)
    assert "report.md" in abr("export", study_id, "--out", tmp_path / "closed")


def test_a_damaged_study_does_not_hide_the_others(abr, cohort_file, tmp_path):
    ids = [abr("new", "--cohort", cohort_file, "--items", 4, "--repeats", 0).split()[1] for _ in range(2)]
    (tmp_path / "data" / "reviews" / ids[0] / "study.json").write_text("{")
    listed = abr("list")
    assert ids[1] in listed
    assert "damaged" in listed


def test_what_is_not_there_is_said(abr, tmp_path):
    with pytest.raises(InputError, match="no such review"):
        abr("show", "nothing")
