"""How fast the simulated clinic is and how much memory it takes. How real it is, `abr_model.realism` says.

python benchmarks/simulate.py [--patients 2043] [--seed 0] [--json result.json]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from abr_model.sources.simulator import simulate


def measure(patients: int, seed: int) -> dict:
    """Simulate once; seconds of wall clock and of processor, recordings per second, peak memory of the process."""
    wall, processor = time.perf_counter(), time.process_time()
    cohort = simulate(patients, seed)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "patients": patients,
        "recordings": len(cohort),
        "seconds": round(wall, 2),
        "processor_seconds": round(processor, 2),
        "recordings_per_second": round(len(cohort) / wall),
        "peak_memory_mib": round(peak),
    }


def main() -> None:
    """Measure, print, and write as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=2043)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the result here")
    arguments = parser.parse_args()
    result = measure(arguments.patients, arguments.seed)
    for name, number in result.items():
        print(f"{name:24}{number:>12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
