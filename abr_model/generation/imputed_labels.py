"""Wave labels of recordings with the missing ones filled in: from a network's prediction to medians and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from abr_model.label_prediction import LabelPrediction, labels_of_wave
from abr_model.schema import LABEL_NAMES, LABELS, LATENCIES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.label_calibration import LabelCalibration


@dataclass(frozen=True)
class Imputation:
    """Wave labels of N recordings, missing ones filled in; columns in the order of :data:`schema.LABEL_NAMES`.

    Parameters
    ----------
    given
        [N, 6] whether the recording has the label. A given label stays as it is: mean, median, low and high are it.
    mean, median, low, high
        [N, 6], ms and µV; NaN where the model cannot tell (a wave never marked in its training), ``low`` and ``high``
        also where no interval can be given.
    marked
        [N, 6] probability that such a label is marked, NaN where the model does not predict it.
    level
        Share of true marks that the interval is to cover.
    interval
        Per label where its interval comes from: ``"calibrated"`` on held-out recordings, the ``"model"``'s own SD, or
        ``"none"``.
    note
        The same for a reader, in a sentence.
    """

    given: np.ndarray
    mean: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    marked: np.ndarray
    level: float
    interval: tuple[str, ...]
    note: str

    def table(self, cohort: Cohort) -> pd.DataFrame:
        """One row per recording and label that the recording lacks: ``recording_id``, ``label``, ``unit``, ``mean``,
        ``median``, ``low``, ``high``, ``marked``, ``interval``."""
        rows, labels = np.nonzero(~self.given)
        columns = {name: getattr(self, name)[rows, labels] for name in ("mean", "median", "low", "high", "marked")}
        return pd.DataFrame(
            {
                "recording_id": cohort.table["recording_id"].to_numpy()[rows],
                "label": np.array(LABEL_NAMES)[labels],
                "unit": np.array([c.unit for c in LABELS])[labels],
                **columns,
                "interval": np.array(self.interval)[labels],
            }
        )


def imputation(
    predicted: LabelPrediction,
    labels: np.ndarray,
    shown: np.ndarray,
    level: float,
    calibration: LabelCalibration | None,
    cohort: Cohort,
) -> Imputation:
    """From a prediction to labels with intervals: ``labels`` [N, 6] are given where they are numbers, ``shown`` [N, 6]
    says which of them the network saw, ``cohort`` has the model's time axis."""
    arrays = {name: np.full(labels.shape, np.nan) for name in ("mean", "median", "low", "high")}
    sources = []
    for label in range(labels.shape[1]):
        other_shown = shown[:, next(k for k in labels_of_wave(label) if k != label)]
        known = calibration and calibration.of(label, True)
        centre, scale = predicted.mean[:, label], predicted.scale[:, label]
        if known:
            sources.append("calibrated")
            columns = _calibrated(predicted, label, other_shown, level, calibration)
        elif np.isfinite(predicted.sd[:, label]).any():
            sources.append("model")
            columns = (centre, centre, norm.ppf(0.5 + level / 2) * scale)
        else:
            sources.append("none")
            columns = (centre, centre, np.full_like(centre, np.nan))
        mean, median, distance = columns
        arrays["mean"][:, label], arrays["median"][:, label] = mean, median
        arrays["low"][:, label], arrays["high"][:, label] = median - distance, median + distance
    latest = cohort.time_ms[-1]
    for name, values in arrays.items():
        values[:, : len(LATENCIES)] = np.clip(values[:, : len(LATENCIES)], 0, latest)
        arrays[name] = np.where(np.isfinite(labels), labels, values)
    marked = np.full(labels.shape, np.nan) if predicted.marked is None else predicted.marked
    return Imputation(
        np.isfinite(labels), **arrays, marked=marked, level=level, interval=tuple(sources), note=_note(sources)
    )


def _calibrated(predicted, label, other_shown, level, calibration):
    """Mean, median and half width [N] each."""
    centre, scale = predicted.mean[:, label], predicted.scale[:, label]
    difficulty = predicted.difficulty[:, label]
    known, alone = calibration.of(label, True), calibration.of(label, False)

    def errors(of) -> np.ndarray:
        return scale * np.where(other_shown, of(known), of(alone))

    return (
        centre + errors(lambda e: e.mean_at(difficulty)),
        centre + errors(lambda e: e.median_at(difficulty)),
        errors(lambda e: e.distance_at(difficulty, level)),
    )


def _note(sources: list[str]) -> str:
    if "none" in sources:
        return "The model has learned no SD of wave labels and carries no calibration: no interval can be given."
    if "model" in sources:
        return "Not calibrated: the interval is the model's own, which takes every label's errors as Gaussian."
    return "The interval is calibrated on held-out recordings of the model's training cohort."
