from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from abr_model.cli import app
from abr_model.cli.training_progress import TrainingProgress
from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel
from abr_model.runs.run import Run, list_runs
from abr_model.training.fit import fit


def abr(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def preset_file(tmp_path, small_presets):
    path = tmp_path / "small.yaml"
    path.write_text(small_presets["reference"].to_yaml(), encoding="utf-8")
    return path


def test_train_writes_a_run_and_says_where_the_model_is(tmp_path, preset_file, cohort_file):
    runs, out = tmp_path / "runs", tmp_path / "model"
    train = ("train", "--preset", preset_file, "--cohort", cohort_file, "--epochs", 1, "--seed", 3)
    output = abr(*train, "--name", "my first", "--runs", runs, "--out", out)
    (run,) = list_runs(runs)
    assert (run.state, run.config.label, run.preset.training.seed) == ("finished", "my first", 3)
    assert run.id in output
    assert "finished: all 1 epochs trained" in output
    assert str(out) in output
    assert "Wave V latency read from the trace alone, mean absolute error" in output
    assert TrainedModel.load(out).model_id == TrainedModel.load(run.model_folder).model_id


def test_the_data_folder_is_the_default(tmp_path, preset_file, cohort_file, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "elsewhere"))
    abr("train", "--preset", preset_file, "--cohort", cohort_file, "--epochs", 1)
    assert len(list_runs(tmp_path / "elsewhere" / "runs")) == 1


def test_a_stopped_run_goes_on_and_a_finished_one_does_not(tmp_path, small_presets, cohort_file):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)

    def stop(event):
        if event.get("row", {}).get("step") == 3:
            run.request_stop()
            time.sleep(0.25)

    fit(run, stop)
    assert run.state == "stopped"
    assert "finished" in abr("train", "--resume", run.id, "--runs", tmp_path)
    with pytest.raises(InputError, match="finished"):
        abr("train", "--resume", run.id, "--runs", tmp_path)


def test_a_prepared_run_is_trained(tmp_path, small_presets, cohort_file):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, epochs=1)
    abr("train", "--run", run.folder)
    assert run.state == "finished"


@pytest.mark.parametrize(
    "option",
    [
        ("--epochs", 9),
        ("--seed", 0),
        ("--preset", "default"),
        ("--threads", 1),
        ("--name", "x"),
        ("--parallel",),
        ("--precision", "32"),
        ("--deterministic",),
        ("--from", "x"),
        ("--devices", 1),
        ("--num-nodes", 1),
        ("--compile",),
        ("--accelerator", "auto"),
        ("--checkpoint-every", 10),
        ("--preview-every", 2),
        ("--recordings", 50),
        ("--dry-run",),
    ],
    ids=lambda option: option[0],
)
def test_what_a_run_was_made_with_cannot_be_changed_later(tmp_path, small_presets, cohort_file, option):
    """Also where the value is the default one: who gives it expects it to count."""
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, epochs=1)
    with pytest.raises(InputError, match=f"{option[0]} cannot be combined with --run"):
        abr("train", "--run", run.folder, *option)
    with pytest.raises(InputError, match=f"{option[0]} cannot be combined with --resume"):
        abr("train", "--resume", run.id, "--runs", tmp_path, *option)
    assert run.state == "pending"


@pytest.mark.parametrize(
    "arguments", [(), ("--cohort", "a.parquet", "--resume", "b"), ("--preset", "reference")], ids=str
)
def test_what_to_train_on_must_be_clear(arguments):
    with pytest.raises(InputError, match="one of --cohort"):
        abr("train", *arguments)


def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path):
    for arguments in (
        ("--preset", "nonsense", "--cohort", "x.parquet"),
        ("--run", str(tmp_path)),
    ):
        result = subprocess.run(
            [sys.executable, "-m", "abr_model.cli", "train", *arguments, *["--runs", str(tmp_path / "runs")]],
            capture_output=True,
            text=True,
        )
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith("abr: ")
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_missing_cohort_and_a_bad_id_are_said(tmp_path):
    with pytest.raises(InputError, match=r"'x\.parquet': there is no such file"):
        abr("train", "--cohort", tmp_path / "x.parquet", "--runs", tmp_path / "runs")
    with pytest.raises(InputError, match="no id of a run"):
        abr("train", "--resume", "../../etc", "--runs", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, preset_file, cohort_file):
    runs = tmp_path / "runs"
    arguments = ["train", "--preset", preset_file, "--cohort", cohort_file, "--epochs", "2000", "--runs", runs]
    process = subprocess.Popen(
        [sys.executable, "-m", "abr_model.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 90
    while not (list_runs(runs) and list_runs(runs)[0].status.get("epochs_done")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=90)
    (run,) = list_runs(runs)
    assert process.returncode == 0, errors
    assert (run.state, run.has_model) == ("stopped", True)
    assert f"abr train --resume {run.id}" in output
    assert "Traceback" not in errors


def test_the_progress_bar_shows_loss_kl_and_beta():
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=160)
    with TrainingProgress(10, visible=True, console=console) as progress:
        progress({"stage": "training"})
        row = {"epoch": 2, "step": 40, "train_loss": 63.81, "train_kl": 39.44, "beta": 3.3e-05}
        progress({"stage": "training", "row": row | {"kind": "step"}})
        progress({"stage": "training", "row": row | {"kind": "epoch", "validation_loss": 64.17}})
    for expected in ("loss 63.81", "KL 39.44", "β 3.3e-05", "validation 64.17", "3/10"):
        assert expected in drawn.getvalue(), expected


def test_a_filter_makes_a_run_that_learns_from_its_recordings_alone(tmp_path, preset_file, cohort_file, small_cohort):
    wanted = CohortFilter(classes={"ear": ["left"]}).with_range("intensity_db_nhl", 30)
    (tmp_path / "wishes.json").write_text(wanted.to_json())
    runs = tmp_path / "runs"
    abr("train", "--preset", preset_file, "--cohort", cohort_file, "--filter", tmp_path / "wishes.json", "--epochs", 1,
        "--runs", runs)  # fmt: skip
    (run,) = list_runs(runs)
    assert run.config.filter == wanted and "--filter filter.json" in run.config.command
    assert CohortFilter.read(run.folder / "filter.json") == wanted
    assert run.status["filter"] == ["left ear", "from 30 dB nHL"]
    model = TrainedModel.load(run.model_folder)
    assert model.provenance.filter == wanted
    assert sum(model.provenance.recordings.values()) <= wanted.mask(small_cohort.table).sum()
    assert model.support["intensity_db_nhl"]["minimum"] >= 30
    card = (run.model_folder / "card.md").read_text()
    assert "only recordings with: left ear; from 30 dB nHL." in card and "--filter filter.json" in card
    assert "left ear" in (run.folder / "train.log").read_text()


def test_without_a_filter_nothing_is_said_of_one(tmp_path, preset_file, cohort_file):
    run = Run.create(tmp_path / "runs", load_preset(str(preset_file)), cohort_file)
    assert "filter" not in run.config.command and not (run.folder / "filter.json").exists()


def test_a_bad_filter_is_refused_before_a_run_is_made(tmp_path, preset_file, cohort_file):
    (tmp_path / "wishes.json").write_text('{"classes": {"ear": ["middle"]}}')
    with pytest.raises(InputError, match=r"'wishes.json'.*no such class"):
        CliRunner().invoke(
            app,
            ["train", "--preset", str(preset_file), "--cohort", str(cohort_file), "--runs", str(tmp_path / "runs"),
             "--filter", str(tmp_path / "wishes.json")],
            catch_exceptions=False,
        )  # fmt: skip
    assert not list_runs(tmp_path / "runs")


# --- options of a researcher


def test_the_options_of_the_machine_and_of_the_result_are_kept(tmp_path, preset_file, cohort_file):
    runs = tmp_path / "runs"
    output = abr("train", "--preset", preset_file, "--cohort", cohort_file, "--epochs", 2, "--runs", runs,
                 "--precision", "bf16", "--deterministic", "--accelerator", "cpu", "--checkpoint-every", 1)  # fmt: skip
    (run,) = list_runs(runs)
    training, machine = run.preset.training, run.config.machine
    assert (training.precision, training.deterministic) == ("bf16", True)
    assert (machine.accelerator, machine.devices, machine.nodes, machine.compile) == ("cpu", 1, 1, False)
    assert "trains on CPU, 1 thread, precision bf16" in output
    assert sorted(path.stem for path in run.last_checkpoint.parent.iterdir()) == ["best", "epoch-1", "epoch-2", "last"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--precision", "16", "--accelerator", "cpu"), "needs an NVIDIA GPU"),
        (("--precision", "8"), "precision"),
        (("--accelerator", "tpu"), "auto, cpu, cuda, mps"),
        (("--devices", "0"), "--devices"),
        (("--num-nodes", "2", "--accelerator", "cpu"), "MASTER_ADDR"),
        (("--checkpoint", "best"), "of which run"),
        (("--from", "nothing"), "the folder of a model or the id of a run"),
        (("--from", "nothing", "--checkpoint", "best"), "the id of a run"),
        (("--checkpoint-every", "-1"), "checkpoint_every"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_before_a_run_is_made(options, said, tmp_path, preset_file, cohort_file, monkeypatch):
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(InputError, match=said):
        abr("train", "--preset", preset_file, "--cohort", cohort_file, "--runs", tmp_path / "runs", *options)
    assert not list_runs(tmp_path / "runs")


def stopped_run(runs, preset, cohort_file) -> Run:
    run = Run.create(runs, preset, cohort_file, epochs=4, checkpoint_every=1)

    def stop(event):
        if event.get("row", {}).get("kind") == "epoch" and event["row"]["epoch"] == 2:
            run.request_stop()
            time.sleep(0.25)

    fit(run, stop)
    return run


def test_a_run_goes_on_from_a_checkpoint(tmp_path, small_presets, cohort_file):
    run = stopped_run(tmp_path, small_presets["reference"], cohort_file)
    with pytest.raises(InputError, match="best, last, epoch-1, epoch-2, epoch-3"):
        abr("train", "--resume", run.id, "--runs", tmp_path, "--checkpoint", "epoch-9")
    assert run.state == "stopped", "nothing happened to it"
    assert "finished: all 4 epochs" in abr("train", "--resume", run.id, "--runs", tmp_path, "--checkpoint", "epoch-1")
    resumed = [row["step"] for row in run.metrics()[0] if row["kind"] == "resumed"]
    assert resumed == [run.status["steps_per_epoch"]]


def test_a_model_or_a_checkpoint_is_fine_tuned(tmp_path, small_presets, cohort_file):
    runs = tmp_path / "runs"
    source = stopped_run(runs, small_presets["default"], cohort_file)
    new = ("train", "--cohort", cohort_file, "--epochs", 1, "--runs", runs)
    abr(*new, "--from", source.model_folder, "--out", tmp_path / "tuned")
    abr(*new, "--from", source.id)
    abr(*new, "--from", source.id, "--checkpoint", "epoch-1")
    third, second, first, _ = list_runs(runs)
    model_id = TrainedModel.load(source.model_folder).model_id
    assert first.config.start.words == second.config.start.words == f"model {model_id}"
    assert third.config.start.words == f"checkpoint epoch-1 of run {source.id}"
    assert first.preset.objective.beta_points == ((0, 1.0),), "β does not rise from 0 once more"
    assert first.preset.network == source.preset.network, "without --preset that of the model"
    assert TrainedModel.load(tmp_path / "tuned").scaling == TrainedModel.load(source.model_folder).scaling
    wider = tmp_path / "wider.yaml"
    wider.write_text(source.preset.changed(network={"width": 32}).to_yaml(), encoding="utf-8")
    with pytest.raises(InputError, match="another shape"):
        abr(*new, "--from", source.id, "--preset", wider)
    assert len(list_runs(runs)) == 4


def test_a_further_node_does_not_make_a_run_of_its_own(tmp_path, preset_file, cohort_file, monkeypatch):
    for name, value in {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "NODE_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="the first node makes the run"):
        abr("train", "--preset", preset_file, "--cohort", cohort_file, "--runs", tmp_path, "--num-nodes", 2,
            "--accelerator", "cpu")  # fmt: skip
