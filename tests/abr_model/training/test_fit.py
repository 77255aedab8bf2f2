from __future__ import annotations

import itertools
import json
import os
import signal
import time

import numpy as np
import pytest
import torch

from abr_model.errors import InputError
from abr_model.model import TrainedModel
from abr_model.runs.run import Run, list_runs, without_abandoned
from abr_model.training.fit import fit


def without_time(rows):
    return [{name: value for name, value in row.items() if name != "minutes"} for row in rows]


def stop_at(run, step):
    """Asks to stop when the row of this step is written, long enough for the trainer to look."""

    def on_event(event):
        if event.get("row", {}).get("step") == step and not run.stop_requested:
            run.request_stop()
            time.sleep(0.25)

    return on_event


# --- a whole run


def test_a_finished_run_has_its_model_figures_and_counts(finished_run):
    run = finished_run
    assert (run.state, run.status["epochs_done"]) == ("finished", 3)
    assert run.status["steps_per_epoch"] == -(-run.status["recordings"]["train"] // 32)
    model = TrainedModel.load(run.model_folder)
    assert model.model_id == run.status["model_id"]
    assert model.model_id in run.message
    made = model.provenance
    assert (made.kind, made.cohort, made.epochs, made.run) == ("simulated", run.config.cohort, 3, run.id)
    assert made.cohort_digest == run.config.cohort_digest
    assert made.recordings == run.status["recordings"]
    assert 0 < made.figures["waveform_rmse_uv"] < 1
    assert 0 < made.figures["latency_V_mae_ms"] < 5
    assert "Research use only" in (run.model_folder / "card.md").read_text(encoding="utf-8")
    assert "epoch 3 of 3" in run.log_tail()


def test_metrics_rows_hold_every_term(finished_run):
    rows, offset = finished_run.metrics()
    assert offset == (finished_run.folder / "metrics.jsonl").stat().st_size
    steps, epochs = ([row for row in rows if row["kind"] == kind] for kind in ("step", "epoch"))
    per_epoch = finished_run.status["steps_per_epoch"]
    assert [row["step"] for row in epochs] == [per_epoch * n for n in (1, 2, 3)]
    assert [row["epoch"] for row in epochs] == [0, 1, 2]
    assert [row["step"] for row in steps] == list(range(1, 3 * per_epoch + 1))
    terms = {"train_loss", "train_waveform", "train_latency", "train_amplitude", "train_kl", "gradient_norm"}
    assert terms | {"beta", "learning_rate", "minutes"} <= steps[0].keys()
    last = epochs[-1]
    assert terms | {"validation_loss", "validation_kl", "validation_rmse_uv", "active_units"} <= last.keys()
    assert len(last["kl_per_latent"]) == 4
    assert sum(last["kl_per_latent"]) == pytest.approx(last["validation_kl"], rel=1e-3)
    assert epochs[0]["beta"] == 0
    assert last["beta"] == pytest.approx(2 * 0.0001 / 15)
    minutes = [row["minutes"] for row in rows]
    assert minutes == sorted(minutes)


def test_loss_is_what_its_terms_say(finished_run):
    last = [row for row in finished_run.metrics()[0] if row["kind"] == "epoch"][-1]
    terms = last["validation_waveform"] + last["validation_latency"] + last["validation_amplitude"]
    assert last["validation_loss"] == pytest.approx(terms + last["beta"] * last["validation_kl"], rel=1e-5)
    assert last["validation_loss_final_beta"] == pytest.approx(terms + 0.005 * last["validation_kl"], rel=1e-5)


@pytest.mark.parametrize("name", ["reference", "default"])
def test_training_lowers_the_loss(name, small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets[name], cohort_file, epochs=4)
    fit(run)
    epochs = [row for row in run.metrics()[0] if row["kind"] == "epoch"]
    if name == "reference":
        assert epochs[-1]["train_loss"] < 0.9 * epochs[0]["train_loss"]
    else:
        assert epochs[1]["train_loss"] < epochs[0]["train_loss"] - 5
        objective = torch.load(run.last_checkpoint, weights_only=True)["state_dict"]
        assert objective["objective.epochs_seen"] == 4
        assert not torch.equal(objective["objective.eigenvectors"], torch.eye(80))
    assert epochs[-1]["validation_rmse_uv"] < epochs[0]["validation_rmse_uv"]


def test_tensorboard_can_read_the_events(finished_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished_run.folder / "tensorboard"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"train_loss_step", "train_kl_epoch", "validation_loss", "beta", "learning_rate"} <= tags
    written = [row["validation_loss"] for row in finished_run.metrics()[0] if row["kind"] == "epoch"]
    assert [event.value for event in events.Scalars("validation_loss")] == pytest.approx(written)


def test_checkpoints_hold_no_code(finished_run):
    for name in ("best.ckpt", "last.ckpt"):
        checkpoint = torch.load(finished_run.folder / "checkpoints" / name, weights_only=True)
        assert "state_dict" in checkpoint


def test_same_seed_same_weights_other_seed_other_weights(finished_run, small_presets, cohort_file, tmp_path):
    same = fit(Run.create(tmp_path, small_presets["reference"], cohort_file))
    other = fit(Run.create(tmp_path, small_presets["reference"], cohort_file, seed=1))
    assert same.model_id == finished_run.status["model_id"] != other.model_id


def test_labels_under_the_mask_do_not_matter(small_presets, small_cohort, cohort_file):
    """Whatever number stands in place of a missing label, loss and gradient are the same."""
    import dataclasses

    from abr_model.preparation import model_inputs
    from abr_model.training.module import TrainingModule
    from abr_model.training.parts import prepare_parts

    preset = small_presets["default"].changed(network={"label_dropout": 0.0})
    parts = prepare_parts(small_cohort, preset)
    inputs = model_inputs(parts.train, parts.scaling)
    missing = inputs.mask == 0
    other = dataclasses.replace(
        inputs,
        latency=inputs.latency.masked_fill(missing[:, :3], 99.0),
        amplitude=inputs.amplitude.masked_fill(missing[:, 3:], -99.0),
    )
    losses, gradients = [], []
    for batch in (inputs, other):
        torch.manual_seed(0)
        module = TrainingModule(preset, parts.scaling, parts.train.sampling, inputs, inputs)
        torch.manual_seed(1)
        posterior, _, decoded = module.network(module.augmentation(batch))
        loss = module.objective(batch, posterior, decoded, 0.5)["loss"]
        loss.backward()
        losses.append(loss.detach())
        gradients.append(torch.cat([p.grad.flatten() for p in module.network.parameters() if p.grad is not None]))
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*gradients)
    assert missing.any()


# --- early stopping, stop and resume


def test_early_stopping_ends_a_run_that_gets_no_better(small_presets, cohort_file, tmp_path):
    restless = {"epochs": 50, "early_stopping_patience": 1, "learning_rate": 0.01}
    run = Run.create(tmp_path, small_presets["reference"].changed(training=restless), cohort_file)
    fit(run)
    losses = [row["validation_loss_final_beta"] for row in run.metrics()[0] if row["kind"] == "epoch"]
    assert run.state == "finished"
    assert "no better for 1 epoch:" in run.message
    best = int(np.argmin(losses))
    assert run.status["best_epoch"] == best
    assert run.status["epochs_done"] == len(losses) == best + 2 < 50


@pytest.mark.parametrize("name", ["reference", "default"])
@pytest.mark.parametrize("where", ["within an epoch", "at the end of an epoch"])
def test_a_stopped_run_has_a_model_and_resumes_as_if_never_stopped(name, where, small_presets, cohort_file, tmp_path):
    straight = Run.create(tmp_path, small_presets[name], cohort_file)
    expected = fit(straight)
    per_epoch = straight.status["steps_per_epoch"]
    step = per_epoch + 3 if where == "within an epoch" else 2 * per_epoch

    run = Run.create(tmp_path, small_presets[name], cohort_file)
    stopped_model = fit(run, stop_at(run, step))
    assert run.state == "stopped"
    assert "stopped" in run.message
    assert run.status["step"] == step
    assert run.resumable
    assert TrainedModel.load(run.model_folder).model_id == stopped_model.model_id

    resumed = fit(run)
    assert run.state == "finished"
    assert run.status["epochs_done"] == 3
    assert resumed.model_id == expected.model_id, "the same weights, bit for bit"
    rows = without_time(without_abandoned(run.metrics()[0]))
    whole = without_time(straight.metrics()[0])
    assert [(row["kind"], row["step"]) for row in rows] == [(row["kind"], row["step"]) for row in whole]
    assert [row for row in rows if row["kind"] == "step"] == [row for row in whole if row["kind"] == "step"]
    minutes = [row["minutes"] for row in without_abandoned(run.metrics()[0])]
    assert minutes == sorted(minutes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_signal_is_a_graceful_stop(number, small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    before = signal.getsignal(number)
    fit(run, lambda event: os.kill(os.getpid(), number) if event.get("row", {}).get("step") == 5 else None)
    assert (run.state, run.has_model, run.status["step"]) == ("stopped", True, 5)
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_ends_at_once(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)

    def twice(event):
        if event.get("row", {}).get("step") == 5:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(run, twice)
    assert run.state == "stopped"
    assert "interrupted" in run.message


def test_stopped_in_the_first_epoch_there_is_a_model_too(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    model = fit(run, stop_at(run, 4))
    assert (run.state, run.status["epochs_done"]) == ("stopped", 0)
    assert model.provenance.best_epoch is None
    assert TrainedModel.load(run.model_folder).model_id == model.model_id


def test_stopped_before_the_first_batch(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    run.request_stop()
    assert fit(run) is None
    assert (run.state, run.has_model) == ("stopped", False)
    assert fit(run) is not None
    assert run.state == "finished"


# --- what goes wrong


def test_a_finished_run_is_not_trained_again(finished_run):
    with pytest.raises(InputError, match="finished"):
        fit(finished_run)
    assert finished_run.state == "finished"


def test_a_replaced_cohort_is_refused(small_presets, small_cohort, tmp_path):
    path = small_cohort.write(tmp_path / "cohort.parquet")
    run = Run.create(tmp_path / "runs", small_presets["reference"], path)
    small_cohort.take(np.arange(500)).write(path)
    with pytest.raises(InputError, match="replaced"):
        fit(run)
    assert run.state == "failed"
    assert "replaced" in run.message
    assert "replaced" in run.log_tail()
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        fit(run)


def test_a_failed_run_says_which_rule_left_nothing(small_presets, cohort_file, tmp_path):
    preset = small_presets["reference"].changed(preparation={"fmp_above": 1000.0})
    run = Run.create(tmp_path, preset, cohort_file)
    with pytest.raises(InputError):
        fit(run)
    assert (run.state, "Fmp above 1000" in run.message) == ("failed", True)


def test_a_loss_that_is_no_number_fails_with_advice(small_presets, cohort_file, tmp_path, monkeypatch):
    from abr_model.objective import ReferenceObjective

    honest, calls = ReferenceObjective.forward, itertools.count()

    def diverging(self, *arguments):
        terms = honest(self, *arguments)
        return terms | {"loss": terms["loss"] * float("inf")} if next(calls) == 4 else terms

    monkeypatch.setattr(ReferenceObjective, "forward", diverging)
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    with pytest.raises(InputError, match="no longer a number in epoch 1"):
        fit(run)
    assert run.state == "failed"
    assert "learning rate" in run.message


def test_a_full_disk_is_a_failed_run_that_says_so(small_presets, cohort_file, tmp_path, monkeypatch):
    import errno

    import lightning.pytorch as pl

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "last.ckpt"))

    monkeypatch.setattr(pl.Trainer, "save_checkpoint", full)
    run = Run.create(tmp_path, small_presets["reference"], cohort_file)
    with pytest.raises(InputError, match="disk is full"):
        fit(run)
    assert (run.state, run.message) == ("failed", "the disk is full")


def test_a_second_training_is_refused_and_says_which_is_active(small_presets, cohort_file, tmp_path):
    preset = small_presets["reference"]
    first, second = (Run.create(tmp_path, preset, cohort_file, epochs=1) for _ in range(2))
    refused = []

    def meanwhile(event):
        if event["stage"] == "training" and not refused:
            for attempt in (second, first):
                with pytest.raises(InputError) as caught:
                    fit(attempt)
                refused.append(caught.value)

    fit(first, meanwhile)
    assert first.state == "finished"
    assert refused[0].value == first.id
    assert "another training is active" in str(refused[0])
    assert "already" in str(refused[1])
    assert second.state == "failed"
    assert fit(second) is not None, "once the first has ended it can be trained"
    assert len(list_runs(tmp_path)) == 2


def test_parallel_runs_are_possible_when_asked_for(small_presets, cohort_file, tmp_path):
    preset = small_presets["reference"]
    first = Run.create(tmp_path, preset, cohort_file, epochs=1)
    second = Run.create(tmp_path, preset, cohort_file, epochs=1, exclusive=False)
    done = itertools.count()
    fit(first, lambda event: fit(second) if event["stage"] == "training" and next(done) == 0 else None)
    assert (first.state, second.state) == ("finished", "finished")


def test_status_is_json_without_not_a_number(finished_run):
    text = (finished_run.folder / "metrics.jsonl").read_text(encoding="utf-8")
    for line in text.splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_noise_known_before_training_is_in_the_first_checkpoint(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["default"], cohort_file, epochs=1)
    fit(run)
    state = torch.load(run.last_checkpoint, weights_only=True)["state_dict"]
    assert bool(state["objective.noise_known"])
    assert not torch.equal(state["objective.eigenvectors"], torch.eye(80))


def test_one_cycle_raises_the_learning_rate_and_ends_near_zero(small_presets, cohort_file, tmp_path):
    preset = small_presets["default"].changed(training={"schedule": "one cycle", "learning_rate": 0.002})
    run = Run.create(tmp_path, preset, cohort_file, epochs=4)
    fit(run)
    rates = [row["learning_rate"] for row in run.metrics()[0] if row["kind"] == "step"]
    assert rates[0] < 0.5 * max(rates)
    assert max(rates) == pytest.approx(0.002, rel=0.05)
    assert rates[-1] < 0.01 * max(rates)
