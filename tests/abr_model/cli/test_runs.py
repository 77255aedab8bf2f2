from __future__ import annotations

import json
import threading
import time

import pytest
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.errors import InputError
from abr_model.runs.claim import Claim
from abr_model.runs.launch import force_stop
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, list_runs


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


# --- what is done to runs


@pytest.fixture
def prepared(tmp_path, small_presets, cohort_file):
    return Run.create(tmp_path, small_presets["reference"], cohort_file, label="first")


def test_label_and_notes_are_written_and_shown(prepared):
    root = prepared.folder.parent
    assert "first" in abr("runs", "label", prepared.id, "--runs", root)
    abr("runs", "label", prepared.id, "β 0.1", "--notes", "too smooth", "--runs", root)
    assert json.loads(abr("runs", "list", "--json", "--runs", root))[0]["label"] == "β 0.1"
    output = abr("runs", "show", prepared.id, "--runs", root)
    assert "β 0.1" in output
    assert "too smooth" in output


def test_delete_restore_and_empty_the_bin(prepared):
    root = prepared.folder.parent
    assert "in the bin" in abr("runs", "delete", prepared.id, "--runs", root)
    assert json.loads(abr("runs", "list", "--json", "--runs", root)) == []
    assert prepared.id in abr("runs", "bin", "--runs", root)
    abr("runs", "restore", prepared.id, "--runs", root)
    assert prepared.state == "pending"
    abr("runs", "delete", prepared.id, "--runs", root)
    refused = CliRunner().invoke(app, ["runs", "bin", "--empty", "--runs", str(root)], input="n\n")
    assert refused.exit_code == 1
    assert prepared.id in abr("runs", "bin", "--runs", root), "nothing is gone without a yes"
    assert "deleted for good: 1" in abr("runs", "bin", "--empty", "--yes", "--runs", root)
    assert "empty" in abr("runs", "bin", "--runs", root)


def test_resume_starts_in_the_background_and_waits_if_asked(prepared, small_presets, cohort_file):
    root = prepared.folder.parent
    trained = Run.create(root, small_presets["reference"], cohort_file, label="before")
    with Claim(trained, trained.config) as claim:
        claim.take()
        with pytest.raises(InputError, match="another training is active"):
            abr("runs", "resume", prepared.id, "--runs", root)
        try:
            said = abr("runs", "resume", prepared.id, "--queue", "--runs", root)
            assert "waits for the end of “before”; 1st in the queue" in said
            assert "waiting (1st in the queue)" in abr("runs", "show", prepared.id, "--runs", root)
            listed = {run["run"]: run for run in json.loads(abr("runs", "list", "--json", "--runs", root))}
            assert listed[prepared.id]["place_in_queue"] == 1
            assert listed[trained.id]["place_in_queue"] is None
            assert "leave the queue" in abr("runs", "stop", prepared.id, "--runs", root)
        finally:
            force_stop(prepared)
    assert prepared.state == "stopped"


def test_show_tells_what_is_wrong(prepared):
    """The posterior has collapsed: no latent unit is in use for some epochs."""
    row = {"kind": "epoch", "train_loss": 1.0, "validation_loss": 1.0, "validation_loss_final_beta": 1.0}
    row |= {"active_units": 0, "kl_per_latent": [0.0] * 4, "beta": 1.0, "learning_rate": 0.001, "gradient_norm": 1.0}
    with (prepared.folder / "metrics.jsonl").open("w", encoding="utf-8") as file:
        for epoch in range(12):
            values = {"epoch": epoch, "step": 10 * (epoch + 1), "minutes": epoch + 1.0}
            file.write(json.dumps(row | values) + "\n")
    prepared.write_status(state="stopped", epochs_done=12)
    alerts = json.loads(abr("runs", "show", prepared.id, "--json", "--runs", prepared.folder.parent))["alerts"]
    assert "posterior collapse" in [alert["kind"] for alert in alerts]
    sentence = next(alert["sentence"] for alert in alerts if alert["kind"] == "posterior collapse")
    assert sentence in abr("runs", "show", prepared.id, "--runs", prepared.folder.parent)


def test_what_trains_in_parallel_waits_for_nobody(cohort_file, tmp_path):
    with pytest.raises(InputError, match="waits for nobody"):
        abr("train", "--cohort", cohort_file, "--parallel", "--queue", "--runs", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_new_run_queues_from_the_command_line(prepared, cohort_file, tmp_path):
    """In this process: it is asked to stop while it waits."""
    with Claim(prepared, prepared.config) as claim:
        claim.take()
        root = tmp_path / "others"
        asked = threading.Timer(0, ask_the_first_to_stop, [root])
        asked.start()
        said = abr("train", "--cohort", cohort_file, "--preset", "reference", "--queue", "--runs", root)
        asked.join()
    (run,) = list_runs(root)
    assert f"{run.id} waits for the end of “first”; 1st in the queue" in said
    assert "stopped: left the queue" in said


def ask_the_first_to_stop(root) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (runs := [run for run in list_runs(root) if run.queued]):
        time.sleep(0.05)
    runs[0].request_stop()
