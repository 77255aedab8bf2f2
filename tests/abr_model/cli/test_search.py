from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.run import list_runs
from abr_model.search.folder import list_searches
from abr_model.search.space import distributions


@pytest.fixture
def abr(tmp_path, monkeypatch):
    """``abr("search", "list")``: what it prints."""
    monkeypatch.setenv("ABR_DATA", str(tmp_path))

    def abr_(*arguments) -> str:
        result = CliRunner().invoke(app, list(map(str, arguments)))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return abr_


@pytest.fixture
def search(abr, tmp_path, cohort_file, small_presets):
    """A search with two trials that are done."""
    (tmp_path / "small.yaml").write_text(small_presets["reference"].to_yaml())
    (tmp_path / "space.yaml").write_text("training.learning_rate: {low: 0.001, high: 0.01, log: true}\n")
    abr("search", "new", "--cohort", cohort_file, "--preset", tmp_path / "small.yaml", "--space",
        tmp_path / "space.yaml", "--trials", 3, "--epochs", 1, "--name", "which rate")  # fmt: skip
    (made,) = list_searches(tmp_path)
    study = made.study()
    for loss in (55.0, 51.25):
        trial = study.ask({"training.learning_rate": distributions(made.config.space)["training.learning_rate"]})
        study.tell(trial, loss)
    return made


def test_a_search_is_made_listed_and_shown(abr, search):
    (row,) = json.loads(abr("search", "list", "--json"))
    assert (row["search"], row["label"], row["state"], row["trials"], row["ended"]) == (
        search.id, "which rate", "pending", 3, 2,
    )  # fmt: skip
    assert row["best"]["value"] == 51.25
    shown = json.loads(abr("search", "show", search.id, "--json"))
    assert [trial["value"] for trial in shown["rows"]] == [55.0, 51.25]
    words = abr("search", "show", search.id)
    assert "2 of 3" in words
    assert "51.25" in words
    assert "best: trial 1" in words
    assert "which rate" in abr("search", "list")


def test_the_best_is_written_as_a_preset_and_trained_whole(abr, search, tmp_path, monkeypatch):
    launched = []
    monkeypatch.setattr(background, "launch", lambda run, queue: launched.append((run.id, queue)))
    rate = search.study().get_trials()[1].params["training.learning_rate"]
    assert "trial 1" in abr("search", "best", search.id, "--out", tmp_path / "best.yaml", "--train")
    assert load_preset(tmp_path / "best.yaml").training.learning_rate == rate
    (run,) = list_runs(tmp_path / "runs")
    assert launched == [(run.id, True)]
    assert (run.config.search, run.preset.training.learning_rate) == (None, rate)
    assert run.preset.training.epochs == 3  # those of the preset, not of a trial


def test_without_a_space_a_few_settings_are_varied(abr, tmp_path, cohort_file):
    assert "training.learning_rate: 0.0005 to 0.008, logarithmic" in abr("search", "new", "--cohort", cohort_file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training.learning_rate: {low: 1, high: 2}", "training.learning_rate is out of range"),
        ("- a\n- b", "no list of settings"),
        ("a: [", "not a YAML file"),
        ("", "no list of settings"),
    ],
)
def test_a_space_that_is_not_allowed_is_refused(abr, tmp_path, cohort_file, text, words):
    (tmp_path / "space.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        abr("search", "new", "--cohort", cohort_file, "--space", tmp_path / "space.yaml")
    assert list_searches(tmp_path) == []


def test_what_cannot_be_done_is_said(abr, search):
    with pytest.raises(InputError, match="no worker"):
        abr("search", "stop", search.id)
    for command in ("show", "run", "worker", "best", "stop"):
        with pytest.raises(InputError, match="no such search"):
            abr("search", command, "not-there")


def test_a_worker_in_the_foreground_ends_when_nothing_is_left(abr, tmp_path, cohort_file, monkeypatch):
    from abr_model.search import work
    from abr_model.search.trial_run import Outcome

    monkeypatch.setattr(work, "follow", lambda *_: Outcome("done", value=1.0))
    abr("search", "new", "--cohort", cohort_file, "--trials", 2)
    (made,) = list_searches(tmp_path)
    words = abr("search", "worker", made.id)
    assert "trial 1 done 1" in words
    assert words.splitlines()[-1] == "finished"
    assert json.loads(abr("search", "list", "--json"))[0]["state"] == "finished"
