"""Previews while training: what they show, that they change nothing, that they cannot end a training."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import torch
from torch import nn

from abr_model.model import TrainedModel
from abr_model.network import build_network
from abr_model.network.outputs import Decoded
from abr_model.preparation import model_inputs
from abr_model.runs.previews import Previews
from abr_model.runs.run import Run
from abr_model.sampler import build_sampler
from abr_model.training.fit import fit
from abr_model.training.parts import parts_of, prepare_parts
from abr_model.training.previews import PreviewMaker


@pytest.fixture(scope="module", params=["reference", "default"])
def made(request, small_presets, small_cohort):
    """A preset, its parts and an untrained network of it."""
    preset = small_presets[request.param]
    parts = prepare_parts(small_cohort, preset)
    torch.manual_seed(0)
    return preset, parts, build_network(preset.network), model_inputs(parts.train, parts.scaling)


class Peak(nn.Module):
    """A network whose response is one peak, at a latency that falls with the level; ``height`` 0: a flat line."""

    latent = 2

    def __init__(self, scaling, time_ms, height=1.0):
        super().__init__()
        self.scaling, self.height = scaling, nn.Parameter(torch.tensor(height))
        self.register_buffer("time_ms", torch.as_tensor(time_ms, dtype=torch.float32))

    def latency(self, static):
        level = static[:, 1] * self.scaling.condition_sd[1] + self.scaling.condition_mean[1]
        return 9.0 - 0.035 * level

    def decode(self, z, static):
        peak = torch.exp(-0.5 * ((self.time_ms - self.latency(static)[:, None]) / 0.4) ** 2)
        nothing = torch.zeros(len(z), 3)
        return Decoded(self.height * peak, nothing, nothing)


# --- what they show


def test_wave_v_is_picked_where_the_mean_response_has_it(small_presets, small_cohort):
    preset = small_presets["reference"]
    parts = prepare_parts(small_cohort, preset)
    maker = PreviewMaker(parts, preset)
    assert len(maker.held_out.levels) >= 3
    # One gain for all samples: the mean over ages stays the mean of equal peaks.
    network = Peak(parts.scaling, parts.train.time_ms)
    maker.scaling = parts.scaling.model_copy(update={"waveform_mean_uv": (0.0,), "waveform_sd_uv": (1.0,)})
    preview = maker.of_network(network, model_inputs(parts.train, parts.scaling), 1)
    levels = [group["intensity_db_nhl"].mean() for group in _at_levels(maker, parts)]
    expected = 9.0 - 0.035 * np.array(levels)
    np.testing.assert_allclose(preview.latency_ms, expected, atol=0.2)
    assert np.all(np.diff(preview.latency_ms) < 0), "louder is earlier"
    flat = maker.of_network(Peak(parts.scaling, parts.train.time_ms, 0.0), model_inputs(parts.train, parts.scaling), 1)
    assert np.isnan(flat.latency_ms).all(), "no peak is no latency"


def _at_levels(maker, parts):
    rows = maker.fixed.rows[len(maker.held_out.conditions) :]
    return [parts.validation.table.iloc[group] for group in rows]


def test_the_held_out_latencies_have_no_part_in_picking(small_presets, small_cohort):
    """Where wave V is looked for comes from training recordings: otherwise it would be found where it ought to be."""
    import dataclasses

    preset = small_presets["reference"]
    parts = prepare_parts(small_cohort, preset)
    table = parts.validation.table.assign(latency_V_ms=parts.validation.table["latency_V_ms"] + 3)
    moved = dataclasses.replace(parts, validation=dataclasses.replace(parts.validation, table=table, _checked=True))
    np.testing.assert_array_equal(PreviewMaker(moved, preset).expected_ms, PreviewMaker(parts, preset).expected_ms)


def test_z_is_lent_by_training_recordings_near_in_condition(small_presets, small_cohort):
    preset = small_presets["default"]
    parts = prepare_parts(small_cohort, preset)
    maker = PreviewMaker(parts, preset)
    wanted = parts.validation.table.iloc[maker.fixed.rows.ravel()].reset_index(drop=True)
    lent = parts.train.table.iloc[maker.nearest].reset_index(drop=True)
    assert (wanted["hearing_loss"] == lent["hearing_loss"]).all()
    off = (wanted["intensity_db_nhl"] - lent["intensity_db_nhl"]).abs()
    shuffled = (wanted["intensity_db_nhl"] - lent["intensity_db_nhl"].sample(frac=1, random_state=0).to_numpy()).abs()
    assert off.mean() < 0.5 * shuffled.mean()


def test_where_z_comes_from_is_said(made):
    preset, parts, network, inputs = made
    maker = PreviewMaker(parts, preset)
    preview = maker.of_network(network, inputs, 4)
    assert (preview.epoch, preview.with_noise) == (4, False)
    assert preview.drawn_from == {"reference": "prior", "default": "posteriors"}[preset.name]
    sampler = build_sampler(preset.sampler, network.latent, network.samples).eval()
    sampler.bind(network)
    final = maker.of_sampler(network, sampler, 4)
    assert (final.drawn_from, final.with_noise) == ("sampler", preset.name == "default")
    assert final.mean.shape == preview.mean.shape == (len(maker.held_out.conditions), 80)


def test_another_network_gives_another_preview_and_the_same_one_the_same(made):
    preset, parts, network, inputs = made
    maker = PreviewMaker(parts, preset)
    first, again = (maker.of_network(network, inputs, 1) for _ in range(2))
    np.testing.assert_array_equal(first.mean, again.mean)
    with torch.no_grad():
        torch.manual_seed(5)
        other = build_network(preset.network)
    assert not np.allclose(maker.of_network(other, inputs, 1).mean, first.mean, atol=1e-4)


def test_neither_random_numbers_nor_the_network_change(made):
    preset, parts, network, inputs = made
    maker = PreviewMaker(parts, preset)
    sampler = build_sampler(preset.sampler, network.latent, network.samples).eval()
    sampler.bind(network)
    for training in (True, False):
        network.train(training)
        weights = {name: value.clone() for name, value in network.state_dict().items()}
        state = torch.get_rng_state()
        maker.of_network(network, inputs, 1)
        maker.of_sampler(network, sampler, 1)
        assert torch.equal(torch.get_rng_state(), state)
        assert network.training is training
        assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


# --- in a training


def test_a_run_has_previews_of_its_first_last_and_every_few_epochs_and_of_its_sampler(finished_run):
    previews = Previews(finished_run.folder)
    assert finished_run.config.preview_every == 2
    assert previews.epochs == [1, 2, 3]
    assert previews.of_sampler.epoch == finished_run.status["best_epoch"] + 1
    parts = parts_of(finished_run.config, finished_run.folder)
    maker = PreviewMaker(parts, finished_run.preset)
    assert previews.held_out.conditions == maker.held_out.conditions != ()
    model = TrainedModel.load(finished_run.model_folder)
    np.testing.assert_array_equal(
        previews.of_sampler.mean, maker.of_sampler(model.network, model.sampler, 3).mean, "the saved model's draws"
    )
    assert not np.allclose(previews.read(1).mean, previews.read(3).mean, atol=1e-4)


def test_training_is_the_same_bit_for_bit_with_and_without_previews(finished_run, small_presets, cohort_file, tmp_path):
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, preview_every=0)
    fit(run)
    assert run.status["model_id"] == finished_run.status["model_id"]
    assert not (run.folder / "previews").exists()


@pytest.mark.parametrize("problem", ["full disk", "defect"])
def test_a_preview_that_fails_ends_no_training(problem, small_presets, cohort_file, tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device") if problem == "full disk" else RuntimeError("shapes")

    if problem == "full disk":
        monkeypatch.setattr(Previews, "_write", fails)
    else:
        monkeypatch.setattr(PreviewMaker, "_preview", fails)
    run = Run.create(tmp_path, small_presets["default"], cohort_file, epochs=1)
    fit(run)
    assert (run.state, run.has_model) == ("finished", True)
    assert Previews(run.folder).epochs == []
    expected = "could not be written: No space left" if problem == "full disk" else "could not be made"
    assert expected in run.log_tail(200)


def test_a_run_that_goes_back_forgets_previews_of_what_is_trained_again(small_presets, cohort_file, tmp_path):
    preset = small_presets["default"]
    run = Run.create(tmp_path, preset, cohort_file, epochs=3, preview_every=1, checkpoint_every=1)
    kept = {}

    def on_event(event):
        row = event.get("row", {})
        if row.get("kind") == "epoch" and row["epoch"] == 2:
            kept.update({epoch: Previews(run.folder).read(epoch).mean for epoch in Previews(run.folder).epochs})
            run.request_stop(at_once=True)

    fit(run, on_event)
    assert (run.state, sorted(kept)) == ("stopped", [1, 2])
    seen = []

    def look(event):
        if event.get("row", {}).get("kind") == "step" and not seen:
            seen.append(Previews(run.folder).epochs)

    fit(run, look, checkpoint="epoch-1")
    assert seen == [[1]]
    previews = Previews(run.folder)
    assert previews.epochs == [1, 2, 3]
    np.testing.assert_array_equal(previews.read(2).mean, kept[2], "the same, bit for bit")
