"""A cohort file of a million recordings: opened, filtered, paged and read in parts, beside reading it whole.

python benchmarks/cohort_file.py [--recordings 1000000] [--folder FOLDER] [--json result.json]

The recordings are made up: simulated patients again and again, under new ids and at a slightly other size.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from abr_model.cohort import Cohort
from abr_model.cohort_file import CohortFile
from abr_model.cohort_writer import CohortWriter
from abr_model.exploration.level_means import level_means
from abr_model.filtering import CohortFilter
from abr_model.preparation import SelectionRules
from abr_model.selection import selected
from abr_model.sources.simulator import simulate

PATIENTS_AT_ONCE = 200
PAGE = 200
REPEATS = 10
NEWBORNS = CohortFilter(
    ranges={"age_years": {"maximum": 1.0}, "intensity_db_nhl": {"minimum": 60, "maximum": 80}},
    classes={"hearing_loss": ["normal"]},
)


def write(path: Path, recordings: int) -> dict:
    """Write the cohort, a block of simulated patients at a time."""
    block = simulate(PATIENTS_AT_ONCE, seed=1)
    start = time.perf_counter()
    with CohortWriter(path, block.sampling, block.samples, block.provenance) as writer:
        for number in range(-(-recordings // len(block))):
            part = block.take(np.arange(min(len(block), recordings - writer.recordings)))
            suffix = f"-{number:04d}"
            table = part.table.assign(
                recording_id=part.table["recording_id"] + suffix, patient_id=part.table["patient_id"] + suffix
            )
            writer.write(replace(part, waveforms=part.waveforms * np.float32(1 + number / 1000), table=table))
    seconds = time.perf_counter() - start
    return {"seconds": {"write": seconds}, "file_mb": path.stat().st_size / 1e6, "peak_memory_mib": peak_memory_mib()}


def in_parts(path: Path) -> dict:
    """What the pages do with it."""
    seconds: dict[str, float] = {}

    def timed(name: str, action: Callable, repeats: int = 1):
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            result = action()
            taken.append(time.perf_counter() - start)
        seconds[name] = float(np.median(taken))
        return result

    before = peak_memory_mib()
    cohort = timed("open: table read and checked", lambda: CohortFile.open(path))
    after_opening = peak_memory_mib()
    table = cohort.table
    passed = timed("filter: three conditions", lambda: np.flatnonzero(NEWBORNS.mask(table)), REPEATS)
    timed("table of those that pass", lambda: table.iloc[passed].reset_index(drop=True), REPEATS)
    order = timed("sort all by Fmp", lambda: table["fmp"].sort_values(kind="stable").index.to_numpy())
    timed("one page of 200 rows", lambda: table.iloc[order[5000 : 5000 + PAGE]], REPEATS)
    patients = iter(np.random.default_rng(0).choice(table["patient_id"].unique(), REPEATS, replace=False))
    found = timed("find one patient's recordings", lambda: positions_of(table, next(patients)), REPEATS)
    timed("one patient's traces", lambda: cohort.take(found), REPEATS)
    scattered = np.sort(np.random.default_rng(0).choice(len(cohort), 30, replace=False))
    timed("30 traces from anywhere", lambda: cohort.take(scattered), REPEATS)
    timed("training funnel", lambda: selected(cohort, SelectionRules(), NEWBORNS))
    after_paging = peak_memory_mib()
    timed("mean ± SD by level, every trace", lambda: level_means(cohort))
    timed("compare everything with the checksum", cohort.verify)
    return {
        "recordings": len(cohort),
        "samples": cohort.samples,
        "passed": len(passed),
        "patient": len(found),
        "table_mib": table.memory_usage(deep=True).sum() / 2**20,
        "seconds": seconds,
        "peak_memory_mib": {
            "before": before,
            "open": after_opening,
            "filtered and paged": after_paging,
            "everything streamed": peak_memory_mib(),
        },
    }


def positions_of(table, patient: str) -> np.ndarray:
    """Positions of one patient's recordings."""
    return np.flatnonzero((table["patient_id"] == patient).to_numpy(dtype=bool))


def whole(path: Path) -> dict:
    """All of it in memory."""
    start = time.perf_counter()
    cohort = Cohort.read(path)
    seconds = time.perf_counter() - start
    return {"seconds": {"read whole": seconds}, "recordings": len(cohort), "peak_memory_mib": peak_memory_mib()}


def peak_memory_mib() -> float:
    """Peak resident memory of this process; Linux counts in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def alone(action: Callable, *arguments) -> dict:
    """In a process of its own, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(action, *arguments).result()


def main() -> None:
    """Measure, print, and write as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the file lies meanwhile (1.5 GB); else a temporary folder")
    parser.add_argument("--json", type=Path, help="write the result here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "made-up.parquet"
        result = {
            "written": alone(write, path, arguments.recordings),
            "in parts": alone(in_parts, path),
            "whole": alone(whole, path),
        }
    for part, figures in result.items():
        print(part)
        for name, number in _flat(figures):
            print(f"  {name:58}{number:>14,.3f}" if isinstance(number, float) else f"  {name:58}{number:>14,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


def _flat(figures: dict, before: str = ""):
    for name, number in figures.items():
        if isinstance(number, dict):
            yield from _flat(number, f"{name}: ")
        else:
            yield before + name, number


if __name__ == "__main__":
    main()
