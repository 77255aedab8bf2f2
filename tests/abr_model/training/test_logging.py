"""What is logged every epoch, and what happens when a training is stopped a second time."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from abr_model.model import TrainedModel
from abr_model.preparation import model_inputs
from abr_model.runs.alerts import collapse
from abr_model.runs.run import Run
from abr_model.schema import AMPLITUDES, LATENCIES, WAVES
from abr_model.training.figures import held_out_figures
from abr_model.training.fit import fit
from abr_model.training.parts import parts_of
from abr_model.training.tally import Tally


def last_epoch(run: Run) -> dict:
    return [row for row in run.metrics()[0] if row["kind"] == "epoch"][-1]


# --- in their own units


def test_the_last_row_says_what_the_model_does_on_the_validation_part(finished_run):
    """The last epoch of this run is its best one, so its model can be asked."""
    assert finished_run.status["best_epoch"] == 2
    row, model = last_epoch(finished_run), TrainedModel.load(finished_run.model_folder)
    parts = parts_of(finished_run.config, finished_run.folder)
    inputs = model_inputs(parts.validation, parts.scaling)
    figures = held_out_figures(model.network, parts.scaling, parts.validation, inputs, parts.train.waveforms.mean(0))
    names = [f"latency_{w}_mae_ms" for w in WAVES] + [f"amplitude_{w}_mae_uv" for w in WAVES]
    for name in names:  # of the mean of z here, and the mean over a few draws of it there
        assert row[f"validation_{name}"] == pytest.approx(figures[name], rel=0.15), name
    assert row["validation_kl"] == pytest.approx(figures["kl_nats"], rel=1e-4)
    assert row["active_units"] == figures["active_units"]
    # z is drawn here, and its mean taken there.
    assert row["validation_rmse_uv"] == pytest.approx(figures["waveform_rmse_uv"], rel=0.1)


def test_cost_and_schedule_are_in_every_epoch_row(finished_run):
    for row in (row for row in finished_run.metrics()[0] if row["kind"] == "epoch"):
        assert row["recordings_per_second"] > 0
        assert row["processor_seconds"] > 0
        assert row["gradient_norm"] > 0
        assert row["learning_rate"] == 0.003
        assert len(row["kl_per_latent"]) == 4
        assert 0 <= row["active_units"] <= 4
    per_epoch = finished_run.status["steps_per_epoch"]
    steps = [row for row in finished_run.metrics()[0] if row["kind"] == "step"][-per_epoch:]
    assert last_epoch(finished_run)["gradient_norm"] == pytest.approx(
        np.mean([row["gradient_norm"] for row in steps]), rel=1e-5
    )


def test_a_wave_that_is_never_marked_has_no_error(small_presets, small_cohort, tmp_path):
    table = small_cohort.table.assign(latency_I_ms=np.nan, amplitude_I_uv=np.nan)
    assert {"latency_I_ms", "amplitude_I_uv"} <= {c.name for c in (*LATENCIES, *AMPLITUDES)}
    cohort = type(small_cohort)(small_cohort.waveforms, table, small_cohort.sampling, small_cohort.provenance)
    run = Run.create(tmp_path, small_presets["default"], cohort.write(tmp_path / "clinic.parquet"), epochs=1)
    fit(run)
    row = last_epoch(run)
    assert row["validation_latency_I_mae_ms"] is None and row["validation_amplitude_I_mae_uv"] is None
    assert row["validation_latency_V_mae_ms"] > 0


def test_means_are_weighted_and_summed_over_processes():
    tally = Tally()
    tally.add_means({"loss": torch.tensor(1.0)}, 30)
    tally.add_means({"loss": torch.tensor(4.0)}, 10)
    tally.add("error", torch.tensor([6.0, 0.0]), torch.tensor([3.0, 0.0]))
    means = tally.means()
    assert float(means["loss"]) == 1.75
    assert float(means["error"][0]) == 2.0 and means["error"][1].isnan()
    assert tally.counted("loss") == 40
    # Of another process: loss 2 over 60 recordings, errors of 1 and 4 over one label each.
    together = tally.means(lambda flat: flat + torch.tensor([120.0, 60.0, 1.0, 4.0, 1.0, 1.0]))
    assert float(together["loss"]) == 1.9
    assert together["error"].tolist() == [1.75, 4.0]


# --- posterior collapse


def test_a_collapsed_posterior_is_reported(small_presets, cohort_file, tmp_path):
    preset = small_presets["reference"].changed(objective={"beta_points": [[0, 1000.0]]})
    run = Run.create(tmp_path, preset, cohort_file, epochs=6)
    fit(run)
    assert last_epoch(run)["active_units"] == 0
    assert run.status["active_units"] == 0 and run.status["latent_units"] == 4
    assert "0 of 4 latent units are in use (posterior collapse)" in run.status["warning"]
    assert run.log_tail(200).count("posterior collapse") == 1, "said once, not in every epoch"


def test_enough_active_units_are_no_collapse(finished_run):
    assert finished_run.status["warning"] is None
    assert [collapse(n, 32) is None for n in (0, 3, 4, 32)] == [False, False, True, True]
    assert [collapse(n, 4) is None for n in (0, 1)] == [False, True]


# --- a second stop


def stopping_twice(run: Run, again):
    """Asks to stop in the fourth step, and a second time at the first event for which ``again`` is true."""

    def on_event(event):
        if event.get("row", {}).get("step") == 4 and not run.stop_requested:
            run.request_stop()
        if run.stop_requested and again(event):
            run.request_stop(at_once=True)

    return on_event


def test_a_second_stop_leaves_the_sampler_out(small_presets, cohort_file, tmp_path):
    expected = fit(Run.create(tmp_path, small_presets["default"], cohort_file))
    run = Run.create(tmp_path, small_presets["default"].changed(sampler={"training_steps": 100_000}), cohort_file)
    messages = []

    def on_event(event):
        stopping_twice(run, lambda event: "done" in event)(event)  # within the fit
        messages.append(run.status.get("message"))

    assert fit(run, on_event) is None
    assert (run.state, run.has_model, run.resumable) == ("stopped", False, True)
    assert "no model was made" in run.message
    assert any("stop a second time to do without a model" in str(message) for message in messages)
    # It goes on where it stopped.
    config = run.folder / "config.yaml"
    config.write_text(config.read_text().replace("training_steps: 100000", "training_steps: 20"))
    assert fit(run).model_id == expected.model_id


def test_a_second_stop_before_the_sampler_counts_too(small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["default"], cohort_file)
    seen = []

    def on_event(event):
        seen.append(event)
        stopping_twice(run, lambda event: event["stage"] == "training")(event)

    assert fit(run, on_event) is None
    assert not any("done" in event for event in seen), "not a step of the sampler's fit"
    assert run.state == "stopped"


def test_status_stays_json_when_no_value_is_a_number(finished_run):
    json.loads((finished_run.folder / "status.json").read_text(), parse_constant=pytest.fail)
