"""Seconds per training epoch of a preset on a simulated clinic, one thread.

    python benchmarks/epoch.py reference default --patients 2043 --epochs 2

Prints, per preset: recordings of the training part, seconds per epoch (validation included; the fastest epoch, since a
busy machine only ever makes it slower, and the median), training steps per second, seconds to fit the sampler.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"


def measure(preset_name: str, cohort_path: Path, epochs: int, root: Path) -> dict:
    """Train for a few epochs and say how long everything took."""
    from abr_model.configuration import load_preset
    from abr_model.runs.run import Run
    from abr_model.training.fit import fit

    run = Run.create(root, load_preset(preset_name), cohort_path, epochs=epochs)
    marks: list[tuple[str, float]] = []

    def on_event(event: dict) -> None:
        row = event.get("row")
        if row is None and "done" not in event:
            marks.append((event["stage"], time.perf_counter()))
        elif row is not None and row["kind"] == "epoch":
            marks.append(("epoch", time.perf_counter()))

    fit(run, on_event)
    at = {name: when for name, when in marks if name != "epoch"}
    ends = [at["training"]] + [when for name, when in marks if name == "epoch"]
    seconds = [later - earlier for earlier, later in itertools.pairwise(ends)]
    status = run.status
    return {
        "preset": preset_name,
        "training_recordings": status["recordings"]["train"],
        "seconds_per_epoch_fastest": round(min(seconds), 2),
        "seconds_per_epoch_median": round(statistics.median(seconds), 2),
        "steps_per_second": round(status["steps_per_epoch"] / min(seconds), 1),
        "sampler_seconds": round(at["measuring on held-out recordings"] - at["fitting the sampler"], 1),
    }


def main() -> None:
    """Measure the presets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["reference", "default"])
    parser.add_argument("--patients", type=int, default=2043)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    asked = parser.parse_args()

    import torch

    from abr_model.sources.simulator import simulate

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = simulate(patients=asked.patients, seed=asked.seed).write(Path(folder) / "cohort.parquet")
        for preset in asked.presets:
            print(json.dumps(measure(preset, path, asked.epochs, Path(folder) / "runs")), flush=True)


if __name__ == "__main__":
    main()
