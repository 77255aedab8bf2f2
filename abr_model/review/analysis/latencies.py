"""How far marked latencies lie apart: Bland and Altman's limits of agreement (1986)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

FEWEST = 3


@dataclass(frozen=True)
class Limits:
    """Differences of two markings in ms, one minus other.

    ``bias`` is their mean, ``lower`` and ``upper`` are bias ± 1.96 SD: 95 % of differences lie between; each with its
    95 % interval. ``n`` pairs.
    """

    n: int
    bias: float
    sd: float
    lower: float
    upper: float
    bias_interval: tuple[float, float]
    lower_interval: tuple[float, float]
    upper_interval: tuple[float, float]


def bland_altman(one: np.ndarray, other: np.ndarray) -> Limits | None:
    """Limits of agreement of pairs [n]; those where one is missing are left out. None with fewer than three pairs."""
    difference = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if n < FEWEST:
        return None
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(t.ppf(0.975, n - 1))
    of_bias = quantile * sd / np.sqrt(n)
    of_limit = quantile * sd * np.sqrt(3 / n)

    def around(value: float, half: float) -> tuple[float, float]:
        return float(value - half), float(value + half)

    lower, upper = bias - 1.96 * sd, bias + 1.96 * sd
    return Limits(n, bias, sd, lower, upper, around(bias, of_bias), around(lower, of_limit), around(upper, of_limit))


def error_of_one(first: np.ndarray, second: np.ndarray) -> float:
    """Dahlberg's error of a single marking, ms: √(Σd²/2n) of waves marked twice by one reviewer; NaN without any."""
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    difference = difference[np.isfinite(difference)]
    return float(np.sqrt((difference**2).sum() / (2 * len(difference)))) if len(difference) else float("nan")
