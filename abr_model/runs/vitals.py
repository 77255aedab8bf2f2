"""How a training's machine is doing, read from ``vitals.jsonl`` of the run folder; the trainer appends to it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from abr_model.runs.reading import read_rows

VITALS_FILE = "vitals.jsonl"
EVERY_S = 5.0
"""Seconds between two rows."""
_TAIL_BYTES = 8192


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU that the trainer uses; ``load_percent`` None where it cannot be told."""

    name: str
    load_percent: float | None
    memory_used_bytes: int
    memory_total_bytes: int


@dataclass(frozen=True)
class Vitals:
    """The trainer (with the processes that it started) and its machine at one time; None: could not be told.

    Parameters
    ----------
    time
        Seconds since 1970.
    trainer_cpu_percent
        Of one processor core: 200 is two cores, busy.
    trainer_memory_bytes
        Resident memory.
    trainer_processes
        How many processes that is.
    cpu_percent, cores
        Of the whole machine, 0 to 100, and how many cores it has.
    memory_percent, memory_total_bytes
        Of the whole machine.
    disk_free_bytes
        Where the run folder is.
    gpus
        Empty where the trainer uses none.
    """

    time: float
    trainer_cpu_percent: float | None = None
    trainer_memory_bytes: int | None = None
    trainer_processes: int | None = None
    cpu_percent: float | None = None
    cores: int | None = None
    memory_percent: float | None = None
    memory_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    gpus: tuple[Gpu, ...] = ()

    def seconds_old(self, now: float | None = None) -> float:
        """How long ago that was; a trainer that lives leaves nothing older than a few :data:`EVERY_S`."""
        return max(0.0, (time.time() if now is None else now) - self.time)


def read_vitals(folder: str | Path, offset: int = 0) -> tuple[list[Vitals], int]:
    """All rows from a byte offset on, and the offset after them; (``[]``, 0) where there is no file."""
    rows, offset = read_rows(Path(folder) / VITALS_FILE, offset)
    return [vitals for row in rows if (vitals := _vitals(row)) is not None], offset


def latest_vitals(folder: str | Path) -> Vitals | None:
    """The last row, without reading the others; None where there is none."""
    try:
        with (Path(folder) / VITALS_FILE).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().split(b"\n")
    except OSError:
        return None
    for line in reversed(lines[:-1]):  # what follows the last line end is still being written
        try:
            vitals = _vitals(json.loads(line))
        except ValueError:
            continue
        if vitals is not None:
            return vitals
    return None


def _vitals(row: Any) -> Vitals | None:
    """A row as it was written; None where it is not one. What a newer version adds is left out."""
    try:
        values = {field.name: row[field.name] for field in fields(Vitals) if field.name in row}
        values["gpus"] = tuple(Gpu(**{f.name: gpu[f.name] for f in fields(Gpu)}) for gpu in row.get("gpus") or ())
        values["time"] = float(row["time"])
        return Vitals(**values)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
