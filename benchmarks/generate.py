"""Generated recordings per second, seconds per exported file, and a slider's time on the server.

    python benchmarks/generate.py --model MODEL --cohort FILE [-n 4000] [--moves 12] [--json result.json]

MODEL is a model folder, a run, or the name of a shipped model; FILE a cohort of the page. One thread; medians of wall
clock and of processor time (a busy machine slows the first only). The time of a slider is that of a whole run of
the Generation page through streamlit.testing, from the new value to three new figures; the browser's drawing comes on
top. "seen" are positions that were visited before.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from abr_model.schema import AGE, INTENSITY

os.environ["OMP_NUM_THREADS"] = "1"
ROOT = Path(__file__).resolve().parents[1]
CONDITION = {"age_years": 0.25, "intensity_db_nhl": 80.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}


def timed(work: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """Median seconds of wall clock and of processor time."""
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return statistics.median(walls), statistics.median(processors)


def batches(folder: Path, n: int) -> dict:
    """Generation and export without the page."""
    from abr_model.generation.conditions import conditions_table
    from abr_model.generation.export import export_bytes
    from abr_model.generation.generate import generate
    from abr_model.generation.response import level_series, response_summary
    from abr_model.model import TrainedModel

    model = TrainedModel.load(folder)
    conditions = conditions_table(**CONDITION, n=n)
    cohort = generate(model, conditions, seed=0)  # the first call warms caches up
    result = {"model": model.model_id, "preset": model.preset.name, "recordings": n}
    for content in ("recording", "response"):
        wall, processor = timed(lambda content=content: generate(model, conditions, 0, content))
        result[f"{content}s_per_second"] = round(n / wall)
        result[f"{content}s_per_processor_second"] = round(n / processor)
    for format in ("csv", "parquet"):
        wall, _ = timed(lambda format=format: export_bytes(cohort, format))
        result[f"{format}_seconds"] = round(wall, 2)
        result[f"{format}_mib"] = round(len(export_bytes(cohort, format)) / 2**20, 1)
    wall, _ = timed(lambda: response_summary(model, CONDITION, 64, 0))
    result["summary_of_64_draws_ms"] = round(1000 * wall, 1)
    wall, _ = timed(lambda: level_series(model, CONDITION, range(0, 105, 5), 24, 0))
    result["level_series_21_x_24_draws_ms"] = round(1000 * wall, 1)
    return result


def slider(folder: Path, cohort: Path, moves: int) -> dict:
    """Runs of the Generation page after a move of the level and of the age slider."""
    import torch
    from streamlit.testing.v1 import AppTest

    from dashboard import session

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as data:
        os.environ["ABR_DATA"] = data
        (Path(data) / "cohorts").mkdir()
        shutil.copy(cohort, Path(data) / "cohorts" / "cohort.parquet")
        shutil.copytree(folder, Path(data) / "pretrained" / "measured")
        session.SHIPPED_MODELS = Path(data) / "none"  # the model to measure is the only one
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=120).run()
        app.switch_page(str(ROOT / "pages" / "3_Generation.py")).run()
        if app.exception or not app.get("plotly_chart"):
            raise SystemExit(f"the page does not run: {app.exception or app.error}")
        levels = [20 + 5 * (i % 13) for i in range(moves)]
        ages = [float(age) for age in (2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 25)][:moves]
        result = {}
        for name, values in (("level_new", levels), ("level_seen", levels), ("age_new", ages)):
            times = []
            for value in values:
                start = time.perf_counter()
                moved = INTENSITY.name if name.startswith("level") else AGE.name
                before = app.session_state["generation_settings"]  # as the page keeps them when a slider is let go
                condition = before.condition | {moved: float(value)}
                app.session_state["generation_settings"] = replace(before, condition=condition)
                app.run()
                times.append(time.perf_counter() - start)
            result[f"{name}_ms"] = round(1000 * statistics.median(times))
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("-n", type=int, default=4000)
    parser.add_argument("--moves", type=int, default=12)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import torch

    from abr_model.cli.generate import find_model

    torch.set_num_threads(1)
    folder = find_model(arguments.model).resolve()
    result = batches(folder, arguments.n) | slider(folder, arguments.cohort.resolve(), arguments.moves)
    for name, value in result.items():
        print(f"{name:32s} {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
