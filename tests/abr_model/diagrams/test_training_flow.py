from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from abr_model.diagrams.subject import Subject
from abr_model.diagrams.training_flow import training_flow
from abr_model.diagrams.training_progress import Progress
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run

COUNTS = {
    "recordings": {"train": 700, "validation": 150, "test": 151},
    "patients": {"train": 28, "validation": 6, "test": 6},
}


@pytest.fixture
def run(small_presets, cohort_file, tmp_path) -> Run:
    return Run.create(tmp_path / "runs", small_presets["default"], cohort_file, label="Ms Smith")


@contextmanager
def alive(run: Run):
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        yield
    finally:
        lock.release()


def epoch_row(epoch: int, loss: float) -> dict:
    terms = {"waveform": 70.5, "latency": 1.25, "amplitude": 1.5, "marked": 3.0, "kl": 12.0}
    row = {"kind": "epoch", "epoch": epoch, "step": 10 * (epoch + 1), "minutes": 1.0, "beta": 0.5, "train_loss": loss}
    row |= {f"train_{name}": value for name, value in terms.items()}
    return row | {"validation_loss_final_beta": loss, "validation_rmse_uv": 0.125, "active_units": 3}


def write(run: Run, *rows: dict) -> None:
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)


def states(diagram) -> dict[str, str]:
    return {block.id: block.state for block in diagram.blocks}


def test_a_run_that_was_not_started(run):
    diagram = training_flow(Subject.of_run(run))
    assert "not started" in diagram.subtitle
    assert set(states(diagram).values()) == {"waiting", None}
    assert ("recordings", "–") in diagram.block("train").lines
    assert Progress.of_run(run).cohort_recordings > 1000, "as the cohort's file says"
    assert "Smith" not in diagram.alt, "what a person wrote stays out of the figure"


def test_a_run_that_prepares_its_recordings(run):
    with alive(run):
        run.write_status(state="running", stage="preparing the recordings", message="preparing the recordings")
        diagram = training_flow(Subject.of_run(run))
    assert "preparing the recordings" in diagram.subtitle
    assert states(diagram)["split"] == "active"
    assert states(diagram)["network"] == states(diagram)["model"] == "waiting"


def test_a_run_that_trains_shows_its_last_terms(run):
    write(run, epoch_row(0, 90.0), epoch_row(1, 80.5))
    with alive(run):
        run.write_status(
            state="running", stage="training", message="training", epochs_done=2, steps_per_epoch=10, **COUNTS
        )
        subject = Subject.of_run(run)
        diagram = training_flow(subject)
        assert "training, epoch 3 of 3" in diagram.subtitle
        found = states(diagram)
        assert (found["split"], found["network"], found["sampler"]) == ("done", "active", "waiting")
        assert ("kept", "1,001") in diagram.block("selection").lines
        assert ("recordings", "700") in diagram.block("train").lines
        assert ("patients", "6") in diagram.block("test").lines
        assert ("trace", "70.5") in diagram.block("objective").lines
        assert ("loss", "80.5") in diagram.block("objective").lines
        assert ("epoch", "2") in diagram.block("best").lines
        assert ("trace error", "0.125 µV") in diagram.block("validate").lines
        write(
            run, {"kind": "step", "epoch": 2, "step": 21, "minutes": 2.0, "train_loss": -77.25, "train_waveform": None}
        )
        diagram = training_flow(subject)
        assert ("loss", "−77.25") in diagram.block("objective").lines, "a newer step counts"
        assert ("trace", "–") in diagram.block("objective").lines, "a number that is none is not invented"
        assert ("trace error", "0.125 µV") in diagram.block("validate").lines, "that of the last epoch stays"


@pytest.mark.parametrize(
    ("stage", "done", "active", "words"),
    [
        ("fitting the sampler", "best", "sampler", "fitting the sampler"),
        ("measuring on held-out recordings", "sampler", "figures", "measuring on held-out recordings"),
    ],
)
def test_after_the_last_epoch(run, stage, done, active, words):
    with alive(run):
        run.write_status(state="running", stage=stage, message=stage, epochs_done=3, **COUNTS)
        diagram = training_flow(Subject.of_run(run))
    assert states(diagram)[done] == "done"
    assert states(diagram)[active] == "active"
    assert diagram.subtitle.endswith(words)


def test_a_run_that_was_killed_and_one_that_failed(run):
    run.write_status(state="running", stage="training", message="training", epochs_done=1, **COUNTS)
    diagram = training_flow(Subject.of_run(run))
    assert "broken off after 1 of 3 epochs" in diagram.subtitle
    assert states(diagram)["network"] == "failed"
    run.write_status(state="failed", stage=None, message="the disk is full", epochs_done=1)
    diagram = training_flow(Subject.of_run(run))
    assert "failed after 1 of 3 epochs" in diagram.subtitle
    assert "why: see the run's log" in diagram.block("status").lines
    run.write_status(state="failed", message="a file cannot be read: Smith_1970.parquet")
    assert "Smith" not in training_flow(Subject.of_run(run)).alt, "a file's name may be a patient's"
    run.write_status(state="failed", recordings=None, message="the cohort was replaced", epochs_done=0)
    assert states(training_flow(Subject.of_run(run)))["cohort"] == "failed"


def test_a_run_that_was_stopped_before_it_gave_a_model(run):
    run.write_status(state="stopped", stage=None, message="stopped", epochs_done=1, **COUNTS)
    diagram = training_flow(Subject.of_run(run))
    assert "stopped by a person after 1 of 3 epochs" in diagram.subtitle
    assert (states(diagram)["split"], states(diagram)["network"]) == ("done", "waiting")


def test_a_run_that_waits_for_its_turn(run):
    with alive(run):
        run.write_status(state="waiting", queued="2026-11-29T10:00:00", message="waits")
        diagram = training_flow(Subject.of_run(run))
    assert "waits for its turn" in diagram.subtitle
    assert states(diagram)["cohort"] == "waiting"


def test_a_finished_run_is_done_throughout(finished_run):
    subject = Subject.of_run(finished_run)
    assert subject.model is not None
    diagram = training_flow(subject)
    assert set(states(diagram).values()) == {"done", None}
    assert diagram.block("status").state is None
    assert ("id", subject.model.model_id) in diagram.block("model").lines
    assert f"model {subject.model.model_id}" in diagram.subtitle.lower()
    kept = sum(finished_run.status["recordings"].values())
    assert ("kept", f"{kept:,}") in diagram.block("selection").lines


def test_a_model_without_its_run_folder_tells_what_it_keeps(finished_run, shipped):
    model = Subject.of_run(finished_run).model
    diagram = training_flow(Subject.of_model(model))
    made = model.provenance
    assert ("recordings", f"{made.recordings['train']:,}") in diagram.block("train").lines
    assert ("epoch", f"{made.best_epoch + 1}") in diagram.block("best").lines
    assert ("loss", "–") in diagram.block("objective").lines
    assert ("patients", "1,296") in training_flow(shipped).block("train").lines


def test_the_terms_are_those_of_the_objective(subjects, small_presets):
    def terms(subject):
        return [line[0] for line in training_flow(subject).block("objective").lines]

    assert terms(subjects["small reference"])[:4] == ["trace", "latencies", "amplitudes", "KL"]
    assert "which waves are marked" in terms(subjects["small default"])
    with_static = small_presets["reference"].changed(objective={"static_weight": 1.0})
    assert "conditions from z" in terms(Subject.of_preset(with_static))


def test_a_preset_shows_its_settings_and_no_state(subjects):
    diagram = training_flow(subjects["reference"])
    assert set(states(diagram).values()) == {None}
    words = diagram.alt
    for setting in (
        "× 0.5 every 30 epochs",
        "Adam, learning rate 0.0001",
        "β (0 → 0.005)",
        "70 / 15 / 15 %",
        "Fmp > 1",
    ):
        assert setting in words
    leaky = subjects["reference"].preset.changed(preparation={"split": "recording (leaky)"})
    assert "leaky" in training_flow(Subject.of_preset(leaky)).caption


def test_a_folder_that_is_damaged_or_gone(run, tmp_path):
    (run.folder / "status.json").write_text("{")
    (run.folder / "metrics.jsonl").write_text('{"kind": "epoch", "epo')
    assert Progress.of_run(run).state in ("not started", "crashed")
    (run.folder / "config.yaml").write_text("label: [")
    progress = Progress.of_run(run)
    assert progress.cohort == ""
    assert progress.epochs is None
