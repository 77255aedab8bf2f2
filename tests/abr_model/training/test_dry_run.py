from __future__ import annotations

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs.run import list_runs
from abr_model.training.dry_run import dry_run_options


def test_a_dry_run_is_short_and_otherwise_what_was_asked_for():
    asked = load_preset("default").changed(training={"batch_size": 64}, network={"width": 32})
    preset, options = dry_run_options(asked, {"label": "x", "recordings": None})
    assert (preset.training.epochs, preset.sampler.training_steps) == (2, 100)
    assert options == {"label": "x", "recordings": 200, "dry_run": True}
    back = preset.changed(
        training={"epochs": asked.training.epochs}, sampler={"training_steps": asked.sampler.training_steps}
    )
    assert back == asked


def test_a_dry_run_of_less_is_not_made_longer_and_of_a_dry_run_the_same():
    asked = load_preset("reference").changed(training={"epochs": 1})
    preset, options = dry_run_options(asked, {"recordings": 90, "epochs": 7})
    assert (preset.training.epochs, options["recordings"], options["epochs"]) == (2, 90, 2)
    assert dry_run_options(asked, {})[0].training.epochs == 1
    assert dry_run_options(preset, options) == (preset, options)


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_dry_run_from_the_command_line_goes_from_recordings_to_a_model(small_presets, cohort_file, tmp_path, name):
    preset = small_presets[name].changed(training={"epochs": 40, "batch_size": 8192, "schedule": "one cycle"})
    file = tmp_path / "preset.yaml"
    file.write_text(preset.to_yaml(), encoding="utf-8")
    command = ["train", "--preset", str(file), "--cohort", str(cohort_file), "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(app, [*command, "--dry-run", "--preview-every", "1"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (run,) = list_runs(tmp_path / "runs")
    assert run.state == "finished" and run.has_model
    assert run.config.dry_run and run.config.preview_every == 1
    assert run.status["epochs_done"] == 2
    assert 120 <= sum(run.status["recordings"].values()) <= 280
    assert run.config.command.endswith("--epochs 2 --seed 0 --recordings 200 --dry-run")


def test_a_sample_that_is_too_small_is_refused_before_a_run_is_made(cohort_file, tmp_path):
    command = ["train", "--cohort", str(cohort_file), "--runs", str(tmp_path / "runs"), "--recordings", "5"]
    with pytest.raises(InputError, match="recordings of a run"):
        CliRunner().invoke(app, command, catch_exceptions=False)
    assert not list_runs(tmp_path / "runs")
