from __future__ import annotations

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.errors import InputError
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.sections import SECTIONS, SectionEntry
from abr_model.model import TrainedModel

KEYS = [entry.key for entry in SECTIONS]


@pytest.fixture
def sections(monkeypatch):
    """Sections that measure the mean difference of the traces; ``stop_at`` presses Ctrl-C in one of them."""
    asked = {"ran": [], "stop_at": None}

    def run(self, comparison, model, on_progress):
        if self.key == asked["stop_at"]:
            raise KeyboardInterrupt
        on_progress(1.0)
        asked["ran"].append(self.key)
        difference = float((comparison.generated.waveforms - comparison.real.waveforms).mean())
        score = Score(f"{self.key}_difference", f"Difference of {self.key}", difference, "µV", allowed=(None, 100.0))
        return Section(self.key, self.title, [score])

    monkeypatch.setattr(SectionEntry, "run", run)
    return asked


@pytest.fixture
def model_folder(finished_run, tmp_path):
    """A copy of a trained model that a test may change."""
    return TrainedModel.load(finished_run.model_folder).save(tmp_path / "model")


@pytest.fixture
def evaluate(model_folder, cohort_file, tmp_path):
    def run(*arguments, model=None, cohort=None):
        where = ["--model", str(model or model_folder), "--cohort", str(cohort or cohort_file)]
        return CliRunner().invoke(app, ["evaluate", *where, "--out", str(tmp_path / "out"), *map(str, arguments)])

    return run


def test_scorecard_and_page_are_written(evaluate, sections, model_folder, tmp_path):
    result = evaluate("--seed", 4)
    assert result.exit_code == 0, result.output
    assert sections["ran"] == KEYS
    scorecard = Scorecard.read(tmp_path / "out")
    assert scorecard.subject.model_id == TrainedModel.load(model_folder).model_id
    assert scorecard.seed == 4 and scorecard.left_out == {}
    page = (tmp_path / "out" / "scorecard.html").read_text(encoding="utf-8")
    assert f"Evaluation of {scorecard.subject.title}" in page
    words = " ".join(result.output.split())
    assert f"{len(KEYS)} met of {len(KEYS)}" in words and "scorecard.html" in words
    assert SECTIONS[0].title in words  # progress, a line a step where there is no terminal
    assert not (model_folder / "scorecard.json").exists()


def test_where_it_goes_unless_said(model_folder, cohort_file, sections, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    command = ["evaluate", "--model", str(model_folder), "--cohort", str(cohort_file), "--sections", "cells"]
    assert CliRunner().invoke(app, command).exit_code == 0
    model_id = TrainedModel.load(model_folder).model_id
    assert (tmp_path / "data" / "evaluations" / model_id / "scorecard.html").is_file()


def test_some_sections_and_then_others(evaluate, sections, tmp_path):
    assert evaluate("--sections", "cells, privacy").exit_code == 0
    assert sections["ran"] == ["cells", "privacy"]
    assert evaluate("--sections", "two_sample").exit_code == 0
    assert sections["ran"] == ["cells", "privacy", "two_sample"]
    assert [s.key for s in Scorecard.read(tmp_path / "out").sections] == ["two_sample", "cells", "privacy"]
    assert evaluate("--sections", "physiology", "--seed", 1).exit_code == 0  # another seed: not to be mixed
    assert [s.key for s in Scorecard.read(tmp_path / "out").sections] == ["physiology"]


def test_ctrl_c_keeps_what_is_done(evaluate, sections, model_folder, tmp_path):
    sections["stop_at"] = "cells"
    result = evaluate("--into-card")
    assert result.exit_code == 130
    scorecard = Scorecard.read(tmp_path / "out")
    assert [s.key for s in scorecard.sections] == ["two_sample", "distributions"]
    rest = ",".join(KEYS[2:])
    assert scorecard.unfinished == KEYS[2:] and rest in "".join(result.output.split())
    assert (tmp_path / "out" / "scorecard.html").is_file()
    assert not (model_folder / "scorecard.json").exists()  # half an evaluation is not for the card
    sections["stop_at"] = None
    assert evaluate("--sections", rest).exit_code == 0
    assert [s.key for s in Scorecard.read(tmp_path / "out").sections] == KEYS


def test_ctrl_c_before_anything_is_done(evaluate, sections, tmp_path):
    sections["stop_at"] = "two_sample"
    result = evaluate()
    assert result.exit_code == 130 and "nothing was written" in result.output
    assert not (tmp_path / "out").exists()


def test_another_scorecard_beside(evaluate, sections, tmp_path):
    assert evaluate("--out", tmp_path / "first", "--seed", 1).exit_code == 0
    result = evaluate("--beside", tmp_path / "first" / "scorecard.json")
    assert result.exit_code == 0, result.output
    (column,) = Scorecard.read(tmp_path / "out").beside
    first = Scorecard.read(tmp_path / "first")
    assert column.values["cells_difference"] == first.score("cells_difference").value


def test_into_the_card(evaluate, sections, model_folder):
    before = TrainedModel.load(model_folder).model_id
    assert evaluate("--into-card").exit_code == 0
    card = (model_folder / "card.md").read_text(encoding="utf-8")
    scorecard = Scorecard.read(model_folder)
    value = scorecard.summary()[0]["value"]
    assert f"| Difference of two_sample | {value} | – | ≤ 100 µV | met |" in card
    assert (model_folder / "scorecard.html").is_file()
    assert TrainedModel.load(model_folder).model_id == before  # the folder is still a model


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sections", "cels"], "no such section"),
        (["--sections", ","], "no section was named"),
        (["--beside", "nothing.json"], "cannot be read"),
        (["--model", "nothing"], "no such model"),
        (["--cohort", "nothing.parquet"], "no such"),
    ],
)
def test_bad_input_is_said_before_any_work(evaluate, sections, tmp_path, arguments, message):
    result = evaluate(*arguments)
    assert isinstance(result.exception, InputError), result.output
    assert message in str(result.exception)
    assert not sections["ran"] and not (tmp_path / "out").exists()


def test_a_cohort_that_the_model_does_not_know(evaluate, sections, small_cohort, tmp_path):
    other = small_cohort.take(range(800)).write(tmp_path / "Maria Musterfrau.parquet")
    result = evaluate(cohort=other)
    assert isinstance(result.exception, InputError)
    assert "trained on another cohort" in str(result.exception) and "Maria" not in str(result.exception)


def test_a_damaged_scorecard_in_the_way(evaluate, sections, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scorecard.json").write_text("{")
    result = evaluate("--sections", "cells")
    assert isinstance(result.exception, InputError) and result.exception.file == "scorecard.json"
    assert evaluate().exit_code == 0  # all sections: nothing of it is needed


@pytest.fixture
def other_clinic(tmp_path):
    from abr_model.sources.simulator import simulate

    return simulate(patients=20, seed=9).write(tmp_path / "other.parquet")


def test_a_cohort_that_the_model_did_not_learn_from(model_folder, other_clinic, sections, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    command = ["evaluate", "--model", str(model_folder), "--other-cohort", str(other_clinic)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert set(KEYS) - set(sections["ran"]) == {"designed", "likelihood", "privacy"}
    (folder,) = (tmp_path / "data" / "evaluations").iterdir()
    scorecard = Scorecard.read(folder)
    assert scorecard.subject.is_other_cohort
    # Beside the scorecard of the model's own cohort, not in its place.
    assert folder.name == f"{scorecard.subject.model_id}-on-{scorecard.subject.cohort_digest[:8]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "which cohort is not clear"),
        (["--cohort", "a.parquet", "--other-cohort", "b.parquet"], "which cohort is not clear"),
        (["--other-cohort", "b.parquet", "--into-card"], "on its own cohort"),
    ],
)
def test_on_which_cohort(model_folder, arguments, message):
    result = CliRunner().invoke(app, ["evaluate", "--model", str(model_folder), *arguments])
    assert isinstance(result.exception, InputError) and message in str(result.exception)


def test_the_cohort_that_it_learned_from_is_no_other(model_folder, cohort_file, sections):
    result = CliRunner().invoke(app, ["evaluate", "--model", str(model_folder), "--other-cohort", str(cohort_file)])
    assert isinstance(result.exception, InputError) and "learned from this cohort" in str(result.exception)
    assert not sections["ran"]
