"""Two sets of recordings that a classifier is asked to tell apart, and what it says of rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from abr_model.evaluation.features import CONDITION_FEATURES, Components, condition_numbers, trace_features
from abr_model.evaluation.trace_cnn import fit_trace_cnn

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.evaluation.comparison import Comparison

FOLDS = 5
FEWEST_PATIENTS = 5
FEWEST_RECORDINGS = 40
"""Of each side; with fewer, whether a classifier succeeds is chance."""
MOST = 5_000
"""Recordings of each side at most, so that a large clinic does not take many minutes."""

OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class TwoSamples:
    """Rows of both sets, one after the other.

    Parameters
    ----------
    traces
        [N, T] µV.
    features
        N rows, see :func:`abr_model.evaluation.features.trace_features`; then the conditions, if they are seen.
    conditions
        [N, 4] without missing ones, or [N, 0] where they are not seen.
    is_candidate
        [N] bool: generated (or, for real against real, of the other patients).
    patients
        [N]; folds and resampling go by them.
    """

    traces: np.ndarray
    features: pd.DataFrame
    conditions: np.ndarray
    is_candidate: np.ndarray
    patients: np.ndarray

    @classmethod
    def of_generated(cls, comparison: Comparison, components: Components) -> TwoSamples:
        """Generated and real rows with their conditions, which are the same on both sides; :data:`MOST` at most."""
        (rows,) = _some(comparison, comparison.real)
        conditions, patients = condition_numbers(comparison.real)[rows], comparison.patients[rows]
        return cls._of(
            (comparison.generated.take(rows), comparison.real.take(rows)),
            (patients, patients),
            components,
            np.concatenate([conditions, conditions]),
        )

    @classmethod
    def of_other(cls, comparison: Comparison, components: Components) -> TwoSamples:
        """Recordings of other held-out patients and real rows, without conditions, as many of each as there are of the
        smaller set: an exact age would give the patient away."""
        cohorts = (comparison.other, comparison.real)
        sides = tuple(c.take(rows) for c, rows in zip(cohorts, _some(comparison, *cohorts), strict=True))
        patients = tuple(side.table["patient_id"].to_numpy() for side in sides)
        return cls._of(sides, patients, components, np.empty((2 * len(sides[0]), 0)))

    @classmethod
    def _of(
        cls,
        sides: tuple[Cohort, Cohort],
        patients: tuple[np.ndarray, np.ndarray],
        components: Components,
        conditions: np.ndarray,
    ) -> TwoSamples:
        seen = pd.concat([trace_features(side, components) for side in sides], ignore_index=True)
        for name, values in zip(CONDITION_FEATURES, conditions.T, strict=False):  # none where they are not seen
            seen[name] = values
        return cls(
            np.concatenate([side.waveforms for side in sides]),
            seen,
            _filled(conditions),
            np.repeat([True, False], [len(side) for side in sides]),
            np.concatenate(patients).astype(str),
        )

    @property
    def untold(self) -> str:
        """Why this cannot be answered; empty where it can."""
        for side in (self.is_candidate, ~self.is_candidate):
            patients = len(np.unique(self.patients[side]))
            if patients < FEWEST_PATIENTS or side.sum() < FEWEST_RECORDINGS:
                return (
                    f"{side.sum()} recordings of {patients} patients are too few "
                    f"(at least {FEWEST_RECORDINGS} of {FEWEST_PATIENTS} on each side)"
                )
        return ""

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row positions to learn from and to be asked about; a patient is in one of the two, both sets are in each."""
        yield from StratifiedGroupKFold(FOLDS).split(self.traces, self.is_candidate, self.patients)


def _some(comparison: Comparison, *cohorts: Cohort) -> list[np.ndarray]:
    """As many row positions of each, in order: all of the smallest, or :data:`MOST` at random."""
    n = min(MOST, *(len(cohort) for cohort in cohorts))
    rng = np.random.default_rng([comparison.seed, 961])
    return [np.sort(rng.permutation(len(cohort))[:n]) for cohort in cohorts]


Predict = Callable[[np.ndarray, pd.DataFrame, np.ndarray], np.ndarray]
"""From traces, features and conditions of rows to how sure a classifier is, 0 to 1, that each is a candidate."""
Fit = Callable[[TwoSamples, np.ndarray, int], Predict]
"""From the rows to learn from, and a seed, to a classifier."""


def fit_boosting(samples: TwoSamples, rows: np.ndarray, seed: int) -> Predict:
    """Gradient-boosted trees on the features and conditions."""
    classifier = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.08, max_leaf_nodes=16, random_state=seed)
    classifier.fit(samples.features.to_numpy()[rows], samples.is_candidate[rows])
    return lambda traces, features, conditions: classifier.predict_proba(features.to_numpy())[:, 1]


def fit_logistic(samples: TwoSamples, rows: np.ndarray, seed: int) -> Predict:
    """Logistic regression on the same: what a weighted sum can tell."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000, random_state=seed))
    classifier.fit(_filled(samples.features.to_numpy()[rows]), samples.is_candidate[rows])
    return lambda traces, features, conditions: classifier.predict_proba(_filled(features.to_numpy()))[:, 1]


def fit_cnn(samples: TwoSamples, rows: np.ndarray, seed: int) -> Predict:
    """Convolutions over the trace itself, and the conditions.

    Its schedule is fixed. Stopping early by the loss of a part of the patients made it weaker: the loss on few patients
    rises for some epochs before what tells the sets apart is found.
    """
    classes = samples.is_candidate[rows].astype(int)
    fitted = fit_trace_cnn(samples.traces[rows], samples.conditions[rows], classes, 2, seed)
    return lambda traces, features, conditions: fitted.probabilities(traces, conditions)[:, 1]


@dataclass(frozen=True)
class Judged:
    """What a classifier says of rows that it has not seen.

    Parameters
    ----------
    scores
        [N] how sure it is that a row is a candidate, 0 to 1.
    fitted
        Of each fold, the rows that were asked about and the classifier that had not seen them.
    """

    scores: np.ndarray
    fitted: list[tuple[np.ndarray, Predict]]


def judge(samples: TwoSamples, fit: Fit, seed: int, on_progress: OnProgress | None = None) -> Judged:
    """Every row judged by a classifier that learned from other patients; ``on_progress`` gets the fraction done."""
    scores = np.empty(len(samples.patients))
    fitted = []
    for fold, (learn, ask) in enumerate(samples.folds()):
        predict = fit(samples, learn, seed)
        scores[ask] = predict(samples.traces[ask], samples.features.iloc[ask], samples.conditions[ask])
        fitted.append((ask, predict))
        if on_progress:
            on_progress((fold + 1) / FOLDS)
    return Judged(scores, fitted)


def _filled(numbers: np.ndarray) -> np.ndarray:
    """Missing numbers [N, D] replaced by the mean of the column, for classifiers that need all."""
    known = np.isfinite(numbers)
    sums, counts = np.where(known, numbers, 0).sum(0), known.sum(0)
    return np.where(known, numbers, sums / np.maximum(counts, 1))
