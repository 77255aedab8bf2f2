"""Batches of generated recordings: how many a second, and how much memory at most.

    python benchmarks/batch.py --model MODEL [-n 20000] [--jobs 1 2] [--format parquet] [--training-cohort FILE]
                               [--plain] [--json result.json]

Each way is a process of its own, measured from outside: wall clock, processor time, and the peak of the memory of it
and its workers together (resident set, looked at five times a second). ``--plain`` adds the plain way, side by side:
all recordings in memory by ``generate``, then written by ``export``; whether it holds the same recordings is told. The
conditions are those of a grid: 9 levels, 2 ages, 2 rates, 2 hearing classes. With ``--training-cohort`` near-copies are
looked for. Times hold beside one another only: look at the load of the machine, which is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = 72
GRID = ["--age", "0.25,30", "--intensity", "20:100:10", "--rate", "11.1,33.1", "--hearing-loss", "normal,sensorineural"]
PLAIN = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from abr_model.cli.generate import find_model
from abr_model.generation.designs.grid import GridDesign
from abr_model.generation.export import export
from abr_model.generation.generate import generate
from abr_model.model import TrainedModel
model, n, out = sys.argv[1:]
design = GridDesign(age_years="0.25,30", intensity_db_nhl="20:100:10", stimulus_rate_per_s="11.1,33.1",
                    hearing_loss="normal,sensorineural", n=int(n))
rows = design.rows()
export(generate(TrainedModel.load(find_model(model)), rows.at(0, len(rows)), 7), Path(out))
"""


def measured(command: list[str]) -> dict:
    """Seconds of wall clock and of processors, and the peak of the memory, of a command with all its children."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    process = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, processors = 0, {}
    while process.poll() is None:
        used = 0
        for one in [process, *_children(process)]:
            try:
                used += one.memory_info().rss
                processors[one.pid] = sum(one.cpu_times()[:2])
            except psutil.Error:
                continue
        peak = max(peak, used)
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode()[-2000:])
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(sum(processors.values()), 1),
        "peak_mb": round(peak / 1e6),
    }


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1])
    parser.add_argument("--format", default="parquet", choices=("csv", "parquet"))
    parser.add_argument("--training-cohort", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    each = max(1, round(arguments.n / CONDITIONS))
    recordings = each * CONDITIONS
    result = {"recordings": recordings, "format": arguments.format, "processors": os.cpu_count(), "ways": {}}
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        ways = [("plain", None)] * arguments.plain + [(f"{jobs} jobs", jobs) for jobs in arguments.jobs]
        for name, jobs in ways:
            out = Path(folder) / f"{name.replace(' ', '-')}.{arguments.format}"
            if jobs is None:
                command = [sys.executable, "-c", PLAIN, arguments.model, str(each), str(out)]
            else:
                check = (
                    ["--training-cohort", str(arguments.training_cohort)]
                    if arguments.training_cohort
                    else ["--no-check"]
                )
                command = [
                    *(sys.executable, "-m", "abr_model.cli", "generate", "--model", arguments.model, *GRID),
                    *("-n", str(each), "--seed", "7", "--jobs", str(jobs), "--out", str(out), *check),
                ]
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
            found = measured(command) | {"load_before": round(load, 1), "file_mb": round(out.stat().st_size / 1e6)}
            found["recordings_per_second"] = round(recordings / found["seconds"])
            result["ways"][name] = found
            files[name] = out
            print(f"{name:8}", json.dumps(found), flush=True)
        if arguments.plain and arguments.format == "parquet" and not arguments.training_cohort:
            result["same_recordings"] = _same(*files.values())
            print("the same recordings by every way:", result["same_recordings"])
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _same(first: Path, *others: Path) -> bool:
    """Whether cohort files hold the same recordings, whatever they say of themselves."""
    from abr_model.cohort_storage import read_metadata

    return all(read_metadata(other)["digest"] == read_metadata(first)["digest"] for other in others)


if __name__ == "__main__":
    main()
