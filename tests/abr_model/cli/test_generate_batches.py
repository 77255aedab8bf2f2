"""``abr generate``: designs, formats, near-copies, making a batch again."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.errors import InputError
from abr_model.generation.designs.design import design_of, save_design
from abr_model.generation.designs.table import TEMPLATE


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def run(finished_run, tmp_path):
    def run_(*arguments: str, out: str = "batch.csv"):
        command = ["generate", "--model", str(finished_run.folder), "--out", str(tmp_path / out)]
        return CliRunner().invoke(app, [*command, *map(str, arguments)]), tmp_path / out

    return run_


GRID = ("--age", "0.25,30", "--intensity", "40:80:20", "--hearing-loss", "normal,total", "-n", "2")


def test_a_grid(run):
    result, out = run(*GRID)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out)
    assert len(table) == 2 * 3 * 2 * 2
    assert set(table["intensity_db_nhl"]) == {40, 60, 80}
    assert set(table["stimulus_rate_per_s"]) == {33.1}
    for beside in ("provenance.json", "card.md", "card.html"):
        assert out.with_name(f"batch.csv.{beside}").is_file()


@pytest.mark.parametrize(
    ("out", "format"),
    [("a.csv", "csv-long"), ("a.xlsx", "eclipse"), ("a.parquet", None), ("a.zip", None), ("records", "wfdb")],
)
def test_every_format(run, out, format):
    result, path = run(*GRID, *(("--format", format) if format else ()), out=out)
    assert result.exit_code == 0, result.output
    assert path.exists()


def test_a_design_from_a_file_and_a_table(run, tmp_path):
    design = {"age_years": 1, "intensity_db_nhl": 80, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal", "n": 3}
    save_design(design_of({"kind": "grid"} | design), tmp_path / "design.yaml")
    result, out = run("--design", tmp_path / "design.yaml")
    assert len(pd.read_csv(out)) == 3, result.output
    (tmp_path / "own.csv").write_text(TEMPLATE)
    result, out = run("--conditions", tmp_path / "own.csv")
    assert len(pd.read_csv(out)) == 250, result.output


def test_like_a_cohort_and_balanced(run, cohort_file, small_cohort):
    result, out = run("--from-cohort", cohort_file, "-n", 40)
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out)) == 40
    result, out = run("--from-cohort", cohort_file, "--balanced", "--same-conditions", "-n", 5, "--design-seed", 3)
    assert result.exit_code == 0, result.output
    counts = pd.read_csv(out)["hearing_loss"].value_counts()
    assert set(counts.index) == set(small_cohort.table["hearing_loss"].dropna())
    assert (counts == 5).all()


def test_conditions_outside_are_left_out(run):
    result, out = run("--age", "0.25,109", "--intensity", "80", "-n", "4", "--inside-only")
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out)) == 4
    assert "4 of 8 lie outside the training data and were left out" in result.output


def test_near_copies_are_looked_for(run, cohort_file):
    result, out = run(*GRID)
    assert "not checked for near-copies" in result.output
    result, out = run(*GRID, "--training-cohort", cohort_file)
    assert result.exit_code == 0, result.output
    assert "near-copies of training recordings found and withheld" in result.output
    said = json.loads(out.with_name("batch.csv.provenance.json").read_text())
    assert said["copies"]["checked"]
    result, out = run(*GRID, "--no-check")
    assert "it was asked not to" in out.with_name("batch.csv.card.md").read_text()


def test_the_training_cohort_is_found_by_its_hash(run, data, small_cohort):
    small_cohort.write(data / "cohorts" / "any-name.parquet")
    result, _ = run(*GRID)
    assert "found and withheld" in result.output


def test_made_again(run, tmp_path, cohort_file, finished_run, data):
    run("--from-cohort", cohort_file, "-n", 30, out="first.parquet")
    result, again = run("--again", tmp_path / "first.parquet.provenance.json", out="again.parquet")
    assert result.exit_code == 0, result.output
    assert "identical to the first one, bit for bit" in result.output
    assert again.read_bytes() == (tmp_path / "first.parquet").read_bytes()


def test_made_again_with_the_model_of_the_data_folder(run, tmp_path, finished_run, data):
    from abr_model.model import TrainedModel

    run(*GRID, out="first.csv")
    command = ["generate", "--again", str(tmp_path / "first.csv.provenance.json"), "--out", str(tmp_path / "b.csv")]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, InputError)
    assert "the model of the batch is not here" in str(result.exception)
    TrainedModel.load(finished_run.model_folder).save(data / "runs" / "mine" / "model")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the conditions are not given"),
        (("--age", "1"), "--intensity"),
        (("--age", "1", "--intensity", "80", "--conditions", "x.csv"), "in two ways"),
        (("--age", "1", "--intensity", "80", "--balanced"), "belongs to a design from a cohort"),
        (("--conditions", "x.csv", "-n", "3"), "stands elsewhere"),
        ((*GRID, "--strict", "--inside-only"), "refused or left out"),
        ((*GRID, "--no-check", "--training-cohort", "x"), "either look"),
        ((*GRID, "--format", "excel"), "no such export format"),
        ((*GRID, "--format", "parquet"), "must end otherwise"),
        ((*GRID, "--jobs", "0"), "number of jobs"),
        ((*GRID, "--seed", "-3"), "seed"),
        (("--age", "1", "--intensity", "80:20:5"), "first:last:step"),
        (("--again", "none.provenance.json"), "no such file"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(run, arguments, words):
    result, out = run(*arguments)
    assert isinstance(result.exception, InputError), result.output
    assert words in str(result.exception)
    assert not out.exists()
    assert not list(out.parent.glob("*.batch"))


def test_an_interrupt_leaves_nothing(run, monkeypatch):
    from abr_model.batches import batch

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "make_part", interrupt)
    result, out = run(*GRID)
    assert result.exit_code == 130
    assert "stopped: nothing was written" in result.output
    assert not [path for path in out.parent.iterdir() if path.name != "data"]


def test_another_number_of_sweeps(run, default_model, tmp_path, small_cohort, data):
    made = default_model.provenance.model_copy(update={"cohort_digest": small_cohort.digest()})
    replace(default_model, provenance=made).save(tmp_path / "model")
    of_500 = (*GRID, "--model", tmp_path / "model", "--sweeps", "500")
    result, _ = run(*of_500)
    assert isinstance(result.exception, InputError)
    assert "--learned-sweeps" in str(result.exception)
    result, _ = run(*of_500, "--learned-sweeps", "2000", "--content", "response")
    assert "responses carry no residual noise" in str(result.exception)
    result, out = run(*of_500, "--learned-sweeps", "2000")
    assert result.exit_code == 0, result.output
    assert "residual noise as of 500 sweeps instead of 2,000" in result.output
    provenance = out.with_name("batch.csv.provenance.json")
    result, again = run("--again", provenance, "--model", tmp_path / "model", out="again.csv")
    assert again.read_bytes() == out.read_bytes(), result.output
    small_cohort.write(data / "cohorts" / "clinic.parquet")
    result, out = run(*of_500, out="other.csv")
    assert "the median of its training recordings at the level" in out.with_name("other.csv.card.md").read_text()
    result, _ = run(*GRID, "--sweeps", "500", out="none.csv")
    assert "has no residual noise" in str(result.exception)
