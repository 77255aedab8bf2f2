"""Two scorecards on the same held-out recordings: which figures differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.evaluation.score import Interval, Score
from abr_model.evaluation.scorecard import Beside, Scorecard

SOURCE = "method of variance estimates recovery, Zou & Donner 2008"


@dataclass(frozen=True)
class Difference:
    """A figure of one scorecard, and of another beside it.

    Parameters
    ----------
    score
        Of the first.
    other
        Value of the second.
    other_interval
        Its 95 % interval.
    """

    score: Score
    other: float
    other_interval: Interval | None

    @property
    def value(self) -> float:
        """Other − first."""
        return self.other - self.score.value

    @property
    def interval(self) -> Interval | None:
        """95 % interval of the difference, from both intervals as if they were of different patients.

        They are of the same, so that chance goes the same way in both: the true interval is narrower, and what is
        called a difference is one. None where one of the two has no interval.
        """
        own, theirs = self.score.interval, self.other_interval
        if own is None or theirs is None:
            return None
        down = np.hypot(self.other - theirs[0], own[1] - self.score.value)
        up = np.hypot(theirs[1] - self.other, self.score.value - own[0])
        return float(self.value - down), float(self.value + up)

    @property
    def differs(self) -> bool | None:
        """Whether the interval leaves 0 out; None where there is none."""
        found = self.interval
        return None if found is None else not found[0] <= 0.0 <= found[1]

    @property
    def other_is_better(self) -> bool | None:
        """Which way is good; None where both are as good, or nobody said which way is."""
        own, theirs, better = self.score.value, self.other, self.score.better
        if better == "near limit":
            if not np.isfinite(self.score.limit):
                return None
            own, theirs, better = abs(own - self.score.limit), abs(theirs - self.score.limit), "lower"
        if own == theirs or better not in ("lower", "higher"):
            return None
        return bool(theirs < own) if better == "lower" else bool(theirs > own)


def differences(scorecard: Scorecard, other: Beside) -> list[Difference]:
    """Of every figure that both can tell, those that differ beyond their interval first, in the order of the scorecard.

    Whether both were measured on the same recordings is for :meth:`Subject.check_comparable` to say.
    """
    found = []
    for score in scorecard.scores:
        value = other.values.get(score.key)
        if score.is_told and value is not None and np.isfinite(value):
            found.append(Difference(score, float(value), other.intervals.get(score.key)))
    return sorted(found, key=lambda one: {True: 0, False: 1, None: 2}[one.differs])
