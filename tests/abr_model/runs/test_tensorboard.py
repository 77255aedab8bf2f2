"""TensorBoard reads a run folder as it is: what it finds there is what ``metrics.jsonl`` says."""

from __future__ import annotations

import pytest

from abr_model.runs.run import Run, without_abandoned
from abr_model.training.fit import fit


def scalars(run: Run) -> dict[str, dict[int, float]]:
    """Tag → step → value, as TensorBoard's own reader gives them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run.folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in events.Tags()["scalars"]}


def rows(run: Run, kind: str) -> list[dict]:
    return [row for row in without_abandoned(run.metrics()[0]) if row["kind"] == kind]


def test_every_value_of_the_metrics_is_in_the_event_files(finished_run):
    found = scalars(finished_run)
    epochs, steps = rows(finished_run, "epoch"), rows(finished_run, "step")
    assert len(epochs) == 3 and len(steps) > 10
    compared = 0
    for row in steps:
        for name in (n for n in row if n.startswith("train_") or n == "gradient_norm"):
            # Lightning counts a step's values from 0, and a row of the metrics from 1.
            assert found[f"{name}_step"][row["step"] - 1] == pytest.approx(row[name], rel=1e-5), (name, row["step"])
            compared += 1
    for row in epochs:
        for name, value in row.items():
            if name in ("kind", "epoch", "step", "minutes", "kl_per_latent") or value is None:
                continue
            tag = f"{name}_epoch" if name.startswith("train_") or name == "gradient_norm" else name
            assert found[tag][row["step"] - 1] == pytest.approx(value, rel=1e-5), (tag, row["epoch"])
            compared += 1
    assert compared > 100


def test_a_resumed_run_is_one_curve(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"].changed(training={"epochs": 2}), cohort_file)

    def stop_after_the_first_epoch(event):
        if event.get("row", {}).get("kind") == "epoch" and run.status.get("epochs_done", 0) < 1:
            run.request_stop()

    fit(run, stop_after_the_first_epoch)
    assert run.state == "stopped"
    run.clear_stop()
    fit(run)
    assert run.state == "finished"
    found = scalars(run)
    epochs = rows(run, "epoch")
    assert [row["epoch"] for row in epochs] == [0, 1]
    assert sorted(found["validation_loss"]) == [row["step"] - 1 for row in epochs]
    for row in epochs:
        assert found["validation_loss"][row["step"] - 1] == pytest.approx(row["validation_loss"], rel=1e-5)
