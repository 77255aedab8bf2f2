from __future__ import annotations

import shutil

import pytest
import torch

from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel
from abr_model.runs.run import Run, list_runs
from abr_model.training.fit import fit
from abr_model.training.parts import parts_of
from abr_model.training.start import START_FILE, Start

LOUD = CohortFilter().with_range("intensity_db_nhl", 55)


@pytest.fixture(scope="module")
def source(small_presets, cohort_file, tmp_path_factory):
    """A run of the small default preset with a model."""
    preset = small_presets["default"].changed(objective={"noise_from": "residuals"})
    run = Run.create(tmp_path_factory.mktemp("source"), preset, cohort_file, checkpoint_every=1)
    fit(run)
    return run


def test_a_new_run_starts_where_the_model_is(source, cohort_file, tmp_path):
    """Other recordings, the same numbers: the source's scaling, so that µV and ms mean the same to the network."""
    folder = shutil.copytree(source.model_folder, tmp_path / "brought")
    start = Start.from_model(folder)
    model = TrainedModel.load(folder)
    preset = start.fine_tuning_preset().changed(training={"learning_rate": 1e-7})
    assert preset.objective.beta_points == ((0, 1.0),)
    run = Run.create(tmp_path / "runs", preset, cohort_file, epochs=1, filter=LOUD, start=start)
    shutil.rmtree(folder)
    tuned = fit(run)
    assert tuned.scaling == model.scaling
    assert parts_of(run.config, run.folder).train.table["intensity_db_nhl"].min() >= 55
    for name, weights in model.network.state_dict().items():
        torch.testing.assert_close(tuned.network.state_dict()[name], weights, atol=1e-5, rtol=0)
    assert run.config.start.words == f"model {model.model_id}"
    assert f"--from model-{model.model_id}" in tuned.provenance.command
    first = run.metrics()[0][0]
    assert (first["step"], first["beta"]) == (1, 1.0)
    # The noise's colour is known before the first step: its loss is that of the trained network.
    assert first["train_waveform"] < -100


def test_a_new_run_starts_where_a_checkpoint_is(source, cohort_file, tmp_path):
    start = Start.from_checkpoint(source, "epoch-1")
    checkpoint = torch.load(source.folder / "checkpoints" / "epoch-1.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(start.weights["latency.weight"], checkpoint["network.latency.weight"])
    assert start.scaling == TrainedModel.load(source.model_folder).scaling
    run = Run.create(tmp_path, source.preset, cohort_file, epochs=1, start=start)
    assert f"--from {source.id} --checkpoint epoch-1" in run.config.command
    fit(run)
    assert run.state == "finished"


def test_a_stopped_fine_tuning_goes_on_from_its_own_checkpoint(source, cohort_file, tmp_path):
    start = Start.from_model(source.model_folder)
    straight, run = (Run.create(tmp_path, source.preset, cohort_file, start=start) for _ in range(2))
    expected = fit(straight)
    fit(run, lambda event: run.request_stop() if event.get("row", {}).get("step") == 4 else None)
    assert run.state == "stopped"
    assert fit(run).model_id == expected.model_id


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": {"width": 32}}, "another shape"),
        ({"network": {"layers": 2}}, "another shape"),
        ({"network": {"latent": 5}}, "another shape"),
        ({"scaling": {"age": "linear"}}, "scales the age"),
        ({"scaling": {"waveform": "per_sample"}}, "scales the waveform"),
        ({"preparation": {"sampling_rate_hz": 8000}}, "sampling rate"),
    ],
    ids=str,
)
def test_weights_that_do_not_fit_are_refused_before_a_run_is_made(changes, said, source, cohort_file, tmp_path):
    start = Start.from_model(source.model_folder)
    with pytest.raises(InputError, match=said):
        Run.create(tmp_path / "runs", source.preset.changed(**changes), cohort_file, start=start)
    assert list_runs(tmp_path / "runs") == []


def test_another_network_is_refused(source, small_presets, cohort_file, tmp_path):
    same_scaling = small_presets["reference"].changed(scaling={"age": "log", "waveform": "global"})
    with pytest.raises(InputError, match="another shape"):
        Run.create(tmp_path, same_scaling, cohort_file, start=Start.from_model(source.model_folder))


def test_recordings_of_another_rate_are_refused_when_they_are_known(source, cohort_file, tmp_path):
    keep = source.preset.changed(preparation={"sampling_rate_hz": None})
    run = Run.create(tmp_path, keep, cohort_file, start=Start.from_model(source.model_folder))
    with pytest.raises(InputError, match="sampled in another way"):
        fit(run)
    assert run.state == "failed"


def test_weights_that_were_changed_are_refused(source, cohort_file, tmp_path):
    run = Run.create(tmp_path, source.preset, cohort_file, start=Start.from_model(source.model_folder))
    path = run.folder / START_FILE
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="were changed"):
        fit(run)
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        fit(run)


def test_a_checkpoint_without_its_scaling_is_refused(source, tmp_path):
    run = Run(shutil.copytree(source.folder, tmp_path / source.id))
    checkpoint = torch.load(run.last_checkpoint, weights_only=True)
    del checkpoint["abr"]
    torch.save(checkpoint, run.last_checkpoint)
    with pytest.raises(InputError, match="earlier version"):
        Start.from_checkpoint(run, "last")
    with pytest.raises(InputError, match="no such checkpoint"):
        Start.from_checkpoint(run, "epoch-77")
