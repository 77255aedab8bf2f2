"""How many items a review needs before it can show anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm

ALIKE = 0.1
"""Assumed correlation of two reviewers' answers to one item."""


@dataclass(frozen=True)
class Plan:
    """Items that are needed, each seen by every reviewer."""

    for_equivalence: int
    for_difference: int
    reviewers: int
    margin: float
    power: float

    @property
    def words(self) -> str:
        """For a person who sets up a study."""
        who = "one reviewer" if self.reviewers == 1 else f"{self.reviewers} reviewers"
        low, high = (f"{100 * (0.5 + sign * self.margin):.0f} %" for sign in (-1, 1))
        return (
            f"With {who}, {self.for_equivalence:,} items show that the two kinds are not told apart (right answers "
            f"within {low} to {high}), if they truly are not; {self.for_difference:,} items show {high} to be above "
            f"chance: each with {100 * self.power:.0f} % power."
        )


def plan(reviewers: int, margin: float, power: float = 0.8, alike: float = ALIKE) -> Plan:
    """Items for a given number of reviewers.

    Equivalence: two one-sided tests at 5 % (the 90 % interval within 0.5 ± margin) at a true accuracy of 0.5.
    Difference: a two-sided test at 5 % at a true accuracy of 0.5 + margin. Answers of R reviewers to one item count as
    R / (1 + (R − 1) ``alike``) independent ones.
    """
    z = norm.ppf
    equivalence = (z(0.95) + z((1 + power) / 2)) ** 2 * 0.25 / margin**2
    truly = 0.5 + margin
    difference = ((z(0.975) * 0.5 + z(power) * math.sqrt(truly * (1 - truly))) / margin) ** 2
    each = reviewers / (1 + (reviewers - 1) * alike)
    return Plan(math.ceil(equivalence / each), math.ceil(difference / each), reviewers, margin, power)
