"""A few numbers at a glance: how the machine is doing while it trains, how good the model is when it has ended."""

from __future__ import annotations

import streamlit as st

from abr_model.runs.history import History
from abr_model.runs.run import Run
from abr_model.runs.vitals import EVERY_S, Vitals, latest_vitals
from dashboard.widgets.training.run_facts import best_epoch

Tile = tuple[str, str, str]
"""Label, value with its unit, help."""
COLUMNS = 5
STALE_S = 6 * EVERY_S
"""What the machine was like so long ago is not shown as if it were now."""


def tiles(run: Run, active: bool, status: dict, history: History) -> None:
    """One row of numbers with units; nothing where nothing is known yet."""
    shown = _machine(run, history) if active else _result(run, status)
    if not shown:
        return
    with st.container(border=True, gap="xsmall"):
        for column, (label, value, help_text) in zip(st.columns(max(COLUMNS, len(shown))), shown, strict=False):
            column.metric(label, value, help=help_text)


def _machine(run: Run, history: History) -> list[Tile]:
    vitals = latest_vitals(run.folder)
    if vitals is not None and vitals.seconds_old() > STALE_S:
        vitals = None
    _, speed = history.series("recordings_per_second", "epoch")
    said = f"{speed[-1]:,.0f} /s" if len(speed) else "–"
    tiles = [("Recordings", said, "Training recordings per second in the last whole epoch.")]
    return tiles + machine_tiles(vitals) if vitals is not None else tiles if len(speed) else []


def machine_tiles(vitals: Vitals) -> list[Tile]:
    """Label, value and help of what the machine is doing; what could not be told is a dash."""
    cores = f" of {vitals.cores} cores" if vitals.cores else ""
    tiles = [
        (
            "Processor, training",
            _percent(vitals.trainer_cpu_percent),
            f"Of one core: 200 % are two busy cores. The whole machine{cores}: {_percent(vitals.cpu_percent)}.",
        )
    ]
    for i, gpu in enumerate(vitals.gpus):
        name = "Graphics card" if len(vitals.gpus) == 1 else f"Graphics card {i + 1}"
        used = f"{_bytes(gpu.memory_used_bytes)} of {_bytes(gpu.memory_total_bytes)}"
        tiles.append((name, _percent(gpu.load_percent), f"{gpu.name}. Its memory: {used}."))
    return [
        *tiles,
        ("Memory, training", _bytes(vitals.trainer_memory_bytes),
         f"The whole machine: {_percent(vitals.memory_percent)} of {_bytes(vitals.memory_total_bytes)} in use."),
        ("Memory in use", _percent(vitals.memory_percent), "Of the whole machine, by everything that runs on it."),
        ("Disk free", _bytes(vitals.disk_free_bytes), "Where the runs are. A full disk ends a training."),
    ]  # fmt: skip


def _result(run: Run, status: dict) -> list[Tile]:
    """Of the test part where the model was measured, else of the validation part at the best epoch."""
    figures, best, tiles = status.get("figures") or {}, best_epoch(run), []
    if best is not None:
        tiles.append(("Best epoch", f"{best.epoch:,}", "The model is made of this epoch: its validation loss with the "
                      "last β is the smallest."))  # fmt: skip
    error, from_mean = figures.get("waveform_rmse_uv"), figures.get("mean_trace_rmse_uv")
    if error is not None:
        beside = "" if from_mean is None else f" Predicting the mean trace for all: {from_mean:.3f} µV."
        tiles.append(("Trace error", f"{error:.3f} µV", "Root mean square difference between recorded and "
                      f"reconstructed traces of the test part, which training has not seen.{beside}"))  # fmt: skip
    elif best is not None and best.error_uv is not None:
        tiles.append(("Trace error, validation", f"{best.error_uv:.3f} µV", "Root mean square difference between "
                      "recorded and reconstructed traces of the validation part, at the best epoch."))  # fmt: skip
    for name, label, digits, unit in (
        ("latency_V_mae_ms", "Wave V latency error", 2, "ms"),
        ("amplitude_V_mae_uv", "Wave V amplitude error", 3, "µV"),
    ):
        if (value := figures.get(name)) is not None:
            tiles.append((label, f"{value:.{digits}f} {unit}", "Mean absolute difference between marked and predicted, "
                          "on the test part; the network sees the trace alone."))  # fmt: skip
    if (units := status.get("active_units")) is not None and status.get("latent_units"):
        tiles.append(("Active latent units", f"{units:.0f} of {status['latent_units']}", "Units of z whose value "
                      "differs between recordings."))  # fmt: skip
    return tiles


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


def _bytes(value: int | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1e9:,.0f} GB" if value >= 1e11 else f"{value / 1e9:,.1f} GB"
