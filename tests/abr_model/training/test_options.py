"""Precision, deterministic mode, compilation, and what a machine has."""

from __future__ import annotations

import pytest
import torch

from abr_model.configuration import load_preset, parse_preset
from abr_model.errors import InputError
from abr_model.model import TrainedModel
from abr_model.network.reference import ReferenceNetwork
from abr_model.objective import ReferenceObjective
from abr_model.runs.machine import Machine, machine_of
from abr_model.runs.run import Run
from abr_model.training import compilation
from abr_model.training.compilation import compile_network, uncompiled
from abr_model.training.fit import fit
from abr_model.training.place import place_of


def steps(run: Run) -> list[dict]:
    return [{k: v for k, v in row.items() if k != "minutes"} for row in run.metrics()[0] if row["kind"] == "step"]


# --- what the machine has


def test_what_it_trains_on_is_said(finished_run):
    assert place_of(Machine(accelerator="cpu")).words == "CPU, 1 thread"
    assert place_of(Machine(accelerator="cpu"), threads=4).words == "CPU, 4 threads"
    assert place_of(Machine(accelerator="cpu", devices=2)).words == "2 × CPU, 1 thread each"
    if place_of(Machine()).accelerator == "cpu":
        assert finished_run.status["device"] == "CPU, 1 thread"
        assert "trains on CPU, 1 thread" in finished_run.log_tail()


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert place_of(Machine()).words == "Apple GPU (MPS)"
    with pytest.raises(InputError, match="one process"):
        place_of(Machine(devices=2))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "NVIDIA H100")
    assert place_of(Machine()).words == "NVIDIA H100"
    assert place_of(Machine(devices=2)).words == "2 × NVIDIA H100"
    with pytest.raises(InputError, match="1 to 2"):
        place_of(Machine(devices=3))
    assert place_of(Machine(accelerator="cpu")).accelerator == "cpu", "when asked for"


def test_what_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for accelerator in ("cuda", "mps"):
        with pytest.raises(InputError, match="auto, cpu"):
            place_of(Machine(accelerator=accelerator))
    with pytest.raises(InputError, match="auto, cpu, cuda, mps"):
        machine_of({"accelerator": "tpu"})
    with pytest.raises(InputError, match="--devices"):
        machine_of({"devices": 0})
    with pytest.raises(InputError, match="--num-nodes"):
        machine_of({"nodes": 0})


def test_several_nodes_must_know_one_another(monkeypatch):
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    nodes = Machine(accelerator="cpu", nodes=2)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(InputError, match="MASTER_PORT, NODE_RANK must be"):
        place_of(nodes)
    monkeypatch.setenv("MASTER_PORT", "29500")
    monkeypatch.setenv("NODE_RANK", "2")
    with pytest.raises(InputError, match="0 to 1"):
        place_of(nodes)
    monkeypatch.setenv("NODE_RANK", "1")
    assert place_of(nodes).words == "2 nodes with CPU, 1 thread each"


# --- precision


def test_a_processor_does_not_train_with_16_bit_floats(small_presets, cohort_file, tmp_path):
    with pytest.raises(InputError, match="needs an NVIDIA GPU"):
        place_of(Machine(accelerator="cpu"), "16")
    preset = small_presets["reference"].changed(training={"precision": "16"})
    run = Run.create(tmp_path, preset, cohort_file, machine=Machine(accelerator="cpu"))
    with pytest.raises(InputError, match="32 or bf16"):
        fit(run)
    assert (run.state, "--precision" in run.message) == ("failed", True)


def test_bfloat16_calculates_the_network_in_16_bits_and_the_objective_in_32(
    small_presets, cohort_file, tmp_path, monkeypatch
):
    seen = {"network": set(), "objective": set(), "validation": set()}
    decode, objective = ReferenceNetwork.decode, ReferenceObjective.forward

    def watched_decode(self, z, static):
        decoded = decode(self, z, static)
        seen["network" if self.training else "validation"].add(decoded.waveform.dtype)
        return decoded

    def watched_objective(self, batch, posterior, decoded, beta):
        seen["objective"] |= {decoded.waveform.dtype, posterior.mean.dtype}
        assert not torch.is_autocast_enabled("cpu"), "a product with the noise's colour would be of 16 bits"
        terms = objective(self, batch, posterior, decoded, beta)
        seen["objective"].add(terms["waveform"].dtype)
        return terms

    monkeypatch.setattr(ReferenceNetwork, "decode", watched_decode)
    monkeypatch.setattr(ReferenceObjective, "forward", watched_objective)
    preset = small_presets["reference"].changed(training={"precision": "bf16"})
    run = Run.create(tmp_path, preset, cohort_file, epochs=2, machine=Machine(accelerator="cpu"))
    model = fit(run)
    assert seen["network"] == {torch.bfloat16}
    assert seen["objective"] == seen["validation"] == {torch.float32}
    assert {weights.dtype for weights in model.network.parameters()} == {torch.float32}
    assert run.status["device"] == "CPU, 1 thread, precision bf16"
    assert "precision bf16" in run.log_tail()
    losses = [row["train_loss"] for row in run.metrics()[0] if row["kind"] == "epoch"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["default", "reference"])
def test_precision_and_determinism_belong_to_the_command_that_repeats_the_training(name, cohort_file, tmp_path):
    preset = load_preset(name)
    assert "--precision" not in Run.create(tmp_path, preset, cohort_file).config.command
    changed = preset.changed(training={"precision": "bf16", "deterministic": True})
    run = Run.create(tmp_path, changed, cohort_file)
    assert f"--preset {name} " in run.config.command
    assert run.config.command.endswith("--precision bf16 --deterministic")
    assert not (run.folder / "preset.yaml").exists()
    assert run.config.preset.training.precision == "bf16"


def test_a_preset_file_may_write_the_bits_as_a_number(small_presets):
    values = small_presets["reference"].model_dump(mode="json")
    values["training"]["precision"] = 32
    assert parse_preset(values).training.precision == "32"
    values["training"]["precision"] = 64
    with pytest.raises(InputError, match="precision"):
        parse_preset(values)
    del values["training"]["precision"], values["training"]["deterministic"]
    assert parse_preset(values) == small_presets["reference"], "a file from before there was such a choice"


# --- deterministic mode


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_deterministic_training_gives_the_same_bits_twice(name, small_presets, cohort_file, tmp_path):
    preset = small_presets[name].changed(training={"deterministic": True})
    runs = [Run.create(tmp_path, preset, cohort_file, epochs=2) for _ in range(2)]
    stages = set()

    def watch(event):
        if torch.are_deterministic_algorithms_enabled():
            stages.add(event["stage"])

    first, second = (fit(run, watch) for run in runs)
    assert first.weights_sha256 == second.weights_sha256
    assert steps(runs[0]) == steps(runs[1])
    assert {"training", "fitting the sampler", "measuring on held-out recordings"} <= stages
    assert not torch.are_deterministic_algorithms_enabled(), "put back"


# --- compilation


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_compiled_network_learns_the_same_and_its_weights_keep_their_names(
    name, small_presets, cohort_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(compilation, "BACKEND", "eager")  # dynamo's part, without the minutes of a compiler
    plain, compiled = (
        Run.create(tmp_path, small_presets[name], cohort_file, epochs=2, machine=Machine(compile=asked))
        for asked in (False, True)
    )
    fit(plain)
    compiled_calls = []
    honest = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **o: (compiled_calls.append(o), honest(self, **o)))
    fit(compiled)
    assert compiled_calls == [{"backend": "eager", "dynamic": False}]
    assert compiled.status["compiled"] is True
    assert "the network is compiled" in compiled.log_tail()
    assert steps(compiled)[-1]["train_loss"] == pytest.approx(steps(plain)[-1]["train_loss"], rel=1e-3)
    names = torch.load(compiled.last_checkpoint, weights_only=True)["state_dict"].keys()
    assert names == torch.load(plain.last_checkpoint, weights_only=True)["state_dict"].keys()
    assert not any("_orig_mod" in name for name in names)
    assert TrainedModel.load(compiled.model_folder).model_id == compiled.status["model_id"]


def test_a_compilation_that_is_not_possible_is_said_and_done_without(small_presets, cohort_file, tmp_path, monkeypatch):
    def no_compiler(graph, inputs):
        raise RuntimeError("no compiler was found\nand more")

    monkeypatch.setattr(compilation, "BACKEND", no_compiler)
    plain, asked = (
        Run.create(tmp_path, small_presets["reference"], cohort_file, epochs=1, machine=Machine(compile=compile))
        for compile in (False, True)
    )
    assert fit(asked).model_id == fit(plain).model_id, "bit for bit as without"
    assert asked.status["compiled"] is False
    assert "cannot be compiled here" in asked.log_tail()
    assert "no compiler was found" in asked.log_tail()


def test_trying_a_compilation_leaves_the_network_as_it_was(small_presets, monkeypatch):
    from abr_model.network import build_network
    from abr_model.preparation import ModelInputs

    monkeypatch.setattr(compilation, "BACKEND", "aot_eager")
    network = build_network(small_presets["default"].network).eval()
    before = {name: weights.clone() for name, weights in network.state_dict().items()}
    batch = ModelInputs(torch.zeros(4, 80), torch.zeros(4, 4), *(torch.zeros(4, k) for k in (3, 3, 6)))
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    assert compile_network(network, batch) is None
    assert torch.rand(1) == expected
    assert not network.training
    assert all(weights.grad is None for weights in network.parameters())
    assert all(torch.equal(before[name], weights) for name, weights in network.state_dict().items())
    assert network._compiled_call_impl is not None
    uncompiled(network)
    assert network._compiled_call_impl is None
