"""How fast the logged rows of many long trainings are read: all of them every time, beside only what was appended.

    python benchmarks/history.py [--runs 50] [--rows 20000] [--rounds 5] [--json result.json]

Every run has so many rows. In each round each run gets one row more, as from a trainer; then all runs are read in both
ways, one after the other, and both must give the same curve. "all of it, as a table" parses the whole file, drops what
a resumed training did again and makes a data frame; "what was appended" is abr_model.runs.history.History. Times are
processor time in ms (other work on the machine does not count), medians over the rounds, for all runs together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from made_up_runs import make_runs, rows_of_metrics

from abr_model.runs.history import History, thinned
from abr_model.runs.reading import read_rows, without_abandoned
from abr_model.runs.run import Run


def as_table(run: Run) -> pd.DataFrame:
    """The history of ``run``, read from its start."""
    return pd.DataFrame(without_abandoned(read_rows(run.folder / "metrics.jsonl")[0]))


def append(run: Run, row: int, seed: int) -> None:
    """One row more."""
    (values,) = rows_of_metrics(row, 1, seed)
    with (run.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def timed(times: list[float], do) -> list:
    """What ``do()`` gives; how long it took goes to ``times``, ms."""
    start = time.process_time()
    result = do()
    times.append(1000 * (time.process_time() - start))
    return result


def measure(runs: int, rows: int, rounds: int) -> dict[str, list[float]]:
    """Times of each way to read, ms."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_runs(Path(folder) / "runs", runs, rows)
        histories = [History(run.folder) for run in made]
        times: dict[str, list[float]] = {name: [] for name in NAMES}
        timed(times["first"], lambda: [history.update() for history in histories])
        for round_ in range(rounds):
            for seed, run in enumerate(made):
                append(run, rows + round_, seed)
            changed = timed(times["appended"], lambda: [history.update() for history in histories])
            timed(times["unchanged"], lambda: [history.update() for history in histories])
            curves = timed(
                times["curves"], lambda: [thinned(*history.series("train_loss", "step")) for history in histories]
            )
            tables = timed(times["table"], lambda: [as_table(run) for run in made])
            assert all(changed) and len(curves) == runs
            for history, table in zip(histories, tables, strict=True):
                loss = table.loc[table["kind"] == "step", "train_loss"].to_numpy()
                np.testing.assert_array_equal(history.series("train_loss", "step")[1], loss)
        return times


NAMES = {
    "table": "all of it, as a table",
    "first": "all of it, the first time",
    "appended": "what was appended",
    "unchanged": "nothing was appended",
    "curves": "one curve of each, thinned",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    times = measure(args.runs, args.rows, args.rounds)
    print(f"{args.runs} runs of {args.rows:,} rows{'all runs':>24}{'one run':>10}   ms")
    for name, words in NAMES.items():
        middle = statistics.median(times[name])
        print(f"{words:<32}{middle:>12.1f}{middle / args.runs:>10.3f}")
    if args.json:
        args.json.write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
