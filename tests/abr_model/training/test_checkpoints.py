from __future__ import annotations

import errno
import os
import time

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from abr_model.errors import InputError
from abr_model.runs.run import Run, without_abandoned
from abr_model.training import checkpoints
from abr_model.training.checkpoints import checkpoint_names, rewind
from abr_model.training.fit import fit


def saved(run: Run, name: str) -> dict:
    return torch.load(run.folder / "checkpoints" / f"{name}.ckpt", weights_only=True)


def stopped_at(run: Run, step: int) -> Run:
    def on_event(event):
        if event.get("row", {}).get("step") == step and not run.stop_requested:
            run.request_stop()
            time.sleep(0.25)

    fit(run, on_event)
    assert (run.state, run.status["step"]) == ("stopped", step)
    return run


@pytest.fixture(scope="module")
def straight(small_presets, cohort_file, tmp_path_factory):
    """Four epochs without a stop; a checkpoint after each."""
    root = tmp_path_factory.mktemp("straight")
    run = Run.create(root, small_presets["default"], cohort_file, epochs=4, checkpoint_every=1)
    fit(run)
    return run


@pytest.fixture
def stopped(straight, cohort_file, tmp_path):
    """The same, stopped within its fourth epoch."""
    run = Run.create(tmp_path, straight.preset, cohort_file, checkpoint_every=1)
    return stopped_at(run, 3 * straight.status["steps_per_epoch"] + 2)


def test_a_checkpoint_is_kept_every_few_epochs(small_presets, cohort_file, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "KEPT", 2)
    preset = small_presets["reference"]
    run = Run.create(tmp_path, preset, cohort_file, epochs=7, checkpoint_every=2)
    fit(run)
    assert checkpoint_names(run) == ["best", "last", "epoch-4", "epoch-6"], "of three the last two"
    assert saved(run, "epoch-4")["epoch"] == 3
    none = Run.create(tmp_path, preset, cohort_file, epochs=1, checkpoint_every=0)
    fit(none)
    assert checkpoint_names(none) == ["best", "last"]


@pytest.mark.parametrize("name", ["epoch-2", "best", "last"])
def test_training_goes_on_from_any_checkpoint_to_the_same_end(name, straight, stopped):
    per_epoch = straight.status["steps_per_epoch"]
    step = saved(stopped, name)["global_step"]
    model = fit(stopped, checkpoint=name)
    assert stopped.state == "finished"
    assert model.model_id == straight.status["model_id"], "bit for bit"
    rows = stopped.metrics()[0]
    assert [row["step"] for row in rows if row["kind"] == "resumed"] == [step]
    assert step == {"epoch-2": 2 * per_epoch, "best": 3 * per_epoch, "last": 3 * per_epoch + 2}[name]
    kept = [(row["kind"], row["step"], row.get("train_loss")) for row in without_abandoned(rows)]
    whole = [(row["kind"], row["step"], row.get("train_loss")) for row in straight.metrics()[0]]
    assert [row for row in kept if row[0] == "step"] == [row for row in whole if row[0] == "step"]
    assert [row[:2] for row in kept] == [row[:2] for row in whole]
    assert len(rows) == len(whole) + 1 + (3 * per_epoch + 2 - step) + (name == "epoch-2"), "nothing was taken away"


def test_going_back_gives_up_what_came_later(stopped):
    assert checkpoint_names(stopped) == ["best", "last", "epoch-1", "epoch-2", "epoch-3"]
    assert saved(stopped, "best")["epoch"] == 2, "the third epoch was the best"
    third = saved(stopped, "epoch-3")
    assert rewind(stopped, "epoch-2") == 2
    assert checkpoint_names(stopped) == ["best", "last", "epoch-1", "epoch-2"]
    assert stopped.status["epochs_done"] == 2
    for name in ("best", "last"):
        assert saved(stopped, name)["global_step"] == saved(stopped, "epoch-2")["global_step"] < third["global_step"]
    model = fit(stopped, lambda event: stopped.request_stop() if "row" in event else None)
    assert model.provenance.best_epoch == 1, "not that of an epoch that was given up"
    weights = saved(stopped, "epoch-2")["state_dict"]["network.latency.weight"]
    assert torch.equal(model.network.latency.weight, weights)


def test_going_back_to_before_the_best_makes_the_next_better_one_the_best(stopped, straight):
    """Also where an epoch before it was better: the weights of that one are gone, so no other must fail against it."""
    path = stopped.folder / "checkpoints" / "epoch-2.ckpt"
    checkpoint = saved(stopped, "epoch-2")
    (state,) = (s for key, s in checkpoint["callbacks"].items() if key.startswith("ModelCheckpoint"))
    out_of_reach = torch.tensor(-1e9)
    state["best_model_score"] = state["kth_value"] = out_of_reach
    state["best_k_models"] = {state["best_model_path"]: out_of_reach}
    torch.save(checkpoint, path)
    rewind(stopped, "epoch-2")
    (state,) = (s for key, s in saved(stopped, "best")["callbacks"].items() if key.startswith("ModelCheckpoint"))
    rows = [row for row in straight.metrics()[0] if row["kind"] == "epoch"]
    assert float(state["best_model_score"]) == pytest.approx(rows[1]["validation_loss_final_beta"])
    assert fit(stopped).provenance.best_epoch == straight.status["best_epoch"] == 3


def test_a_checkpoint_that_is_not_there_is_refused_and_those_that_are_named(stopped):
    for name in ("epoch-9", "../last", "", "nonsense"):
        with pytest.raises(InputError, match="best, last, epoch-1, epoch-2, epoch-3"):
            rewind(stopped, name)
    (stopped.folder / "checkpoints" / "epoch-2.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"damaged"):
        rewind(stopped, "epoch-2")
    assert checkpoint_names(stopped) == ["best", "last", "epoch-1", "epoch-2", "epoch-3"]


def test_the_last_epoch_is_kept_also_where_it_is_no_better(small_presets, cohort_file, tmp_path, monkeypatch):
    """A training that is killed after many epochs without a better one loses none of them."""
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, checkpoint_every=0)
    first_is_best(run, monkeypatch)
    kept = []

    def on_event(event):
        if event.get("row", {}).get("kind") == "step" and run.last_checkpoint.is_file():
            kept.append((event["row"]["epoch"], saved(run, "last")["epoch"]))

    fit(run, on_event)
    assert set(kept) == {(1, 0), (2, 1)}, "in each epoch the one before is on the disk"
    assert [saved(run, name)["epoch"] for name in ("best", "last")] == [0, 2]


def first_is_best(run: Run, monkeypatch) -> None:
    def is_better(callback, trainer, current=None):
        return not (run.folder / "checkpoints" / "best.ckpt").exists()

    monkeypatch.setattr(ModelCheckpoint, "check_monitor_top_k", is_better)


def test_a_checkpoint_that_cannot_be_written_to_its_end_leaves_the_one_before_whole(
    small_presets, cohort_file, tmp_path, monkeypatch
):
    """The fourth: ``last`` of the third epoch; the first epoch wrote two."""
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, checkpoint_every=0)
    first_is_best(run, monkeypatch)
    written = []

    def disk_that_becomes_full(descriptor):
        written.append(descriptor)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_that_becomes_full)
    with pytest.raises(InputError, match="disk is full"):
        fit(run)
    assert (run.state, run.resumable) == ("failed", True)
    assert [saved(run, name)["epoch"] for name in ("best", "last")] == [0, 1], "both are whole"
    assert sorted(path.name for path in run.last_checkpoint.parent.iterdir()) == ["best.ckpt", "last.ckpt"]
    fit(run)
    assert run.state == "finished"
    epochs = [row["epoch"] for row in without_abandoned(run.metrics()[0]) if row["kind"] == "epoch"]
    assert epochs == [0, 1, 2]
