from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.errors import InputError
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run


def abr(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_shows_state_and_label(finished_run):
    root = finished_run.folder.parent
    output = abr("runs", "list", "--runs", root)
    assert finished_run.id in output
    assert "finished" in output
    (run,) = json.loads(abr("runs", "list", "--json", "--runs", root))
    assert (run["run"], run["state"], run["label"], run["epochs_done"]) == (
        finished_run.id,
        "finished",
        "first try",
        3,
    )


def test_list_of_nothing_says_how_to_begin(tmp_path):
    assert "abr train" in abr("runs", "list", "--runs", tmp_path / "runs")


def test_show_has_figures_and_the_last_epoch(finished_run):
    root = finished_run.folder.parent
    output = abr("runs", "show", finished_run.id, "--runs", root)
    assert "Wave V latency" in output
    assert str(finished_run.model_folder) in output
    shown = json.loads(abr("runs", "show", finished_run.id, "--json", "--runs", root))
    assert shown["last_epoch"]["epoch"] == 2
    assert shown["figures"]["waveform_rmse_uv"] > 0


def test_show_of_a_crashed_run_has_the_end_of_its_log(tmp_path, small_presets, cohort_file):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    run.write_status(state="running")
    (run.folder / "train.log").write_text("the last words", encoding="utf-8")
    output = abr("runs", "show", run.id, "--runs", tmp_path)
    assert "crashed" in output
    assert "the last words" in output


def test_stop_asks_an_active_run_and_refuses_an_ended_one(tmp_path, small_presets, cohort_file, finished_run):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        abr("runs", "stop", run.id, "--runs", tmp_path)
        assert run.stop_requested
        with pytest.raises(InputError, match="no background training"):
            abr("runs", "stop", run.id, "--force", "--runs", tmp_path)
    finally:
        lock.release()
    with pytest.raises(InputError, match="nothing to stop"):
        abr("runs", "stop", finished_run.id, "--runs", finished_run.folder.parent)
    with pytest.raises(InputError, match="no such run"):
        abr("runs", "stop", "2026-01-01-0000-reference-abcd", "--runs", tmp_path)
