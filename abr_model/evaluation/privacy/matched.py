"""Training and held-out patients side by side, as many recordings of each, and what is generated for both alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, concatenate
from abr_model.evaluation.comparison import Comparison
from abr_model.schema import CONDITION_NAMES

MOST = 6_000
"""Recordings of each side at most."""


def rows_by_shuffled_patient(patients: np.ndarray, seed: int) -> np.ndarray:
    """[n] all row positions, those of a patient together, the patients in random order."""
    group, names = pd.factorize(np.asarray(patients))
    place = np.random.default_rng([seed, 957]).permutation(len(names))
    return np.argsort(place[group], kind="stable")


@dataclass(frozen=True)
class Matched:
    """Two groups of patients that differ in one thing: the model has learned from the first.

    Parameters
    ----------
    members
        n recordings of training patients, whole patients (but for the last one) in random order.
    outsiders
        n recordings of held-out patients, drawn alike.
    rest
        Recordings of the training patients who are not among ``members``: what an attacker may know of people at large.
    generated
        2n recordings: for the conditions of ``members``, then for those of ``outsiders``. A condition alone is near to
        the recordings that have it; asked of both sides alike, that favours neither.
    """

    members: Cohort
    outsiders: Cohort
    rest: Cohort
    generated: Cohort

    @property
    def both(self) -> np.ndarray:
        """[2n, T] traces of members, then of outsiders."""
        return np.concatenate([self.members.waveforms, self.outsiders.waveforms])

    @property
    def patients(self) -> np.ndarray:
        """[2n] patients of members, then of outsiders: those whose conditions each generated recording has."""
        return np.concatenate([c.table["patient_id"].to_numpy() for c in (self.members, self.outsiders)])

    @property
    def is_member(self) -> np.ndarray:
        """[2n] bool."""
        return np.repeat([True, False], [len(self.members), len(self.outsiders)])


def matched(comparison: Comparison) -> Matched:
    """Members from the training part, outsiders from both held-out parts; at least a third of the training part is left
    over as ``rest``, whatever the sizes.
    """
    held_out = concatenate([comparison.other, comparison.real])
    size = max(1, min(MOST, len(held_out), 2 * len(comparison.train) // 3))
    members, outsiders, rest = _split(comparison.train, held_out, size, comparison.seed)
    conditions = pd.concat([c.table[list(CONDITION_NAMES)] for c in (members, outsiders)], ignore_index=True)
    return Matched(members, outsiders, rest, comparison.generate(conditions, comparison.seed + 1))


def matched_real(comparison: Comparison) -> Matched:
    """The same with recordings of the third group of patients, ``real``, in the place of the generated ones."""
    size = max(1, min(MOST, len(comparison.other), 2 * len(comparison.train) // 3))
    return Matched(*_split(comparison.train, comparison.other, size, comparison.seed), comparison.real)


def _split(train: Cohort, held_out: Cohort, size: int, seed: int) -> tuple[Cohort, Cohort, Cohort]:
    patients = train.table["patient_id"].to_numpy()
    rows = rows_by_shuffled_patient(patients, seed)
    rest = rows[size:][patients[rows[size:]] != patients[rows[size - 1]]]
    outside = rows_by_shuffled_patient(held_out.table["patient_id"].to_numpy(), seed)
    return train.take(rows[:size]), held_out.take(outside[:size]), train.take(rest)
