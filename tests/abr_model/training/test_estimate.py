from __future__ import annotations

import dataclasses
import re
import time

import psutil
import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs.machine import Machine
from abr_model.training import available_memory, measuring
from abr_model.training import estimate as estimating
from abr_model.training import module as training_module
from abr_model.training import network_cost as networks
from abr_model.training.estimate import (
    PROGRAM_BYTES,
    Costs,
    cost_key,
    duration_in_words,
    estimate,
    size_in_words,
)
from abr_model.training.network_cost import NetworkCost, network_cost
from abr_model.training.sampler_cost import SamplerCost, sampler_cost

NETWORK = NetworkCost(1e6, 0.0, 2e5, 1e4, 0.1, 1e-4)
SAMPLER = SamplerCost(1e6, 1e6, 0.01, 0.0, 0.0)
COSTS = Costs(NETWORK, NETWORK, SAMPLER)
GB = 10**9


@pytest.fixture
def free(monkeypatch):
    """Sets the free memory."""

    def set_to(size: int) -> None:
        monkeypatch.setattr(available_memory, "available_memory", lambda: size)

    set_to(8 * GB)
    return set_to


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """What is tried here is small: a few hundredths of a second say enough."""
    for module in (measuring, networks):
        monkeypatch.setattr(module, "SECONDS", 0.02)


def told(recordings=10_000, costs=COSTS, machine=None, threads=1, **training):
    preset = load_preset("default").changed(training={"epochs": 10, "batch_size": 100} | training)
    return estimate(preset, recordings, threads, machine or Machine(accelerator="cpu"), costs)


# --- added up ----------------------------------------------------------------------------------------------------


def test_seconds_are_those_of_steps_validation_and_sampler(free):
    found = told()
    validation = 2 * 1500 * 1e-4
    assert found.seconds_per_epoch == pytest.approx(70 * 0.1 + validation + estimating.EPOCH_SECONDS)
    assert found.sampler_seconds == pytest.approx(4000 * 0.01 + 4 * 7000 * 1e-4)
    rest = found.seconds - 10 * found.seconds_per_epoch - found.sampler_seconds
    assert estimating.START_SECONDS < rest < estimating.START_SECONDS + 10


def test_more_epochs_and_recordings_take_longer_and_more_processes_less(free):
    assert told(epochs=20).seconds - told(epochs=10).seconds == pytest.approx(10 * told().seconds_per_epoch)
    assert told(20_000).seconds_per_epoch > 1.9 * told().seconds_per_epoch
    several = told(machine=Machine(accelerator="cpu", devices=2), costs=COSTS)
    if (psutil.cpu_count() or 1) >= 2:
        assert several.seconds_per_epoch < 0.6 * told().seconds_per_epoch
    assert several.memory_bytes > told().memory_bytes + PROGRAM_BYTES / 2
    crowded = told(machine=Machine(accelerator="cpu", devices=64), threads=64)
    assert crowded.seconds_per_epoch > told().seconds_per_epoch  # 64 × 64 threads have to share the processors


def test_a_batch_larger_than_the_training_part_is_one_step_of_what_there_is(free):
    found = told(100, batch_size=8192)
    assert found.seconds_per_epoch == pytest.approx(0.1 + 2 * 15 * 1e-4 + estimating.EPOCH_SECONDS)
    assert found.memory_bytes < told(100_000, batch_size=8192).memory_bytes - 8000 * 2e5


def test_memory_is_compared_with_what_is_free(free):
    small, large = told(), told(100_000, batch_size=8192)
    assert small.fits and small.available_bytes == 8 * GB
    assert PROGRAM_BYTES < small.memory_bytes < PROGRAM_BYTES + 3 * 10**8
    assert large.memory_bytes > 8192 * 2e5 * 1.2
    free(2 * GB)
    assert not told(100_000, batch_size=8192).fits
    assert "will not fit" in told(100_000, batch_size=8192).words
    assert "2.0 GB are free" in told().words and "will not fit" not in told().words


def test_of_many_recordings_the_residuals_of_the_sampler_need_most(free):
    without = told(200_000, costs=dataclasses.replace(COSTS, sampler=None))
    assert told(200_000).memory_bytes > without.memory_bytes + 140_000 * 4 * 200 * 4 * 5


def test_words_say_time_and_memory(free):
    expected = r"About 2 min in all: 10 epochs of 7\.7 s, then 43 s for the sampler\. Needs about 0\.\d GB of memory"
    assert re.match(expected, told().words)
    durations = [duration_in_words(s) for s in (0.42, 12.3, 240, 9000, 10**6)]
    assert durations == ["0.4 s", "12 s", "4 min", "2.5 h", "12 days"]
    assert [size_in_words(s) for s in (85 * 10**6, 7 * 10**8, 12.4 * GB)] == ["85 MB", "0.7 GB", "12 GB"]


def test_what_is_tried_again_depends_on_what_costs():
    preset = load_preset("default")
    key = cost_key(preset, 10_000)
    same = preset.changed(training={"learning_rate": 0.05, "epochs": 3, "seed": 9}, sampler={"training_steps": 5})
    assert cost_key(same, 20_000) == key
    for changes in (
        {"training": {"batch_size": 64}},
        {"training": {"precision": "bf16"}},
        {"network": {"width": 32}},
        {"sampler": {"hidden": 64}},
    ):
        assert cost_key(preset.changed(**changes), 10_000) != key
    assert cost_key(preset, 100) != key  # the batch is smaller


def test_a_gpu_that_is_not_there_is_said(free):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match="--accelerator"):
        told(machine=Machine(accelerator="cuda"))


# --- measured ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default", "reference"])
def test_what_a_batch_keeps_is_told_from_a_few_recordings(small_presets, name):
    preset = small_presets[name]
    cost = network_cost(preset, 32, "cpu")
    module = networks._Quiet(
        preset,
        networks._unscaled(preset),
        networks.Sampling(rate_hz=15000.0, start_ms=0.0),
        *([measuring.random_recordings(1, preset)] * 2),
    ).train()
    really = sum(measuring.kept(lambda: module.training_step(measuring.random_recordings(300, preset), 0), module))
    assert cost.step_bytes(300) == pytest.approx(really, rel=0.05)
    assert 0 < cost.passing_bytes < cost.recording_bytes
    assert cost.weight_bytes == 4 * sum(p.numel() for p in module.network.parameters())
    assert cost.step_seconds > 32 * cost.pass_seconds / 4 > 0


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_deep_network_is_told_from_one_layer_and_two(small_presets, monkeypatch, name):
    preset = small_presets[name].changed(network={"layers": 5})
    direct = network_cost(preset, 4, "cpu")
    monkeypatch.setattr(networks, "LIGHT_BYTES", 0)
    told = network_cost(preset, 4, "cpu")
    for cost in ("weight_bytes", "recording_bytes"):
        assert getattr(told, cost) == pytest.approx(getattr(direct, cost), rel=0.02)


def test_a_deep_sampler_is_told_from_one_block_and_two(small_presets, monkeypatch):
    from abr_model.training import sampler_cost as samplers

    preset = small_presets["default"].changed(sampler={"blocks": 5})
    direct = sampler_cost(preset)
    monkeypatch.setattr(samplers, "LIGHT_BYTES", 0)
    told = sampler_cost(preset)
    assert told.weight_bytes == pytest.approx(direct.weight_bytes, rel=0.01)
    assert told.step_bytes == pytest.approx(direct.step_bytes, rel=0.05)
    assert sampler_cost(small_presets["reference"]) is None


def test_a_network_that_fits_nowhere_is_told_without_being_made(free, monkeypatch):
    layers, batches = [], []
    build, recordings = training_module.build_network, networks.random_recordings
    monkeypatch.setattr(training_module, "build_network", lambda config: layers.append(config.layers) or build(config))
    monkeypatch.setattr(networks, "random_recordings", lambda n, *more: batches.append(n) or recordings(n, *more))
    preset = load_preset("default").changed(
        network={"width": 512, "layers": 12, "feed_forward": 1024}, training={"batch_size": 8192}
    )
    found = estimate(preset, 30_000, machine=Machine(accelerator="cpu"))
    assert found.memory_bytes > 40 * GB and not found.fits
    assert found.seconds_per_epoch > 60
    assert max(layers) == 2
    assert max(batches) * 40 * GB / 8192 < 2 * GB


def test_what_cannot_even_be_tried_is_refused(monkeypatch, small_presets):
    monkeypatch.setattr(measuring, "available_memory", lambda: 1000)
    with pytest.raises(InputError, match="too large to be tried out"):
        network_cost(small_presets["reference"], 4, "cpu")


def test_trying_out_leaves_threads_and_random_numbers_as_they_were():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    before = torch.get_num_threads()
    with measuring.undisturbed(before + 1):
        assert torch.get_num_threads() == before + 1
        torch.rand(9)
    assert torch.get_num_threads() == before
    assert torch.rand(1) == expected


def test_time_that_others_take_does_not_count():
    assert measuring.once(lambda: time.sleep(0.05)) < 0.02


# --- free memory -------------------------------------------------------------------------------------------------


def test_free_memory_is_that_of_the_container(tmp_path):
    everything = available_memory.available_memory(tmp_path)
    assert everything > 0
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory.available_memory(tmp_path) == pytest.approx(everything, rel=0.2)
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("3000\n")
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 1000\n")
    assert available_memory.available_memory(tmp_path) == 3000


def test_free_memory_of_an_older_container(tmp_path):
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text("5000")
    (folder / "memory.usage_in_bytes").write_text("4000")
    (folder / "memory.stat").write_text("cache 9\ntotal_inactive_file 500\n")
    assert available_memory.available_memory(tmp_path) == 1500
