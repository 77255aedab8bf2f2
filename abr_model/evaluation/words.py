"""Numbers of a scorecard as a person reads them; the same on the screen, in the report and in the model's card."""

from __future__ import annotations

import numpy as np

from abr_model.evaluation.score import Interval, Score

UNTOLD = "–"


def number_words(value: float | None, unit: str = "") -> str:
    """A number with about three digits, and its unit: ``"0.104 ms"``, ``"97.4 %"``, ``"12"``; – where there is none."""
    if value is None or not np.isfinite(value):
        return UNTOLD
    size = abs(value)
    if size >= 100:
        words = f"{value:,.0f}"
    elif size >= 10:
        words = f"{value:.1f}"
    elif size >= 1:
        words = f"{value:.2f}"
    elif size >= 0.01 or size == 0:
        words = f"{value:.3f}"
    elif size >= 0.0001:
        words = f"{value:.4f}"
    else:
        words = f"{value:.1e}"
    return f"{words} {unit}".strip().replace("-", "−")


def interval_words(interval: Interval | None) -> str:
    """``"0.52 to 0.58"``; empty where there is none."""
    return "" if interval is None else f"{number_words(interval[0])} to {number_words(interval[1])}"


def value_words(score: Score) -> str:
    """Value, unit and interval: ``"0.104 ms [0.092 to 0.118]"``; why, where it cannot be told."""
    if not score.is_told:
        return f"cannot be told: {score.untold}" if score.untold else "cannot be told"
    return _with_interval(number_words(score.value, score.unit), score.interval)


def limit_words(score: Score) -> str:
    """Real against real, as :func:`value_words`; – where there is no such thing."""
    return _with_interval(number_words(score.limit, score.unit), score.limit_interval)


def required_words(score: Score) -> str:
    """``"≤ 0.60"``, ``"≥ 92 %"``, ``"0.47 to 0.53"``; empty where nothing is asked."""
    low, high = score.allowed
    if low is not None and high is not None:
        return f"{number_words(low)} to {number_words(high, score.unit)}"
    if high is not None:
        return f"≤ {number_words(high, score.unit)}"
    return f"≥ {number_words(low, score.unit)}" if low is not None else ""


def met_words(met: bool | None) -> str:
    """Met, not met, or that it cannot be told."""
    return {True: "met", False: "not met", None: "cannot be told"}[met]


def _with_interval(words: str, interval: Interval | None) -> str:
    return f"{words} [{interval_words(interval)}]" if interval is not None and words != UNTOLD else words
