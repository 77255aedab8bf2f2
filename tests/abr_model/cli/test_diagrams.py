from __future__ import annotations

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.cli.diagrams import subject_named
from abr_model.errors import InputError


@pytest.fixture
def draw(finished_run, tmp_path):
    def run(*arguments: str):
        runs = ["--runs", str(finished_run.folder.parent)]
        result = CliRunner().invoke(app, ["diagrams", "--out", str(tmp_path / "out"), *runs, *arguments])
        return result, tmp_path / "out"

    return run


def test_a_run_by_its_id_with_times_and_again_without_measuring(draw, finished_run, tmp_path):
    result, out = draw("--run", finished_run.id, "--format", "svg", "--format", "mmd")
    assert result.exit_code == 0, result.output
    names = {path.name for path in out.iterdir()}
    figures = ("main_architecture", "transformer", "training_flow")
    assert names == {f"{n}.{e}" for n in figures for e in ("svg", "mmd")} | {
        "README.md", "times.json"}  # fmt: skip
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    times = tmp_path / "kept.json"
    times.write_bytes(first["times.json"])
    result, out = draw("--run", finished_run.id, "--format", "svg", "--format", "mmd", "--times", str(times))
    assert result.exit_code == 0, result.output
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    assert f"--run {finished_run.id} --format svg" in first["README.md"].decode()


def test_a_preset(draw):
    result, out = draw("--model", "reference", "--no-times", "--format", "mmd")
    assert result.exit_code == 0, result.output
    assert "520,335 parameters" in result.output
    assert "520,335 parameters of the network" in (out / "main_architecture.mmd").read_text()


def test_names_are_runs_models_and_presets_in_this_order(finished_run, small_presets, tmp_path):
    runs = finished_run.folder.parent
    for name in (finished_run.id, str(finished_run.folder)):
        subject = subject_named(name, runs)
        assert subject.run.id == finished_run.id
        assert subject.model is not None
    assert subject_named(str(finished_run.model_folder), runs).run is None
    assert subject_named("default", runs).model is not None, "the shipped model comes before its preset"
    assert subject_named("reference", runs).model is None
    file = tmp_path / "mine.yaml"
    file.write_text(small_presets["default"].to_yaml())
    assert subject_named(str(file), runs).network.samples == 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nothing"], "there is no such model, run or preset.*reference"),
        (["--run", "nothing"], "there is no such run"),
        (["--format", "pdf", "--no-times"], "there is no such format"),
        (["--theme", "sepia"], "there is no such theme.*light, dark"),
        (["--no-times", "--times", "x.json"], "one of the two"),
        (["--times", "x.json"], "measured times"),
    ],
)
def test_what_there_is_not(draw, arguments, message):
    result, out = draw(*arguments)
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match=message):
        raise result.exception
    assert not out.exists()
