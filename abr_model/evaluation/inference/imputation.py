"""Wave labels hidden from the model and filled in again: how far off, and whether its intervals hold what they say.

Three situations: one label hidden (the cursor's place is known and not its height, or the reverse), all labels of a
wave, all labels. Only labels that exist can be hidden, so this says how well *marked* waves are filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.features import condition_numbers
from abr_model.evaluation.score import Score, Section
from abr_model.generation.imputed_labels import imputation
from abr_model.generation.inference import calibrate
from abr_model.label_prediction import hidden, labels_of_wave, predict_labels
from abr_model.preparation import model_inputs
from abr_model.schema import LABEL_NAMES, LABELS, WAVES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.evaluation.comparison import Comparison
    from abr_model.label_calibration import LabelCalibration
    from abr_model.model import TrainedModel
    from abr_model.preparation import ModelInputs

LEVEL = 0.9
ALLOWED = (87.0, 93.0)
FEWEST = 20
"""Marks that a number is told from."""
MOST_RECORDINGS = 2000
"""Recordings looked at per situation."""
SITUATIONS = {"one": "one label hidden", "wave": "both labels of the wave hidden", "all": "all labels hidden"}
SOURCE = "Vovk et al. 2005; Papadopoulos et al. 2002 (conformal prediction)"


def imputation_section(
    comparison: Comparison, model: TrainedModel, on_progress: Callable[[float], None] | None = None
) -> Section:
    """Error, coverage and width of imputed labels of the held-out recordings.

    Parameters
    ----------
    comparison
        The generated recordings are not looked at. A model without a calibration of its own is calibrated on ``other``.
    model
        The network under test.
    on_progress
        Called with the fraction done.
    """
    tell = on_progress or (lambda _: None)
    calibration = model.label_calibration
    if calibration is None:
        calibration = calibrate(model, comparison.other, on_progress=lambda done: tell(0.3 * done))
    truth = comparison.real.table[list(LABEL_NAMES)].to_numpy(float)
    found = pd.concat(list(_filled_in(comparison.real, truth, model, calibration, tell)), ignore_index=True)
    yardsticks = _yardsticks(comparison)
    tell(0.95)
    scores = [
        *(_error_score(found, k, yardsticks, comparison.seed) for k in range(len(LABELS))),
        _coverage_score(found, None, comparison.seed),
        *(_coverage_score(found, k, comparison.seed) for k in range(len(LABELS))),
        *(_width_score(found, k, comparison.seed) for k in range(len(LABELS))),
    ]
    tell(1.0)
    return Section("imputation", "A missing wave label filled in", scores, {"situations": _table(found, yardsticks)})


def _filled_in(
    cohort: Cohort, truth: np.ndarray, model: TrainedModel, calibration: LabelCalibration, tell: Callable
) -> Iterator[pd.DataFrame]:
    """A row per hidden label: ``situation``, ``label``, ``patient``, ``error``, ``covered``, ``width`` and, for the
    model's own Gaussian, ``own_covered``, ``own_width`` (NaN where it has none)."""
    inputs = model_inputs(cohort, model.scaling)
    hides = [("one", (k,)) for k in range(len(LABELS))]
    hides += [("wave", labels_of_wave(k)) for k in range(len(WAVES))] + [("all", tuple(range(len(LABELS))))]
    for step, (situation, taken) in enumerate(hides):
        rows = np.flatnonzero(np.isfinite(truth[:, list(taken)]).any(1))
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_RECORDINGS)).astype(int))]
        if len(rows):
            yield _hide(cohort.take(rows), inputs[rows], truth[rows], model, calibration, taken).assign(
                situation=situation
            )
        tell(0.3 + 0.6 * (step + 1) / len(hides))
    yield pd.DataFrame(
        columns=["situation", "label", "patient", "error", "covered", "width", "own_covered", "own_width"]
    )


def _hide(
    cohort: Cohort,
    inputs: ModelInputs,
    truth: np.ndarray,
    model: TrainedModel,
    calibration: LabelCalibration,
    taken: tuple[int, ...],
) -> pd.DataFrame:
    shown = hidden(inputs, taken)
    predicted = predict_labels(model.network, model.scaling, shown, reading=model.label_reading)
    left = truth.copy()
    left[:, list(taken)] = np.nan
    seen = shown.mask.numpy() > 0
    filled = imputation(predicted, left, seen, LEVEL, calibration, cohort)
    own = imputation(predicted, left, seen, LEVEL, None, cohort)
    patients = cohort.table["patient_id"].to_numpy()
    parts = []
    for k in taken:
        at = np.isfinite(truth[:, k])
        marks = truth[at, k]
        part = {"label": k, "patient": patients[at], "error": np.abs(filled.median[at, k] - marks)}
        for name, given in (("", filled), ("own_", own)):
            low, high = given.low[at, k], given.high[at, k]
            known = np.isfinite(low) & np.isfinite(high)
            part[f"{name}covered"] = np.where(known, (low <= marks) & (marks <= high), np.nan)
            part[f"{name}width"] = high - low
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def _yardsticks(comparison: Comparison) -> pd.DataFrame:
    """Mean absolute error per label of what knows no trace: gradient boosting on the conditions, the training mean."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    known, asked = condition_numbers(comparison.train), condition_numbers(comparison.real)
    rows = []
    for name in LABEL_NAMES:
        learned, marks = (c.table[name].to_numpy(float) for c in (comparison.train, comparison.real))
        have, there = np.isfinite(learned), np.isfinite(marks)
        row = {"conditions": np.nan, "training_mean": np.nan}
        if have.sum() >= FEWEST and there.any():
            trees = HistGradientBoostingRegressor(loss="absolute_error", max_iter=100, random_state=comparison.seed)
            guess = trees.fit(known[have], learned[have]).predict(asked[there])
            row = {
                "conditions": np.abs(guess - marks[there]).mean(),
                "training_mean": np.abs(learned[have].mean() - marks[there]).mean(),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _of(found: pd.DataFrame, label: int | None, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Values and patients: of one label hidden alone, or (None) of all labels in all situations."""
    kept = found if label is None else found[(found["situation"] == "one") & (found["label"] == label)]
    values = kept[column].to_numpy(float)
    there = np.isfinite(values)
    return values[there], kept["patient"].to_numpy()[there]


def _score(key: str, name: str, unit: str, values: np.ndarray, patients: np.ndarray, seed: int, **more) -> Score:
    if len(values) < FEWEST:
        why = f"fewer than {FEWEST} held-out recordings have it, or the model cannot tell"
        return Score(key, name, np.nan, unit, n=len(values), untold=why, **more)
    interval = patient_interval(lambda rows: float(values[rows].mean()), patients, seed)
    return Score(key, name, float(values.mean()), unit, interval=interval, n=len(values), **more)


def _error_score(found: pd.DataFrame, label: int, yardsticks: pd.DataFrame, seed: int) -> Score:
    column, beside = LABELS[label], yardsticks.iloc[label]
    note = (
        f"Median of the imputation, this label alone hidden. Gradient boosting on the conditions misses by "
        f"{beside['conditions']:.3g}, the training mean by {beside['training_mean']:.3g} {column.unit}."
    )
    name = f"{column.label} filled in, mean absolute error"
    return _score(f"imputation_mae_{column.name}", name, column.unit, *_of(found, label, "error"), seed, note=note)


def _coverage_score(found: pd.DataFrame, label: int | None, seed: int) -> Score:
    values, patients = _of(found, label, "covered")
    own, _ = _of(found, label, "own_covered")
    what = "all labels, all situations" if label is None else LABELS[label].in_sentence
    gaussian = f" The label's learned SD, taken as Gaussian, would cover {100 * own.mean():.1f} %." if len(own) else ""
    return _score(
        "imputation_coverage" + ("" if label is None else f"_{LABELS[label].name}"),
        f"Marks inside the 90 % interval: {what}",
        "%",
        100 * values,
        patients,
        seed,
        limit=100 * LEVEL,
        allowed=ALLOWED,
        better="near limit",
        of="hidden labels",
        note=f"Interval calibrated on other held-out patients.{gaussian}",
        source=SOURCE,
    )


def _width_score(found: pd.DataFrame, label: int, seed: int) -> Score:
    column = LABELS[label]
    values, patients = _of(found, label, "width")
    name = f"Width of the 90 % interval: {column.in_sentence}"
    own, _ = _of(found, label, "own_width")
    note = f"From the learned SD: {own.mean():.3g} {column.unit}." if len(own) else ""
    return _score(f"imputation_width_{column.name}", name, column.unit, values, patients, seed, note=note)


def _table(found: pd.DataFrame, yardsticks: pd.DataFrame) -> pd.DataFrame:
    """A row per situation and label."""
    rows = []
    for (situation, label), part in found.groupby(["situation", "label"], sort=False):
        label = int(label)
        rows.append(
            {
                "situation": SITUATIONS[situation],
                "label": LABELS[label].label,
                "unit": LABELS[label].unit,
                "hidden_labels": len(part),
                "mean_absolute_error": part["error"].mean(),
                "median_absolute_error": part["error"].median(),
                "coverage_percent": 100 * part["covered"].astype(float).mean(),
                "mean_width": part["width"].mean(),
                "own_coverage_percent": 100 * part["own_covered"].astype(float).mean(),
                "own_mean_width": part["own_width"].mean(),
                "conditions_mean_absolute_error": yardsticks["conditions"].iloc[label],
                "training_mean_absolute_error": yardsticks["training_mean"].iloc[label],
            }
        )
    return pd.DataFrame(rows)
