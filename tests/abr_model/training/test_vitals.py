from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import psutil
import pytest
import torch

from abr_model.runs.vitals import VITALS_FILE, latest_vitals, read_vitals
from abr_model.training.vitals import VitalsRecorder, vitals_recorded


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_load_memory_and_disk_are_those_of_this_process(tmp_path):
    with vitals_recorded(tmp_path, every_s=0.05):
        wait_for(lambda: sum(1 for _ in range(20_000)) and len(read_vitals(tmp_path)[0]) >= 4)
    rows = read_vitals(tmp_path)[0]
    assert max(row.trainer_cpu_percent for row in rows) > 5
    resident = psutil.Process().memory_info().rss
    assert resident / 2 < rows[-1].trainer_memory_bytes < 2 * resident
    assert rows[-1].disk_free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)
    assert rows[-1].cores == psutil.cpu_count()
    assert 0 < rows[-1].memory_percent <= 100
    assert rows[-1].seconds_old() < 60
    time.sleep(0.15)
    assert len(read_vitals(tmp_path)[0]) == len(rows), "it ends with its block"


def test_processes_that_the_trainer_started_count_too(tmp_path):
    alone = VitalsRecorder(tmp_path).measure()
    holds = "import sys; kept = b'x' * 60_000_000; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        both = VitalsRecorder(tmp_path).measure()
        child.stdin.close()
    assert both["trainer_processes"] == alone["trainer_processes"] + 1
    assert both["trainer_memory_bytes"] > alone["trainer_memory_bytes"] + 50_000_000


def test_a_full_disk_is_said_once_and_ends_nothing(tmp_path, caplog):
    (tmp_path / VITALS_FILE).symlink_to("/dev/full")
    recorder = VitalsRecorder(tmp_path)
    with caplog.at_level("WARNING", "abr_model.training"):
        recorder._once()
        recorder._once()
        assert [r.getMessage() for r in caplog.records if "No space left" in r.getMessage()] == [
            "CPU, memory and disk cannot be recorded: [Errno 28] No space left on device"
        ]
    (tmp_path / VITALS_FILE).unlink()
    recorder._once()
    assert latest_vitals(tmp_path) is not None, "and there are rows again once there is room"


def test_what_cannot_be_measured_is_left_out(tmp_path, monkeypatch):
    def unknown(*args):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "virtual_memory", unknown)
    monkeypatch.setattr(psutil.Process, "cpu_percent", unknown)
    VitalsRecorder(tmp_path)._once()
    row = latest_vitals(tmp_path)
    assert (row.memory_percent, row.trainer_processes) == (None, 0)
    assert row.disk_free_bytes > 0


def test_a_row_after_a_torn_one_begins_a_line(tmp_path):
    (tmp_path / VITALS_FILE).write_text('{"time": 1', encoding="utf-8")
    VitalsRecorder(tmp_path)._once()
    assert len(read_vitals(tmp_path)[0]) == 1
    lines = (tmp_path / VITALS_FILE).read_text(encoding="utf-8").splitlines()
    assert "trainer_cpu_percent" in json.loads(lines[1])


def test_a_gpu_in_use_is_told_with_its_memory(tmp_path, monkeypatch):
    def no_driver(index):
        raise ModuleNotFoundError("pynvml")

    for name, answer in {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "mem_get_info": lambda index: (30, 80),
        "get_device_name": lambda index: "NVIDIA H100",
        "utilization": no_driver,
    }.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    VitalsRecorder(tmp_path)._once()
    (gpu,) = latest_vitals(tmp_path).gpus
    assert (gpu.name, gpu.load_percent, gpu.memory_used_bytes, gpu.memory_total_bytes) == ("NVIDIA H100", None, 50, 80)
    monkeypatch.setattr(torch.cuda, "utilization", lambda index: 97)
    assert VitalsRecorder(tmp_path).measure()["gpus"][0]["load_percent"] == 97.0


def test_a_training_leaves_its_vitals(finished_run):
    rows = read_vitals(finished_run.folder)[0]
    assert rows
    assert all(row.trainer_memory_bytes > 50_000_000 for row in rows)
