from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.cli.generate import find_model
from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.model import TrainedModel

ASKED = ["--age", "0.25", "--intensity", "80", "--rate", "33.1", "--hearing-loss", "normal", "--seed", "7"]


@pytest.fixture
def generate(finished_run, tmp_path):
    def run(*arguments: str, out="batch.csv", model=None):
        command = ["generate", *ASKED, "--model", str(model or finished_run.folder), "--out", str(tmp_path / out)]
        result = CliRunner().invoke(app, [*command, *arguments])
        return result, tmp_path / out

    return run


def test_a_csv_from_a_run_folder(generate, finished_run):
    result, out = generate("-n", "5")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out)
    assert len(table) == 5
    assert (table["age_years"] == 0.25).all()
    assert (table["seed"] == 7).all()
    model = TrainedModel.load(finished_run.model_folder)
    assert (table["model_id"] == f"model-{model.model_id}").all()
    assert f"model {model.model_id}, seed 7" in result.output
    assert "synthetic" in result.output


def test_a_parquet_cohort_the_same_each_time(generate):
    _, first = generate("-n", "5", out="a.parquet")
    _, again = generate("-n", "5", out="b.parquet")
    assert Cohort.read(first).digest() == Cohort.read(again).digest()
    _, response = generate("-n", "5", "--content", "response", out="c.parquet")
    assert Cohort.read(response).provenance.details["content"] == "response"


def test_many_recordings_with_progress(generate):
    result, out = generate("-n", "1100")
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out, usecols=["recording_id"])) == 1100


def test_what_lies_outside_the_training_data_is_said(generate):
    result, _ = generate("-n", "12", "--age", "109")
    assert result.exit_code == 0
    assert "Caution, 12 recordings outside the training data: 109 years is outside the training data" in result.output
    result, _ = generate("-n", "1", "--hearing-loss", "total")
    assert "Caution, 1 recording outside the training data: fewer than 3 training patients with total" in result.output


def test_strict_refuses_what_lies_outside_and_lets_few_pass(generate):
    result, out = generate("-n", "12", "--age", "109", "--strict")
    assert isinstance(result.exception, InputError), result.output
    assert "12 of 12 recordings would lie outside the training data" in str(result.exception)
    assert not out.exists()
    result, out = generate("-n", "2", "--strict")
    assert result.exit_code == 0, result.output
    assert "Caution, 2 recordings where training data are few: only 5 to 9 training patients" in result.output
    assert out.exists()


@pytest.mark.parametrize(
    ("arguments", "column", "value"),
    [
        (["--intensity", "300"], "intensity_db_nhl", 300),
        (["--age", "-1"], "age_years", -1),
        (["--hearing-loss", "deaf"], "hearing_loss", "deaf"),
        (["--rate", "0"], "stimulus_rate_per_s", 0),
        (["-n", "0"], None, 0),
        (["--seed", "-1"], None, -1),
        (["--content", "noise"], None, "noise"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(generate, arguments, column, value):
    result, out = generate(*arguments)
    assert isinstance(result.exception, InputError), result.output
    assert (result.exception.column, result.exception.value) == (column, value)
    assert not out.exists()


def test_another_format_is_refused_before_any_work(generate, monkeypatch):
    monkeypatch.setattr(TrainedModel, "load", lambda folder: pytest.fail("loaded a model"))
    result, out = generate(out="batch.txt")
    assert isinstance(result.exception, InputError)
    assert not out.exists()


def test_models_by_name(finished_run, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    model = TrainedModel.load(finished_run.model_folder)
    shipped = model.save(tmp_path / "pretrained" / "mine")
    run = model.save(tmp_path / "runs" / "r1" / "model")
    assert find_model("mine") == shipped
    assert find_model("r1") == run
    assert find_model(str(shipped)) == shipped
    with pytest.raises(InputError, match="no such model") as refused:
        find_model("other")
    assert "mine" in refused.value.allowed


def test_a_name_cannot_lead_out_of_the_data_folder(finished_run, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    TrainedModel.load(finished_run.model_folder).save(tmp_path / "outside")
    with pytest.raises(InputError):
        find_model("../../outside")
