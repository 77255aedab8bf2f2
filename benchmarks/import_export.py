"""How long an import takes and how much memory: of an export that lies here, or of one that is made for it.

python benchmarks/import_export.py export.xlsx
python benchmarks/import_export.py --make 55237 --kind xlsx [--json result.json]
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SAMPLES, RATE_HZ = 467, 15_000.0
METADATA = (
    *("ID", "Name", "Patient_ID", "Stimulus Side", "Age", "Birth Date", "Frequency", "Gender", "Intensity", "Protocol"),
    *("Stimulus Polarity", "Stimulus Rate", "Stimulus Type", "Sweeps Measured", "Sweeps Rejected", "Test Date"),
    *("Hear Loss - Left", "Hear Loss - Right", "Hear_Loss", "I Latancy", "I Amplitude", "III Latancy"),
    *("III Amplitude", "V Latancy", "V Amplitude", "FMP", "High pass hardware", "Low Pass hardware", "ResNo"),
)


def rows(count: int) -> Iterator[list]:
    """Rows of an Eclipse-shaped export: a bump for wave V in noise; nobody is in it."""
    random = np.random.default_rng(0)
    time_ms = np.arange(SAMPLES) / RATE_HZ * 1000
    for i in range(count):
        person, level = i // 27, 20 + 5 * (i % 12)
        latency = round(8.2 - 0.03 * level, 2)
        trace = 0.3 * np.exp(-(((time_ms - latency) / 0.35) ** 2)) + random.normal(0, 0.05, SAMPLES)
        yield [
            *(i + 1, f"Person {person}", 10_000 + person, ("Right", "Left")[i % 2], round(person % 90 * 0.3, 2)),
            *(
                "2019-01-02",
                "Click",
                ("Female", "Male")[person % 2],
                level,
                "ABR",
                "Alternate",
                33.1,
                "Click",
                2000,
                12,
            ),
            *("2021-03-04", "NORMAL", "NORMAL", "NORMAL", None, None, None, None, latency, 0.42, 3.25, 33, 1500, 38.5),
            *trace.round(6).tolist(),
        ]


def make(count: int, kind: str, folder: Path) -> Path:
    """Write such an export."""
    path, header = folder / f"export.{kind}", [*METADATA, *range(1, SAMPLES + 1)]
    if kind == "csv":
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows(count))
        return path
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("recordings")
    sheet.append(header)
    for row in rows(count):
        sheet.append(row)
    book.save(path)
    return path


def measure(path: Path) -> dict:
    """Import once, in this process; peak memory is that of the process."""
    from abr_model.sources.reading import read_recordings

    resting = _peak_mib()
    wall, processor = time.perf_counter(), time.process_time()
    result = read_recordings(path, sampling_rate_hz=RATE_HZ, start_ms=0, salt=bytes(32))
    return {
        "kind": path.suffix,
        "file_mib": round(path.stat().st_size / 2**20),
        "recordings": len(result.cohort),
        "seconds": round(time.perf_counter() - wall, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "peak_memory_mib": round(_peak_mib()),
        "before_the_import_mib": round(resting),
        "problems": [finding.code for finding in result.report.problems],
    }


def _peak_mib() -> float:
    # Linux counts in KiB, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--make", type=int, metavar="RECORDINGS")
    parser.add_argument("--kind", choices=("csv", "xlsx"), default="csv")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if (options.file is None) == (options.make is None):
        parser.error("a file, or --make RECORDINGS")
    if options.file is not None:
        text = json.dumps(measure(options.file), indent=1)
        if options.json is not None:
            options.json.write_text(text)
        print(text)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = make(options.make, options.kind, Path(folder))
        # In a process of its own: making the file takes memory too.
        more = [] if options.json is None else ["--json", str(options.json)]
        subprocess.run([sys.executable, __file__, str(path), *more], check=True)


if __name__ == "__main__":
    main()
