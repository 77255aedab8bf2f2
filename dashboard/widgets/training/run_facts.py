"""What a list says about a run, without reading all of it: what never changes is read once."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.notes import read_notes
from abr_model.runs.reading import without_abandoned
from abr_model.runs.run import Run, RunConfig

_EPOCH = re.compile(r"epoch-(\d+)")
_MADE = re.compile(r"(\d{4}-\d{2}-\d{2}-\d{4})-.+-(\w+)")


@dataclass(frozen=True)
class BestEpoch:
    """The epoch (from 1) with the smallest validation loss with the last β, and the trace's error there in µV RMS."""

    epoch: int
    error_uv: float | None


def config_of(run: Run) -> RunConfig | None:
    """What was asked for, read once for all sessions; None where ``config.yaml`` is damaged or gone."""
    try:
        return _config(str(run.folder), (run.folder / "config.yaml").stat().st_mtime_ns)
    except (OSError, InputError):
        return None


@st.cache_resource(max_entries=2000, show_spinner=False)
def _config(folder: str, mtime_ns: int) -> RunConfig:
    return Run(Path(folder)).config


def made_at(run: Run) -> datetime:
    """When the run was made."""
    if (config := config_of(run)) is not None:
        return config.created
    if parts := _MADE.fullmatch(run.id):
        return datetime.strptime(parts[1], "%Y-%m-%d-%H%M").astimezone()
    return datetime.fromtimestamp(0, UTC)


def run_name(run: Run) -> str:
    """How a person tells runs apart: the label, else the preset and the tail of the id (``"default · 3f9a"``)."""
    if label := read_notes(run).label:
        return label
    config = config_of(run)
    return f"{config.preset.name if config else 'run'} · {run.id.rsplit('-', 1)[-1]}"


def best_epoch(run: Run) -> BestEpoch | None:
    """The best epoch so far; None before the first whole epoch. Read anew when a row was added."""
    path = run.folder / "metrics.jsonl"
    try:
        state = path.stat()
    except OSError:
        return None
    return _best_epoch(str(path), state.st_mtime_ns, state.st_size)


@st.cache_data(max_entries=2000, show_spinner=False)
def _best_epoch(path: str, mtime_ns: int, size: int) -> BestEpoch | None:
    rows = []
    with Path(path).open("rb") as file:
        for line in file:
            if b'"kind": "step"' not in line[:40]:  # nearly all of them: not worth parsing here
                try:
                    rows.append(json.loads(line))
                except ValueError:  # torn, or still being written
                    continue
    epochs = [row for row in without_abandoned(rows) if _number(row.get("validation_loss_final_beta")) is not None]
    if not epochs:
        return None
    best = min(epochs, key=lambda row: row["validation_loss_final_beta"])
    return BestEpoch(best["epoch"] + 1, _number(best.get("validation_rmse_uv")))


def kept_checkpoints(run: Run) -> list[str]:
    """Names of the checkpoints that can be gone back to: ``["best", "last", "epoch-20", "epoch-10"]``."""
    names = [path.stem for path in run.last_checkpoint.parent.glob("*.ckpt")]
    epochs = sorted((int(m[1]) for name in names if (m := _EPOCH.fullmatch(name))), reverse=True)
    return [name for name in ("best", "last") if name in names] + [f"epoch-{epoch}" for epoch in epochs]


def _number(value) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None
