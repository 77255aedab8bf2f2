"""Sums of per-recording numbers by patient, so that resampling patients a few hundred times costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from abr_model.evaluation.bootstrap import patient_intervals
from abr_model.evaluation.score import Interval

Statistic = Callable[[np.ndarray, np.ndarray], float]
"""Of two sets: from the mean over the first's recordings [D] and over the second's [E] of numbers that each has."""


class PatientSums:
    """Mean over recordings, for patients drawn with replacement.

    Parameters
    ----------
    values
        [N, D] numbers of each recording.
    patients
        [N]. Order is by name, as in :func:`codes_of`.
    """

    def __init__(self, values: np.ndarray, patients: np.ndarray):
        values = np.asarray(values, dtype=np.float64).reshape(len(patients), -1)
        codes = codes_of(patients)
        self.patients = int(codes.max()) + 1
        self.recordings = np.bincount(codes).astype(np.float64)
        rows = np.arange(len(codes))
        self.sums = csr_matrix((np.ones(len(codes)), (codes, rows)), shape=(self.patients, len(codes))) @ values

    def mean(self, drawn: np.ndarray | None = None) -> np.ndarray:
        """[D] mean over the recordings of the patients at the positions ``drawn``; None: of every patient once."""
        if drawn is None:
            return self.sums.sum(0) / self.recordings.sum()
        times = np.bincount(drawn, minlength=self.patients)
        return times @ self.sums / (times @ self.recordings)


def codes_of(patients: np.ndarray) -> np.ndarray:
    """[N] position of each row's patient among the names in order."""
    return np.unique(np.asarray(patients).astype(str), return_inverse=True)[1]


def value_and_interval(
    statistic: Statistic,
    first: PatientSums,
    second: PatientSums,
    together: bool,
    seed: int,
    is_size: bool = True,
) -> tuple[float, Interval | None]:
    """A number of two sets, and its interval from resampling patients.

    Parameters
    ----------
    together
        Whether the two sets have the same patients: then they are drawn together. Otherwise each by itself.
    is_size
        Whether it is the size of a difference: then the interval is moved onto the value, because a resampling adds its
        own scatter to it, and ends at 0.
    """
    value = float(statistic(first.mean(), second.mean()))
    names = [np.arange(s.patients).astype(str) for s in ((first,) if together else (first, second))]
    # a name is a row here; patient_intervals sorts the names as text, which only changes who is drawn, not how

    def of_drawn(drawn: list[np.ndarray]) -> np.ndarray:
        return np.array([statistic(first.mean(drawn[0]), second.mean(drawn[-1]))])

    found = patient_intervals(of_drawn, names, seed, values=np.array([value]) if is_size else None)
    if not found or found[0] is None:
        return value, None
    low, high = found[0]
    return value, (max(low, 0.0), max(high, 0.0)) if is_size else (low, high)
