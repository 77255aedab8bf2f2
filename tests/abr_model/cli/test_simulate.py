"""``abr simulate``: writes a cohort, says what it wrote and that it is simulated, refuses what it cannot do."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from abr_model.cli.simulate import register
from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.sources.simulator import simulate


@pytest.fixture
def run():
    app = typer.Typer()
    app.callback()(lambda: None)  # one command alone would lose its name
    register(app)
    return lambda *words: CliRunner().invoke(app, ["simulate", *map(str, words)])


def test_writes_the_cohort_of_the_seed(run, tmp_path):
    out = tmp_path / "new folder" / "clinic.parquet"
    result = run("--patients", 5, "--seed", 3, "--out", out)
    assert result.exit_code == 0, result.output
    cohort = Cohort.read(out)
    assert cohort.digest() == simulate(patients=5, seed=3).digest()
    assert f"{len(cohort)} recordings of 5 patients" in result.output
    assert "no real patients" in result.output
    assert str(tmp_path) not in result.output


def test_response_only_writes_the_truth(run, tmp_path):
    assert run("--patients", 3, "--out", tmp_path / "truth.parquet", "--response-only").exit_code == 0
    truth = Cohort.read(tmp_path / "truth.parquet")
    assert truth.digest() == simulate(patients=3, residual_noise=False).digest()
    assert truth.provenance.details["residual_noise"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--patients", "0", "--out", "a.parquet"], "patients is out of range"),
        (["--patients", "-1", "--out", "a.parquet"], "patients is out of range"),
        (["--seed", "-1", "--out", "a.parquet"], "seed is out of range"),
        (["--out", "a.csv"], r"ends in \.parquet"),
        (["--out", "a"], r"ends in \.parquet"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(run, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match=message):
        raise result.exception
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_refused(run, tmp_path):
    (tmp_path / "taken").write_text("x")
    result = run("--patients", 1, "--out", tmp_path / "taken" / "a.parquet")
    assert isinstance(result.exception, InputError)
    assert "cannot be written" in str(result.exception)


def test_text_for_a_number_ends_with_code_2(run, tmp_path):
    assert run("--patients", "many", "--out", tmp_path / "a.parquet").exit_code == 2
