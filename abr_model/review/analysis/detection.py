"""How well the two kinds are told apart, whatever a reviewer leans to: d′, criterion, area under the ROC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from abr_model.evaluation.auc import RankedScores


@dataclass(frozen=True)
class Sensitivity:
    """``d_prime`` 0: not told apart; ``criterion`` above 0: leans to "recorded". ``interval`` is the 95 % of d′."""

    d_prime: float
    criterion: float
    interval: tuple[float, float]


def sensitivity(hits: int, generated: int, false_alarms: int, recorded: int) -> Sensitivity:
    """From counts: ``hits`` of ``generated`` items called generated, ``false_alarms`` of ``recorded`` ones.

    Rates are log-linear (Hautus 1995): half an answer more of each sort, so that 0 and 1 give finite numbers. The
    interval is that of Gourevitch and Galanter (1967).
    """
    hit = (hits + 0.5) / (generated + 1)
    false = (false_alarms + 0.5) / (recorded + 1)
    z_hit, z_false = ndtri(hit), ndtri(false)
    d = float(z_hit - z_false)
    variance = sum(
        rate * (1 - rate) / ((n + 1) * _density(z) ** 2)
        for rate, n, z in ((hit, generated, z_hit), (false, recorded, z_false))
    )
    half = float(ndtri(0.975) * np.sqrt(variance))
    return Sensitivity(d, float(-(z_hit + z_false) / 2), (d - half, d + half))


def _density(z: float) -> float:
    return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def rating_auc(ratings: np.ndarray, generated: np.ndarray) -> float:
    """Area under the ROC of ratings [n] (1 surely recorded … 6 surely generated): the probability that a generated
    item is rated higher than a recorded one, equal ratings counting half. NaN with one kind alone."""
    return RankedScores(np.asarray(ratings, dtype=float), np.asarray(generated, dtype=bool))()


def roc_points(ratings: np.ndarray, generated: np.ndarray, steps: int = 6) -> list[tuple[float, float]]:
    """``(false alarms, hits)``, shares of "rated k or higher", from k = steps + 1 (none) down to 1 (all)."""
    ratings, generated = np.asarray(ratings), np.asarray(generated, dtype=bool)
    return [
        (float((ratings[~generated] >= k).mean()), float((ratings[generated] >= k).mean()))
        for k in range(steps + 1, 0, -1)
    ]
