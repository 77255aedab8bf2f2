"""Runs in every state, without training any: what a trainer would have written."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from abr_model.configuration import load_preset
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run

STEPS = 10
"""Of an epoch."""
LATENT = 4


def rows_of(epochs: int, first: int = 0) -> list[dict]:
    """What is logged in so many epochs: the best is the fourth, the last latent unit says most."""
    rows = []
    for epoch in range(first, first + epochs):
        place = {"epoch": epoch, "beta": min(1.0, epoch / 2), "learning_rate": 0.002}
        for step in range(epoch * STEPS + 1, epoch * STEPS + STEPS + 1):
            rows.append({"kind": "step", **place, "step": step, "minutes": step / 60, "gradient_norm": 3.0,
                         "train_loss": 1000.0 - step, "train_kl": 5.0, "train_waveform": 90.0 - step})  # fmt: skip
        loss = 10.0 + abs(epoch - 3)
        rows.append({
            "kind": "epoch", **place, "step": (epoch + 1) * STEPS, "minutes": (epoch + 1) * STEPS / 60,
            "train_loss": 99.0, "validation_loss": loss, "validation_loss_final_beta": loss, "validation_kl": 5.5,
            "validation_waveform": 80.0, "validation_rmse_uv": 0.05 + 0.1 * math.exp(-epoch),
            **{f"validation_latency_{wave}_mae_ms": 0.1 + i / 10 for i, wave in enumerate(("I", "III", "V"))},
            **{f"validation_amplitude_{wave}_mae_uv": 0.02 + i / 100 for i, wave in enumerate(("I", "III", "V"))},
            "kl_per_latent": [0.0, 1.0, 0.5, 2.0], "active_units": 3, "recordings_per_second": 900.0,
        })  # fmt: skip
    return rows


@pytest.fixture
def history() -> Callable[..., list[dict]]:
    """``history(epochs, first=0)``: rows of a training."""
    return rows_of


@pytest.fixture
def make_run(sample_cohort, data_folder) -> Callable[..., Run]:
    """``make_run("label", rows=…, **status)``: a run folder with that history and state; options of the run in
    ``options``."""

    def make(label: str = "", rows: list[dict] = (), options: dict | None = None, **status) -> Run:
        run = Run.create(data_folder / "runs", load_preset("default"), sample_cohort, label=label, **(options or {}))
        (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        run.write_status(**{"steps_per_epoch": STEPS, "epochs": 80, "cohort": "Simulated clinic"} | status)
        return run

    return make


@pytest.fixture
def finished(make_run) -> Run:
    """Six epochs."""
    run = make_run("six epochs", rows_of(6), state="finished", epochs=6, epochs_done=6, step=60,
                   message="all 6 epochs trained", recordings={"train": 70, "validation": 15, "test": 15},
                   latent_units=LATENT, active_units=3,
                   figures={"waveform_rmse_uv": 0.0612, "latency_V_mae_ms": 0.123})  # fmt: skip
    (run.folder / "train.log").write_text(
        "2026-11-22 10:00:00 70 recordings for training\n2026-11-22 10:01:00 UserWarning: odd\n  its second line\n"
    )
    return run


@pytest.fixture
def alive() -> Iterator[Callable[[Run], None]]:
    """``alive(run)``: a trainer of ``run`` lives, until the test ends or ``alive.dies(run)``."""
    locks: dict[Run, Lock] = {}

    def alive_(run: Run) -> None:
        locks[run] = Lock(run.folder / "lock")
        assert locks[run].acquire()

    alive_.dies = lambda run: locks.pop(run).release()
    yield alive_
    for lock in locks.values():
        lock.release()


@pytest.fixture
def charts() -> Callable[[AppTest], dict[str, dict]]:
    """The figures on the page by what their alternative text begins with (``"Loss"``, ``"KL in all"``)."""

    def charts_(app: AppTest) -> dict[str, dict]:
        return {c.proto.alt.split(" (")[0]: json.loads(c.proto.spec) for c in app.get("plotly_chart")}

    return charts_


@pytest.fixture
def numbers() -> Callable[[object], np.ndarray]:
    """Numbers as plotly sends them: a list, or base64 of a typed array."""

    def numbers_(sent) -> np.ndarray:
        if isinstance(sent, dict):
            shape = tuple(int(n) for n in str(sent.get("shape", "-1")).split(","))
            return np.frombuffer(base64.b64decode(sent["bdata"]), dtype=sent["dtype"]).reshape(shape)
        return np.array(sent, dtype=float)

    return numbers_
