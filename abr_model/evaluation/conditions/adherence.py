"""Condition adherence: can what was asked for be read back from a generated trace as well as from a recorded one?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.bootstrap import patient_intervals
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.conditions.cell_grid import FEWEST_PATIENTS, SMALLEST_CELL
from abr_model.evaluation.features import CONDITION_FEATURES, Components, condition_numbers
from abr_model.evaluation.score import Interval, Score, Section
from abr_model.schema import HEARING_LOSS_CODES, HEARING_LOSSES

KEY, TITLE = "adherence", "Condition adherence"
SOURCE = "read back from the trace by gradient boosting that has learned on recorded traces of other patients"
COMPONENTS = 30
FEWEST_TRAINING = 100
BETTER = "near limit"
"""A trace that is read better than a recorded one is a caricature of its condition."""
READ = (("level", "Level", "dB"), ("log age", "Log-age", ""), ("stimulus rate", "Stimulus rate", "/s"))
"""Conditions that are numbers: name in the features, in words, and unit. Log-age is log(years + 0.1)."""


def adherence_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Read level, age, rate and hearing class back from traces.

    Readers learn on the recorded traces of the training patients (30 principal components) and are asked on the
    generated and on the held-out recordings, whose conditions are the same. The limit is what they read from the
    held-out ones; a generated trace that is read *better* than those is a caricature of its condition.

    Returns
    -------
    Section
        Tables ``numbers`` (a row a condition and figure) and ``classes`` (a row a hearing class: n, share read right).
    """
    told = on_progress or (lambda done: None)
    components = Components(comparison.train.waveforms)
    sides = {"generated": comparison.generated, "held_out": comparison.real}
    seen = {name: components(cohort.waveforms, COMPONENTS) for name, cohort in sides.items()}
    training = components(comparison.train.waveforms, COMPONENTS)
    asked, known = condition_numbers(comparison.real), condition_numbers(comparison.train)
    scores, rows = [], []
    for step, (name, words, unit) in enumerate(READ):
        column = CONDITION_FEATURES.index(name)
        read = _read_number(training, known[:, column], seen, comparison.seed)
        found, row = _number_scores(name, words, unit, asked[:, column], read, comparison)
        scores += found
        rows += row
        told((step + 1) / (len(READ) + 1))
    class_scores, classes = _classes(training, known[:, 3], seen, asked[:, 3], comparison)
    told(1.0)
    return Section(KEY, TITLE, [*scores, *class_scores], {"numbers": pd.DataFrame(rows), "classes": classes})


def _read_number(training: np.ndarray, known: np.ndarray, seen: dict, seed: int) -> dict[str, np.ndarray] | None:
    """[n] of each side as read; None where there is nothing to learn."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = np.isfinite(known)
    if rows.sum() < FEWEST_TRAINING or np.ptp(known[rows]) == 0:
        return None
    reader = HistGradientBoostingRegressor(max_iter=100, learning_rate=0.1, max_leaf_nodes=16, random_state=seed)
    reader.fit(training[rows], known[rows])
    return {name: reader.predict(traces) for name, traces in seen.items()}


def _number_scores(
    name: str, words: str, unit: str, asked: np.ndarray, read: dict | None, comparison: Comparison
) -> tuple[list[Score], list[dict]]:
    """Mean absolute error and explained variance of one condition."""
    key = name.replace(" ", "_")
    rows = np.flatnonzero(np.isfinite(asked))
    patients = comparison.patients[rows]
    told = read is not None and len(rows) >= SMALLEST_CELL and len(np.unique(patients)) >= FEWEST_PATIENTS
    if not told:
        untold = f"too few recordings whose {words.lower()} is known, or all have the same"
        empty = [("mae", f"{words} read back, mean absolute error"), ("r2", f"{words} read back, R²")]
        return [Score(f"adherence_{key}_{k}", w, np.nan, better=BETTER, untold=untold) for k, w in empty], []

    def figures(chosen: np.ndarray) -> np.ndarray:
        truth = asked[rows[chosen]]
        spread = ((truth - truth.mean()) ** 2).sum()
        found = []
        for side in ("generated", "held_out"):
            error = read[side][rows[chosen]] - truth
            found += [np.abs(error).mean(), 1 - (error**2).sum() / spread if spread > 0 else np.nan]
        return np.array(found)

    values = figures(np.arange(len(rows)))
    intervals = patient_intervals(lambda sets: figures(sets[0]), [patients], comparison.seed)
    scores, table = [], []
    for k, (figure, title, of_unit) in enumerate([("mae", "mean absolute error", unit), ("r2", "R²", "")]):
        scores.append(
            _score(f"adherence_{key}_{figure}", f"{words} read back, {title}", values[[k, k + 2]],
                   [intervals[k], intervals[k + 2]], of_unit, len(rows))
        )  # fmt: skip
        table.append(
            {"condition": words, "figure": title, "unit": of_unit, "generated": values[k], "held_out": values[k + 2],
             "n": len(rows)}
        )  # fmt: skip
    return scores, table


def _score(
    key: str, name: str, values: np.ndarray, intervals: list[Interval | None], unit: str, n: int,
    note: str = "",
) -> Score:  # fmt: skip
    words = "limit: read from the held-out recordings of the same conditions"
    return Score(
        key, name, float(values[0]), unit, intervals[0], float(values[1]), intervals[1], better=BETTER, n=n,
        note="; ".join(filter(None, [note, words])), source=SOURCE,
        untold="" if np.isfinite(values[0]) else "all have the same value",
    )  # fmt: skip


def _classes(
    training: np.ndarray, known: np.ndarray, seen: dict, asked: np.ndarray, comparison: Comparison
) -> tuple[list[Score], pd.DataFrame]:
    """Balanced accuracy over the hearing classes that both parts have enough of."""
    name = "Hearing class read back, balanced accuracy"
    judged = [
        k
        for k in range(len(HEARING_LOSS_CODES))
        if _enough(known == k, comparison.train) and _enough(asked == k, comparison.real)
    ]
    if len(judged) < 2:
        untold = f"fewer than two classes with {SMALLEST_CELL} recordings of {FEWEST_PATIENTS} patients"
        return [Score("adherence_class_balanced_accuracy", name, np.nan, better=BETTER, untold=untold)], pd.DataFrame()
    read = _read_class(training, known, judged, seen, comparison.seed)
    rows = np.flatnonzero(np.isin(asked, judged))

    def figures(chosen: np.ndarray) -> np.ndarray:
        truth = asked[rows[chosen]]
        found = []
        for side in ("generated", "held_out"):
            right = read[side][rows[chosen]] == truth
            shares = [right[truth == k].mean() if (truth == k).any() else np.nan for k in judged]
            found += [*shares, float(np.mean(shares))]
        return np.array(found)

    values = figures(np.arange(len(rows)))
    intervals = patient_intervals(lambda sets: figures(sets[0]), [comparison.patients[rows]], comparison.seed)
    sides, every = len(judged) + 1, len(judged)
    words = ", ".join(HEARING_LOSSES[k].label.lower() for k in judged)
    score = _score(
        "adherence_class_balanced_accuracy", name, values[[every, every + sides]],
        [intervals[every], intervals[every + sides]], "", len(rows),
        f"of {words}; by chance {1 / len(judged):.2f}",
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "hearing_loss": [HEARING_LOSS_CODES[k] for k in judged],
            "n": [int((asked == k).sum()) for k in judged],
            "n_training": [int((known == k).sum()) for k in judged],
            "right_generated": values[:every],
            "right_held_out": values[sides : sides + every],
        }
    )
    return [score], table


def _enough(rows: np.ndarray, cohort: Cohort) -> bool:
    return rows.sum() >= SMALLEST_CELL and cohort.table["patient_id"][rows].nunique() >= FEWEST_PATIENTS


def _read_class(
    training: np.ndarray, known: np.ndarray, judged: list[int], seen: dict, seed: int
) -> dict[str, np.ndarray]:
    """[n] class index of each side as read; rare classes weigh as much as frequent ones."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.isin(known, judged)
    reader = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=16, class_weight="balanced", random_state=seed
    )
    reader.fit(training[rows], known[rows].astype(int))
    return {name: reader.predict(traces) for name, traces in seen.items()}
