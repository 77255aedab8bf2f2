from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs.run import Run


def abr(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def two(tmp_path, cohort_file) -> list[Run]:
    """Two runs that differ in their learning rate, and a dry run."""
    runs = []
    for rate, error, dry in ((0.002, 0.2, False), (0.0005, 0.1, False), (0.01, 0.01, True)):
        preset = load_preset("default").changed(training={"learning_rate": rate})
        run = Run.create(tmp_path / "runs", preset, cohort_file, label=f"rate {rate}", dry_run=dry)
        row = {"kind": "epoch", "epoch": 0, "step": 4, "minutes": 1.0, "validation_rmse_uv": error,
               "validation_loss_final_beta": error}  # fmt: skip
        (run.folder / "metrics.jsonl").write_text(json.dumps(row) + "\n")
        runs.append(run)
    return runs


def test_differences_and_the_best_are_printed(two, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    a, b, dry = two
    output = abr("runs", "compare", a.id, b.id, "--runs", a.folder.parent)
    assert "Learning rate" in output and "0.0005" in output and "rate 0.002" in output
    assert "★ 0.1" in output and "★ 0.2" not in output
    assert dry.id not in abr("runs", "compare", "--runs", a.folder.parent)


def test_for_programs(two):
    a, b, _ = two
    said = json.loads(abr("runs", "compare", a.id, b.id, "--json", "--runs", a.folder.parent))
    assert said["runs"] == [a.id, b.id]
    assert said["settings"] == {"training.learning_rate": {a.id: "0.002", b.id: "0.0005"}}
    assert said["figures"]["validation_rmse_uv"] == {a.id: 0.2, b.id: 0.1}
    assert said["best"]["validation_rmse_uv"] == [b.id]
    assert said["caveats"] == []


def test_one_run_is_nothing_to_compare(two):
    with pytest.raises(InputError, match="nothing to compare"):
        abr("runs", "compare", two[0].id, two[0].id, "--runs", two[0].folder.parent)


def test_mlflow_wants_to_know_where_to(two, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="--to"):
        abr("runs", "mlflow", two[0].id, "--runs", two[0].folder.parent)


def test_mlflow_is_given_each_run_with_what_was_asked_for(two, monkeypatch):
    from abr_model.runs import mlflow_export

    asked = []

    def export(run, to, **options):
        options.pop("on_progress")
        asked.append((run.id, to, options))
        return mlflow_export.Exported("m1", options["experiment"], 3, 1234, ("config.yaml",), 1)

    monkeypatch.setattr(mlflow_export, "export_run", export)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://from-the-environment")
    a, b, _ = two
    root = a.folder.parent
    output = abr("runs", "mlflow", a.id, b.id, "--experiment", "x", "--model", "--to", "http://y", "--runs", root)
    assert asked == [(run.id, "http://y", {"experiment": "x", "with_model": True}) for run in (a, b)]
    assert "1,234 metric values" in output and "instead of the one sent before" in output
    abr("runs", "mlflow", a.id, "--runs", root)
    assert asked[-1] == (a.id, "http://from-the-environment", {"experiment": "abr", "with_model": False})
