"""How far the estimate of a training is off: beside a real training of the same, on one thread.

    python benchmarks/estimate.py default reference --patients 300 --epochs 2

Prints, per preset, estimated and measured seconds per epoch, seconds of the sampler's fit, seconds in all, and largest
memory of the trainer; and their ratios, estimated by measured. Seconds are processor seconds of the trainer (what it
takes on a machine with nothing else to do); those by the clock stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
PAUSE_S = 0.01


def train(preset_file: str, cohort: str, root: str) -> dict:
    """Train in this process; seconds and memory as they were."""
    import psutil

    from abr_model.configuration import load_preset
    from abr_model.runs.run import Run
    from abr_model.training.fit import fit

    largest, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(PAUSE_S):
            largest[0] = max(largest[0], psutil.Process().memory_info().rss)

    threading.Thread(target=watch, daemon=True).start()
    marks: dict[str, list[tuple[float, float]]] = {}

    def on_event(event: dict) -> None:
        row = event.get("row")
        if row is None and "done" not in event:
            marks.setdefault(event["stage"], []).append(_now())
        elif row is not None and row["kind"] == "epoch":
            marks.setdefault("epoch", []).append(_now())

    run = Run.create(root, load_preset(preset_file), cohort, exclusive=False)
    fit(run, on_event)
    ended.set()
    epochs = [marks["training"][0], *marks["epoch"]]
    fitted = marks["fitting the sampler"][0], marks["measuring on held-out recordings"][0]
    result = {"recordings": run.status["recordings"], "memory_bytes": largest[0]}
    for name, clock in (("processor", 0), ("clock", 1)):
        result[name] = {
            "seconds_per_epoch": (epochs[-1][clock] - epochs[0][clock]) / (len(epochs) - 1),
            "sampler_seconds": fitted[1][clock] - fitted[0][clock],
            "seconds": _now()[clock],
        }
    return result


def _now() -> tuple[float, float]:
    import psutil

    return time.process_time(), time.time() - psutil.Process().create_time()


def measure(preset_name: str, cohort: Path, epochs: int, root: Path) -> dict:
    """Estimate, then train in a process of its own, as the dashboard does."""
    from abr_model.cohort_file import CohortFile
    from abr_model.configuration import load_preset
    from abr_model.selection import SelectionRules, selected
    from abr_model.training.estimate import estimate

    preset = load_preset(preset_name).changed(training={"epochs": epochs})
    file = root / f"{preset_name}.yaml"
    file.write_text(preset.to_yaml(), encoding="utf-8")
    kept = len(selected(CohortFile.open(cohort), SelectionRules.of(preset.preparation))[0])
    started = time.perf_counter()
    told = estimate(preset, kept)
    took = time.perf_counter() - started
    command = [sys.executable, __file__, "--train", str(file), str(cohort), str(root / "runs")]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    names = ("seconds_per_epoch", "sampler_seconds", "seconds")
    estimated = {name: getattr(told, name) for name in names} | {"memory_bytes": told.memory_bytes}
    measured = found["processor"] | {"memory_bytes": found["memory_bytes"]}
    return {
        "preset": preset_name,
        "recordings": kept,
        "estimated": estimated,
        "measured": measured,
        "measured_by_the_clock": found["clock"],
        "ratio": {name: round(estimated[name] / measured[name], 2) for name in measured if measured[name] > PAUSE_S},
        "seconds_of_the_estimate": round(took, 1),
    }


def main() -> None:
    """Measure the presets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["default", "reference"])
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        print(json.dumps(train(*asked.train)))
        return

    import torch

    from abr_model.sources.simulator import simulate

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        cohort = simulate(patients=asked.patients, seed=asked.seed).write(Path(folder) / "cohort.parquet")
        for preset in asked.presets:
            print(json.dumps(measure(preset, cohort, asked.epochs, Path(folder)), indent=1), flush=True)


if __name__ == "__main__":
    main()
