"""Run folders with long made-up histories, to measure how fast they are read and drawn: no training is behind them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from abr_model.configuration import load_preset
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run
from abr_model.sources.simulator import simulate

STEPS_PER_EPOCH, LOG_EVERY = 1000, 10
EPOCHS = 5000
"""Never reached."""
LATENTS = 32
DIFFERENT = 5
"""So many different histories are made, each for every so manieth run: making them takes longer than reading them."""
_TERMS = {"waveform": -600.0, "latency": 1.2, "amplitude": 1.0, "marked": 0.8, "kl": 70.0}


def rows_of_metrics(first_row: int, count: int, seed: int) -> Iterator[dict]:
    """Rows as a trainer writes them: every hundred steps' rows one of their epoch."""
    chance = np.random.default_rng([seed, first_row])
    per_epoch = STEPS_PER_EPOCH // LOG_EVERY + 1
    for row in range(first_row, first_row + count):
        epoch, within = divmod(row, per_epoch)
        at_end = within == per_epoch - 1
        step = epoch * STEPS_PER_EPOCH + (within + (not at_end)) * LOG_EVERY
        decay = np.exp(-step / 20_000)
        terms = {name: float(v + abs(v) * (decay + 0.05 * chance.normal())) for name, v in _TERMS.items()}
        train = {f"train_{name}": value for name, value in ({"loss": sum(terms.values())} | terms).items()}
        values = {"kind": "epoch" if at_end else "step", "epoch": epoch, "step": step}
        values |= {"minutes": round(step / 900, 4), "beta": min(1.0, epoch / 20), "learning_rate": 1e-3 * (0.1 + decay)}
        values |= train | {"gradient_norm": float(abs(chance.normal(500, 100)))}
        if at_end:
            values |= {name.replace("train", "validation"): value for name, value in train.items()}
            values |= {"validation_loss_final_beta": values["validation_loss"], "validation_rmse_uv": 0.03 + decay / 50}
            for wave in ("I", "III", "V"):
                values |= {
                    f"validation_latency_{wave}_mae_ms": 0.1 + decay,
                    f"validation_amplitude_{wave}_mae_uv": 0.05,
                }
            values |= {"kl_per_latent": np.abs(chance.normal(2, 1, LATENTS)).round(5).tolist(), "active_units": LATENTS}
            values |= {"recordings_per_second": 900.0, "processor_seconds": 60.0}
        yield values


def make_runs(root: Path, runs: int, rows: int) -> list[Run]:
    """So many ended runs of so many rows each in ``root``, oldest first; their cohort lies beside ``root``."""
    (root.parent / "cohorts").mkdir(parents=True, exist_ok=True)
    cohort = simulate(patients=40, seed=1).write(root.parent / "cohorts" / "clinic.parquet")
    contents = [
        "".join(json.dumps(row) + "\n" for row in rows_of_metrics(0, rows, seed))
        for seed in range(min(runs, DIFFERENT))
    ]
    made = []
    for number in range(runs):
        run = Run.create(root, load_preset("default"), cohort, label=f"made up {number + 1}", epochs=EPOCHS)
        (run.folder / "metrics.jsonl").write_text(contents[number % DIFFERENT], encoding="utf-8")
        say_how_far(run, rows, state="stopped", message="stopped")
        made.append(run)
    return made


def say_how_far(run: Run, rows: int, **more) -> None:
    """``status.json`` after so many rows."""
    epoch, within = divmod(rows, STEPS_PER_EPOCH // LOG_EVERY + 1)
    step = epoch * STEPS_PER_EPOCH + within * LOG_EVERY
    run.write_status(epoch=epoch, epochs_done=epoch, step=step, steps_per_epoch=STEPS_PER_EPOCH, **more)


@contextmanager
def written_to(run: Run, rows: int, every_s: float) -> Iterator[list[tuple[float, int]]]:
    """``run`` trains: it has ``rows`` rows and gets another every so often. The list grows by (time, step) of each."""
    written: list[tuple[float, int]] = []
    end = threading.Event()

    def write() -> None:
        with (run.folder / "metrics.jsonl").open("a", buffering=1, encoding="utf-8") as file:
            for number in range(rows, 100 * rows + 1_000_000):
                (row,) = rows_of_metrics(number, 1, seed=0)
                file.write(json.dumps(row) + "\n")
                written.append((time.time(), row["step"]))
                say_how_far(run, number + 1, state="running", stage="training", message="training")
                if end.wait(every_s):
                    return

    lock = Lock(run.folder / "lock")
    if not lock.acquire():
        raise RuntimeError("the run is being trained already")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        end.set()
        writer.join()
        say_how_far(run, rows + len(written), state="stopped", message="stopped")
        lock.release()
