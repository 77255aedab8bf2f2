"""Two processes that train together on the processor (gloo). Each test that starts any has its own patience."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
import torch

from abr_model.errors import InputError
from abr_model.model import TrainedModel
from abr_model.preparation import model_inputs
from abr_model.runs.launch import force_stop, launch
from abr_model.runs.machine import Machine
from abr_model.runs.run import Run, without_abandoned
from abr_model.training.batches import Batches
from abr_model.training.fit import fit
from abr_model.training.module import TrainingModule
from abr_model.training.parts import parts_of

PATIENCE_S = 150
TWO = Machine(accelerator="cpu", devices=2)


def wait_until(condition, run: Run) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{run.state}: {run.status}\n{run.log_tail()}")
        time.sleep(0.05)


def trainers(run: Run) -> list[psutil.Process]:
    """The launched process and those that it started."""
    first = psutil.Process(run.status["pid"])
    return [first, *first.children(recursive=True)]


@pytest.fixture
def start(tmp_path, small_presets, cohort_file):
    """Launches a run with two processes; none of them is left after the test."""
    made = []

    def launched(name: str, epochs: int, **changes) -> Run:
        training = {"early_stopping_patience": 9999, "batch_size": 16}
        preset = small_presets[name].changed(training=training, **changes)
        run = Run.create(
            tmp_path / "runs", preset, cohort_file, epochs=epochs, machine=TWO, checkpoint_every=1, exclusive=False
        )
        launch(run)
        made.append(run)
        return run

    yield launched
    for run in made:
        left = []
        with suppress(psutil.Error, KeyError, TypeError):
            left = trainers(run)
        with suppress(InputError):
            force_stop(run)
        for process in left:
            with suppress(psutil.Error):
                process.kill()


def epoch_rows(run: Run) -> list[dict]:
    return [row for row in without_abandoned(run.metrics()[0]) if row["kind"] == "epoch"]


# --- who takes which recordings


@pytest.mark.parametrize("recordings", [64, 70, 65, 33, 3])
def test_the_processes_share_the_batches_that_one_would_have(recordings, numbered_inputs):
    inputs = numbered_inputs(recordings)
    one = [batch.waveform[:, 0].tolist() for batch in Batches(inputs, 32, seed=5)]
    two = [[b.waveform[:, 0].tolist() for b in Batches(inputs, 16, seed=5, rank=rank, processes=2)] for rank in (0, 1)]
    assert len(two[0]) == len(two[1]) == len(one), "a process with fewer steps would let the other one wait for ever"
    for whole, first, second in zip(one, *two, strict=True):
        if len(whole) == 1:  # too few to share: the first of the order a second time
            assert first == whole and second == one[0][:1]
            continue
        assert sorted(first + second) == sorted(whole)
        assert abs(len(first) - len(second)) <= 1


@pytest.fixture
def numbered_inputs():
    from abr_model.preparation import ModelInputs

    def made(n: int) -> ModelInputs:
        numbers = torch.arange(n, dtype=torch.float32)
        return ModelInputs(numbers[:, None], numbers[:, None], *(torch.zeros(n, k) for k in (3, 3, 6)))

    return made


# --- trained together


def test_two_processes_train_one_model_and_measure_it_together(start):
    run = start("default", 3, objective={"noise_from": "residuals"})
    wait_until(lambda: run.state not in ("pending", "running"), run)
    assert run.state == "finished", run.log_tail()
    assert run.status["device"] == "2 × CPU, 1 thread each"
    assert "trains on 2 × CPU, 1 thread each" in run.log_tail()
    assert "--devices 2" in run.config.command
    assert run.status["steps_per_epoch"] == -(-run.status["recordings"]["train"] // 32), "16 recordings a process"
    rows = run.metrics()[0]
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [0, 1, 2], "one process writes"
    assert len([row for row in rows if row["kind"] == "step"]) == 3 * run.status["steps_per_epoch"]
    assert TrainedModel.load(run.model_folder).model_id == run.status["model_id"]

    # What the last row says of the whole validation part, measured again in one process.
    parts = parts_of(run.config, run.folder)
    validation = model_inputs(parts.validation, parts.scaling)
    module = TrainingModule(run.preset, parts.scaling, parts.train.sampling, validation, validation)
    after, before = (
        torch.load(run.folder / "checkpoints" / f"epoch-{n}.ckpt", weights_only=True)["state_dict"] for n in (3, 2)
    )
    # The row was written before the objective measured the noise's colour anew.
    module.load_state_dict({k: before[k] if k.startswith("objective.") else v for k, v in after.items()})
    module.eval()
    with torch.no_grad():
        posterior, _, decoded = module.network(validation)
        terms = module.objective(validation, posterior, decoded, 1.0)
    row = epoch_rows(run)[-1]
    assert row["validation_kl"] == pytest.approx(float(terms["kl"]), rel=1e-4)
    assert row["kl_per_latent"] == pytest.approx(posterior.kl_per_latent().mean(0).tolist(), rel=1e-3, abs=2e-5)
    # Not of the same draws of z; a process that did not hear of the noise's colour would be far off.
    assert row["validation_waveform"] == pytest.approx(float(terms["waveform"]), rel=0.05, abs=1.0)


def test_neither_survives_the_other_and_a_stop_ends_both(start):
    run = start("reference", 2000)
    wait_until(lambda: run.status.get("epochs_done", 0) >= 1, run)
    first, second = trainers(run)
    first.send_signal(signal.SIGKILL)
    psutil.wait_procs([second], timeout=PATIENCE_S)
    assert not second.is_running()
    assert run.state == "crashed"

    done = run.status["epochs_done"]
    launch(run)
    wait_until(lambda: run.status.get("epochs_done", 0) > done, run)
    processes = trainers(run)
    assert len(processes) == 2
    run.request_stop()
    wait_until(lambda: run.state == "stopped", run)
    assert run.has_model
    psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not any(process.is_running() for process in processes)
    assert any(row["kind"] == "resumed" for row in run.metrics()[0])
    assert [row["epoch"] for row in epoch_rows(run)] == list(range(len(epoch_rows(run))))


def test_what_stops_a_partner_is_said(start, monkeypatch, tmp_path):
    """A loss that is no number, in the second process alone."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'abr_model.training.worker' in sys.orig_argv:\n"
        "    from abr_model.objective import ReferenceObjective\n"
        "    honest = ReferenceObjective.forward\n"
        "    def diverging(self, *arguments):\n"
        "        terms = honest(self, *arguments)\n"
        "        return terms | {'loss': terms['loss'] * float('nan')}\n"
        "    ReferenceObjective.forward = diverging\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = start("reference", 2)
    wait_until(lambda: run.state not in ("pending", "running"), run)
    assert run.state == "failed"
    assert "the loss is no longer a number in epoch 1" in run.message


@pytest.mark.parametrize(("status", "kind"), [(2, InputError), (1, RuntimeError), (-9, RuntimeError)])
def test_a_partner_that_ends_too_early_is_not_waited_for(
    status, kind, tmp_path, small_presets, cohort_file, monkeypatch
):
    """It ends before it has prepared itself; nobody waits ten minutes for it."""
    ends = "os.kill(os.getpid(), 9)" if status < 0 else f"sys.exit({status})"
    script = f"import os, sys; print('abr: the disk is full', file=sys.stderr, flush=True); {ends}"
    honest = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **o: honest([sys.executable, "-c", script], **o))
    run = Run.create(tmp_path, small_presets["reference"], cohort_file, machine=TWO)
    with pytest.raises(kind, match="the disk is full"):
        fit(run)
    assert (run.state, "the disk is full" in run.message) == ("failed", True)


def test_two_nodes_train_one_run(tmp_path, small_presets, cohort_file):
    """The same machine plays both: the second one joins by the folder of the run and writes nothing into it."""
    nodes = Machine(accelerator="cpu", nodes=2)
    run = Run.create(tmp_path / "runs", small_presets["reference"], cohort_file, epochs=1, machine=nodes)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "abr_model.cli", "train", "--run", str(run.folder)]
    first, second = (
        subprocess.Popen(command, env=known | {"NODE_RANK": rank}, stdout=subprocess.PIPE, text=True) for rank in "01"
    )
    try:
        said = [process.communicate(timeout=PATIENCE_S)[0] for process in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), run.log_tail()
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    assert "trains on 2 nodes with CPU, 1 thread each" in said[0]
    assert run.state == "finished"
    assert run.status["steps_per_epoch"] == -(-run.status["recordings"]["train"] // 64)
    assert [row["kind"] for row in run.metrics()[0]].count("epoch") == 1
    assert run.status["model_id"] in said[0] and run.status["model_id"] not in said[1]
