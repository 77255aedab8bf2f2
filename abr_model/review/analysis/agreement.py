"""Whether reviewers agree with one another, and with themselves."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
from sklearn.metrics import cohen_kappa_score

Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(values: np.ndarray, level: Level) -> float:
    """Krippendorff's α of [reviewers, items], NaN where there is no answer (Krippendorff 2011).

    1 is perfect agreement, 0 what chance gives. NaN where nothing can be said: no item with two answers, or all answers
    the same. Own code, because the package of that name is under a licence that a product cannot take over.
    """
    values = np.asarray(values, dtype=float)
    categories = np.unique(values[np.isfinite(values)])
    if len(categories) < 2:
        return float("nan")
    counts = (values[:, :, None] == categories).sum(axis=0)  # [items, categories]
    answers = counts.sum(axis=1)
    counts, answers = counts[answers >= 2], answers[answers >= 2]
    if not len(counts):
        return float("nan")
    weighted = counts / (answers - 1)[:, None]
    observed = weighted.T @ counts - np.diag(weighted.sum(axis=0))
    totals = observed.sum(axis=0)
    expected = (np.outer(totals, totals) - np.diag(totals)) / (totals.sum() - 1)
    difference = _differences(categories, totals, level)
    by_chance = float((expected * difference).sum())
    return float("nan") if by_chance == 0 else 1 - float((observed * difference).sum()) / by_chance


def _differences(categories: np.ndarray, totals: np.ndarray, level: Level) -> np.ndarray:
    if level == "nominal":
        return 1.0 - np.eye(len(categories))
    if level == "interval":
        return (categories[:, None] - categories[None]) ** 2
    middle = np.cumsum(totals) - totals / 2  # rank of each category; between two of them lie all that are between
    return (middle[:, None] - middle[None]) ** 2


def fleiss_kappa(calls: np.ndarray) -> float:
    """Fleiss' κ (1971) of [reviewers, items] categories, over items that every reviewer answered; NaN without any."""
    calls = np.asarray(calls, dtype=float)
    calls = calls[:, np.isfinite(calls).all(axis=0)]
    reviewers, items = calls.shape
    if reviewers < 2 or not items:
        return float("nan")
    counts = (calls[:, :, None] == np.unique(calls)).sum(axis=0)
    return fleiss_kappa_of_counts(counts)


def fleiss_kappa_of_counts(counts: np.ndarray) -> float:
    """From [items, categories] numbers of reviewers, the same in all for every item."""
    counts = np.asarray(counts, dtype=float)
    reviewers = counts.sum(axis=1)[0]
    agreed = ((counts**2).sum(axis=1) - reviewers) / (reviewers * (reviewers - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return float("nan") if chance == 1 else float((agreed.mean() - chance) / (1 - chance))


def cohen_kappa(one: np.ndarray, other: np.ndarray, weights: str | None = None) -> float:
    """Cohen's κ of two lists of categories, over what both answered; ``"linear"`` or ``"quadratic"`` weights.

    NaN without an answer of both, or where neither ever says anything else.
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any() or len(np.unique(np.concatenate([one[both], other[both]]))) < 2:
        return float("nan")
    return float(cohen_kappa_score(one[both].astype(int), other[both].astype(int), weights=weights))


def pairs(reviewers: list[str]) -> list[tuple[str, str]]:
    """Every two reviewers."""
    return list(combinations(reviewers, 2))
