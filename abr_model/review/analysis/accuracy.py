"""How often reviewers are right, with intervals that know that answers to one item are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta, binomtest

REVIEWERS_AS_A_SAMPLE = 5
"""With fewer reviewers the interval holds for these reviewers; from so many on, for reviewers like them."""


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers, the mean of both kinds of item: 0.5 is chance whatever the shares.

    ``n`` answers count like ``effective`` independent ones; ``interval`` is the 95 %, ``narrow`` the 90 % interval.
    ``of`` says what the interval holds for.
    """

    value: float
    n: int
    effective: float
    interval: tuple[float, float]
    narrow: tuple[float, float]
    of: str


def wilson(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) interval of a proportion."""
    low, high = binomtest(right, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def clopper_pearson(right: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934); ``n`` need not be whole."""
    tail = (1 - confidence) / 2
    low = 0.0 if right <= 0 else float(beta.ppf(tail, right, n - right + 1))
    high = 1.0 if right >= n else float(beta.ppf(1 - tail, right + 1, n - right))
    return low, high


def against_chance(right: int, n: int) -> float:
    """Exact two-sided p of ``right`` answers of ``n`` where each is a coin."""
    return float(binomtest(right, n, 0.5).pvalue)


def accuracy(table: pd.DataFrame) -> Accuracy | None:
    """Accuracy of :func:`~abr_model.review.analysis.judgements.judgements` (first presentations are counted alone).

    The interval is Clopper and Pearson's with the effective number of answers (Korn & Graubard 1998). The variance
    behind that number clusters by item, from five reviewers on by item and reviewer (Cameron, Gelbach & Miller 2011).
    None where one of the two kinds has no answer.
    """
    first = table[table["repeat"] == 0]
    kinds = first["generated"].to_numpy()
    if not kinds.any() or kinds.all():
        return None
    right = first["correct"].to_numpy(dtype=float)
    share = np.where(kinds, right[kinds].mean(), right[~kinds].mean())
    weight = np.where(kinds, 0.5 / kinds.sum(), 0.5 / (~kinds).sum())
    value = float(right[kinds].mean() + right[~kinds].mean()) / 2
    residual = pd.Series(weight * (right - share), index=first.index)
    reviewers, items = first["reviewer"].nunique(), first["item"].nunique()
    variance, of = _clustered(residual, first["item"]), "these reviewers"
    if reviewers >= REVIEWERS_AS_A_SAMPLE:
        both = variance + _clustered(residual, first["reviewer"]) - float((residual**2).sum())
        variance, of = max(both, variance), "reviewers like these"
    n = len(first)
    # where every answer is right, nothing varies: then an item counts once
    effective = min(n, value * (1 - value) / variance) if variance > 1e-12 else items
    effective = max(effective, 1.0)
    return Accuracy(
        value,
        n,
        float(effective),
        clopper_pearson(value * effective, effective),
        clopper_pearson(value * effective, effective, 0.90),
        of,
    )


def _clustered(residual: pd.Series, clusters: pd.Series) -> float:
    sums = residual.groupby(clusters).sum()
    groups = len(sums)
    return float((sums**2).sum()) * (groups / (groups - 1) if groups > 1 else 1.0)
