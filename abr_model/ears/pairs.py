"""Recordings that come from one ear, and batches of them to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_KNOWN = 8
"""Recordings of an ear that it is told from at once."""
SINGLE = 0.5
"""Share of a batch in which one recording stands for the ear: what the page asks most often."""


def ears_of(table: pd.DataFrame) -> np.ndarray:
    """[N] number of the ear of each recording: same patient, same side. Sides that are not known count as one ear
    of a patient."""
    sides = table["ear"].astype(object).where(table["ear"].notna(), "")
    return pd.MultiIndex.from_arrays([table["patient_id"].astype(str), sides]).factorize()[0]


@dataclass(frozen=True)
class EarPairs:
    """The ears of N recordings.

    ``order`` [N] are the recordings ear by ear; ``first`` and ``count`` [E] say where an ear begins in it and how many
    recordings it has; ``targets`` are those that have others of their ear.
    """

    ears: np.ndarray
    order: np.ndarray
    first: np.ndarray
    count: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame) -> EarPairs:
        """From a cohort's table."""
        ears = ears_of(table)
        count = np.bincount(ears) if len(ears) else np.zeros(0, dtype=int)
        first = np.cumsum(count) - count
        targets = np.flatnonzero(count[ears] > 1)
        return cls(ears, np.argsort(ears, kind="stable"), first, count, targets)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``n`` targets [n], recordings of the same ear [n, MOST_KNOWN], never the target itself, and which of those
        count [n, MOST_KNOWN]: one, or some."""
        target = rng.choice(self.targets, n)
        ear = self.ears[target]
        count, first = self.count[ear][:, None], self.first[ear][:, None]
        # One recording's place is left out by counting the places behind it one lower.
        place = np.empty(len(self.ears), dtype=int)
        place[self.order] = np.arange(len(self.ears))
        own = place[target][:, None] - first
        drawn = (rng.random((n, MOST_KNOWN)) * (count - 1)).astype(int)
        known = self.order[first + drawn + (drawn >= own)]
        number = np.where(rng.random(n) < SINGLE, 1, rng.integers(1, MOST_KNOWN + 1, n))
        return target, known, np.arange(MOST_KNOWN)[None] < number[:, None]
