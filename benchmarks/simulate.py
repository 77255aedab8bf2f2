"""How fast the simulated clinic is, how much memory it takes, and how near it comes to the published statistics.

python benchmarks/simulate.py [--patients 2043] [--published statistics.json] [--json result.json]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.sources.simulator import simulate

PUBLISHED_CLASSES = {
    "normal": "NORMAL",
    "sensorineural": "SNIK (sensorineural)",
    "conductive": "ITIK (conductive)",
    "total": "TOTAL",
    "neuropathy": "NOROPATI (neuropathy)",
}


def measure(patients: int, seed: int) -> tuple[Cohort, dict]:
    """Simulate once; seconds of wall clock and of processor, recordings per second, peak memory of the process."""
    wall, processor = time.perf_counter(), time.process_time()
    cohort = simulate(patients, seed)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return cohort, {
        "patients": patients,
        "recordings": len(cohort),
        "seconds": round(wall, 2),
        "processor_seconds": round(processor, 2),
        "recordings_per_second": round(len(cohort) / wall),
        "peak_memory_mib": round(peak),
    }


def comparison(cohort: Cohort, published: dict) -> list[tuple[str, float, float]]:
    """Rows of (statistic, published, simulated)."""
    table, export, chosen = cohort.table, published["export"], published["selected"]
    total = export["recordings"]
    age, level, rate = np.floor(table["age_years"]), table["intensity_db_nhl"], table["stimulus_rate_per_s"]
    per_patient = table.groupby("patient_id").size()
    rows = [
        ("recordings", total, len(table)),
        *(
            (f"recordings per patient, {s}", export["recordings_per_patient"][s], getattr(per_patient, s)())
            for s in ("mean", "median", "max")
        ),
        ("age missing, share", export["missing"]["age"] / total, table["age_years"].isna().mean()),
        ("alternating polarity, share", export["polarity"]["Alternate"] / total, _share(table, "alternating")),
    ]
    for name, values, key in (
        ("age, completed years", age, "age_years"),
        ("level, dB nHL", level, "intensity_db_nhl"),
        ("rate, /s", rate, "stimulus_rate_per_s"),
    ):
        rows += [
            (f"{name}, mean", export[key]["mean"], values.mean()),
            (f"{name}, SD", export[key]["sd"], values.std()),
        ]
        rows += [(f"{name}, {q} %", export[key][f"p{q}"], values.quantile(q / 100)) for q in (25, 50, 75)]
    share = table["hearing_loss"].value_counts(normalize=True)
    marked = table[latency_column("V")].notna().groupby(table["hearing_loss"]).mean()
    for code, name in PUBLISHED_CLASSES.items():
        rows.append((f"{code}, share", export["hearing_loss"][name] / total, share.get(code, 0.0)))
        rows.append((f"{code}, V marked", export["wave_v_marked_by_class"][name.split(" ")[0]], marked.get(code, 0.0)))
    fmp = table["fmp"]
    rows += [
        ("Fmp, median", export["fmp"]["median"], fmp.median()),
        ("Fmp, mean", export["fmp"]["mean"], fmp.mean()),
        ("Fmp > 2, share", export["fmp"]["above_2"] / total, (fmp > 2).mean()),
    ]
    kept = (fmp > 1) & (table["stimulus_polarity"] == "alternating") & table["age_years"].notna()
    rows.append(("kept by all rules, share", export["fmp"]["share_above_1_with_all_selection_rules"], kept.mean()))
    for wave in WAVES:
        latency, amplitude = table[latency_column(wave)], table[amplitude_column(wave)]
        rows.append((f"{wave} marked, share", export["latency_ms"][wave]["n"] / total, latency.notna().mean()))
        for where, stats, rule in (("all", export, slice(None)), ("kept", chosen, kept)):
            for name, key, values in (("latency", "latency_ms", latency), ("amplitude", "amplitude_uv", amplitude)):
                numbers = stats[key][wave]
                rows.append((f"{wave} {name}, {where}, mean", numbers["mean"], values[rule].mean()))
                rows.append((f"{wave} {name}, {where}, SD", numbers["sd"], values[rule].std()))
    rows.append(
        ("V marked, kept, share", chosen["latency_ms"]["V"]["present"], table[latency_column("V")][kept].notna().mean())
    )
    rows += [
        ("level, kept, mean", chosen["intensity_db_nhl"]["mean"], level[kept].mean()),
        ("level, kept, SD", chosen["intensity_db_nhl"]["sd"], level[kept].std()),
    ]
    traces = cohort.waveforms[kept.to_numpy(), :200]
    mean, sd = (np.array(chosen["waveform_uv"][k]) for k in ("mean", "sd"))
    rows += [
        ("first 200 samples, all, SD µV", export["first_200_samples_uv"]["sd"], cohort.waveforms[:, :200].std()),
        ("mean trace, kept: correlation", 1.0, np.corrcoef(mean, traces.mean(axis=0))[0, 1]),
        ("mean trace, kept: rms difference µV", 0.0, np.sqrt(np.mean((mean - traces.mean(axis=0)) ** 2))),
        ("SD trace, kept: correlation", 1.0, np.corrcoef(sd, traces.std(axis=0))[0, 1]),
        ("SD trace, kept: rms difference µV", 0.0, np.sqrt(np.mean((sd - traces.std(axis=0)) ** 2))),
    ]
    return [(name, float(a), float(b)) for name, a, b in rows]


def _share(table, polarity: str) -> float:
    return (table["stimulus_polarity"] == polarity).mean()


def main() -> None:
    """Measure, print, and write as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=2043)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--published", type=Path, help="published summary statistics (JSON) to compare with")
    parser.add_argument("--json", type=Path, help="write the result here")
    arguments = parser.parse_args()
    cohort, result = measure(arguments.patients, arguments.seed)
    for name, number in result.items():
        print(f"{name:24}{number:>12,}")
    if arguments.published:
        rows = comparison(cohort, json.loads(arguments.published.read_text()))
        print(f"\n{'statistic':44}{'published':>12}{'simulated':>12}")
        for name, ours, theirs in rows:
            print(f"{name:44}{ours:>12.4g}{theirs:>12.4g}")
        result["comparison"] = [dict(zip(("statistic", "published", "simulated"), row, strict=True)) for row in rows]
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
