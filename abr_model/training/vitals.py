"""Writes how the training's machine is doing, every few seconds, from a thread. Nothing here can end a training."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import torch

from abr_model.runs.vitals import EVERY_S, VITALS_FILE

log = logging.getLogger("abr_model.training")


@contextmanager
def vitals_recorded(folder: Path, every_s: float = EVERY_S) -> Iterator[None]:
    """Append a row to ``vitals.jsonl`` in ``folder`` every ``every_s`` seconds, as long as the block lasts."""
    recorder = VitalsRecorder(folder, every_s)
    recorder.start()
    try:
        yield
    finally:
        recorder.stop()


class VitalsRecorder(threading.Thread):
    """The thread. What cannot be measured is null; a row that cannot be written is left out."""

    def __init__(self, folder: Path, every_s: float = EVERY_S):
        super().__init__(name="vitals", daemon=True)
        self.path, self.every_s = Path(folder) / VITALS_FILE, every_s
        self._ended = threading.Event()
        self._processes: dict[int, psutil.Process] = {}
        self._silent = False

    def run(self) -> None:
        """Measure and write until the end."""
        while True:
            self._once()
            if self._ended.wait(self.every_s):
                return

    def stop(self) -> None:
        """End; a row that is being written is finished."""
        self._ended.set()
        if self.is_alive():
            self.join(timeout=10)

    def _once(self) -> None:
        try:
            self._append(self.measure())
        except Exception as error:  # a full disk, a process table that cannot be read, a driver that is gone
            if not self._silent:
                log.warning("CPU, memory and disk cannot be recorded: %s", error)
            self._silent = True
        else:
            self._silent = False

    def measure(self) -> dict[str, Any]:
        """A row: the fields of :class:`~abr_model.runs.vitals.Vitals`. Loads are since the last time."""
        row: dict[str, Any] = {"time": round(time.time(), 2)}
        for measured in (self._trainer, _machine, self._disk, _gpus):
            try:
                row |= measured()
            except Exception as error:  # one that cannot be told does not hide the others
                log.debug("%s: %s", measured.__name__, error)
        return row

    def _trainer(self) -> dict[str, Any]:
        own = self._processes.get(os.getpid()) or psutil.Process()
        # The same objects as the last time: a load is what was used between two questions to one of them.
        known = {process.pid: process for process in (own, *own.children(recursive=True))}
        self._processes = {
            pid: self._processes[pid] if self._processes.get(pid) == process else process
            for pid, process in known.items()
        }
        cpu = memory = count = 0
        for process in self._processes.values():
            try:
                with process.oneshot():
                    used, resident = process.cpu_percent(), process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
            cpu, memory, count = cpu + used, memory + resident, count + 1
        return {"trainer_cpu_percent": round(cpu, 1), "trainer_memory_bytes": memory, "trainer_processes": count}

    def _disk(self) -> dict[str, Any]:
        return {"disk_free_bytes": psutil.disk_usage(str(self.path.parent)).free}

    def _append(self, row: dict[str, Any]) -> None:
        line = json.dumps(row, allow_nan=False).encode() + b"\n"
        with self.path.open("ab+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # the disk was full within the last row, or the trainer was killed there
                    line = b"\n" + line
            file.write(line)


def _machine() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "cpu_percent": psutil.cpu_percent(),
        "cores": psutil.cpu_count(),
        "memory_percent": memory.percent,
        "memory_total_bytes": memory.total,
    }


def _gpus() -> dict[str, Any]:
    """NVIDIA GPUs, where the training uses one: to ask without would take memory of it."""
    if not (torch.cuda.is_available() and torch.cuda.is_initialized()):
        return {"gpus": []}
    gpus = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        gpus.append(
            {
                "name": name,
                "load_percent": _gpu_load(index),
                "memory_used_bytes": total - free,
                "memory_total_bytes": total,
            }
        )
    return {"gpus": gpus}


def _gpu_load(index: int) -> float | None:
    try:
        return float(torch.cuda.utilization(index))
    except Exception:  # needs nvidia-ml-py beside torch
        return None
