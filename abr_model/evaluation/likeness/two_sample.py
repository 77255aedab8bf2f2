"""Can a classifier tell generated recordings from held-out ones of the same conditions?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.features import Components
from abr_model.evaluation.likeness.feature_pictures import DRAWN, feature_histograms, feature_weights
from abr_model.evaluation.likeness.telling_features import telling_features
from abr_model.evaluation.likeness.two_samples import (
    Fit,
    Judged,
    OnProgress,
    TwoSamples,
    fit_boosting,
    fit_cnn,
    fit_logistic,
    judge,
)
from abr_model.evaluation.score import Interval, Score, Section

LIMIT_NOTE = (
    "Real against real: recordings of other held-out patients against these, without the conditions, because an exact "
    "age would give the patient away. Nothing is to be found there; the limit differs from 0.5, also downwards, by "
    "scatter between patients."
)
SOURCE = "Lopez-Paz & Oquab 2017, classifier two-sample test"
DISCRIMINATIVE_SOURCE = "Yoon et al. 2019 (TimeGAN), with a convolutional classifier and folds by patient"


@dataclass(frozen=True)
class _Classifier:
    key: str
    name: str
    sees: str
    fit: Fit
    seconds: float
    """About, for the fraction done."""
    highest: float | None = None


CLASSIFIERS = (
    _Classifier(
        "boosting",
        "gradient boosting",
        "Sees 30 principal components, log power in bands, nine simple statistics of the trace, and the conditions.",
        fit_boosting,
        2.5,
        0.60,
    ),
    _Classifier(
        "cnn",
        "convolutional network",
        "Sees the trace itself and the conditions. With fewer than about 1,000 held-out recordings it learns little.",
        fit_cnn,
        19.0,
        0.65,
    ),
    _Classifier("logistic", "logistic regression", "Sees the same numbers as gradient boosting.", fit_logistic, 0.2),
)


def two_sample_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """AUC of telling generated from real rows, by three classifiers, folds by patient; and what they tell them by.

    Both sides have the same conditions row for row, and a generated row belongs to the patient of its real row.

    Parameters
    ----------
    on_progress
        Gets the fraction done; may raise to stop.

    Returns
    -------
    Section
        Tables: ``classifiers`` (AUC and discriminative score of each, with intervals, beside real against real) and
        ``telling_features`` (:func:`abr_model.evaluation.likeness.telling_features.telling_features`); what is drawn
        of the first of them: ``feature_histograms``, ``feature_weights``
        (:mod:`abr_model.evaluation.likeness.feature_pictures`).
    """
    components = Components(comparison.train.waveforms)
    asked = TwoSamples.of_generated(comparison, components)
    other = TwoSamples.of_other(comparison, components)
    progress = _Progress(on_progress, 2 * sum(c.seconds for c in CLASSIFIERS) + 4)
    scores, answers, rows = [], {}, []
    for classifier in CLASSIFIERS:
        found, limit = (
            _Answer.of(samples, classifier.fit, comparison.seed, progress.part(classifier.seconds))
            for samples in (asked, other)
        )
        answers[classifier.key] = found
        rows.append(_row(classifier, found, limit))
        scores.append(
            Score(
                f"two_sample_auc_{classifier.key}",
                f"AUC of telling generated from real, {classifier.name}",
                found.auc,
                interval=found.auc_interval,
                limit=limit.auc,
                limit_interval=limit.auc_interval,
                allowed=(None, classifier.highest),
                n=len(comparison.real),
                note=f"0.5: it cannot. {classifier.sees} {LIMIT_NOTE}",
                source=SOURCE,
                untold=asked.untold,
            )
        )
        if classifier.key == "cnn":
            scores.append(
                Score(
                    "discriminative_score",
                    "Discriminative score, convolutional network",
                    found.discriminative,
                    interval=found.discriminative_interval,
                    limit=limit.discriminative,
                    limit_interval=limit.discriminative_interval,
                    n=len(comparison.real),
                    note="Distance of its accuracy from one half, on patients that it has not seen; 0: it cannot tell.",
                    source=DISCRIMINATIVE_SOURCE,
                    untold=asked.untold,
                )
            )
    tables = {"classifiers": pd.DataFrame(rows)}
    if (judged := answers["boosting"].judged) is not None:
        tables["telling_features"] = telling_features(
            asked, judged, components, comparison.real.time_ms, comparison.seed
        )
        first = list(tables["telling_features"]["feature"][:DRAWN])
        tables["feature_histograms"] = feature_histograms(asked, first)
        tables["feature_weights"] = feature_weights(components, comparison.real.time_ms, first)
    progress.done()
    return Section("two_sample", "Can a classifier tell them apart?", scores, tables)


@dataclass(frozen=True)
class _Answer:
    """How well one classifier answered."""

    judged: Judged | None = None
    auc: float = float("nan")
    auc_interval: Interval | None = None
    discriminative: float = float("nan")
    discriminative_interval: Interval | None = None

    @classmethod
    def of(cls, samples: TwoSamples, fit: Fit, seed: int, on_progress: OnProgress) -> _Answer:
        if samples.untold:
            return cls()
        judged = judge(samples, fit, seed, on_progress)
        auc = RankedScores(judged.scores, samples.is_candidate)
        right = (judged.scores > 0.5) == samples.is_candidate

        def discriminative(rows: np.ndarray | slice) -> float:
            return abs(float(right[rows].mean()) - 0.5)

        return cls(
            judged,
            auc(),
            patient_interval(auc, samples.patients, seed),
            discriminative(slice(None)),
            patient_interval(discriminative, samples.patients, seed),
        )


def _row(classifier: _Classifier, found: _Answer, limit: _Answer) -> dict:
    low, high = found.auc_interval or (np.nan, np.nan)
    limit_low, limit_high = limit.auc_interval or (np.nan, np.nan)
    return {
        "classifier": classifier.name,
        "auc": found.auc,
        "auc_low": low,
        "auc_high": high,
        "auc_real_against_real": limit.auc,
        "auc_real_against_real_low": limit_low,
        "auc_real_against_real_high": limit_high,
        "discriminative_score": found.discriminative,
        "discriminative_score_real_against_real": limit.discriminative,
    }


class _Progress:
    """Fraction done of parts that take different times."""

    def __init__(self, on_progress: OnProgress | None, whole: float):
        self.on_progress, self.whole, self.before = on_progress, whole, 0.0

    def part(self, size: float) -> OnProgress:
        before, self.before = self.before, self.before + size
        return lambda fraction: self._say((before + fraction * size) / self.whole)

    def done(self) -> None:
        self._say(1.0)

    def _say(self, fraction: float) -> None:
        if self.on_progress:
            self.on_progress(fraction)
