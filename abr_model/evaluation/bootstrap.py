"""95 % intervals from resampling patients: recordings of one patient are alike, so they come and go together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

DRAWS = 200


def patient_rows(patients: np.ndarray, draws: int, seed: int) -> list[np.ndarray]:
    """Row positions of ``draws`` resamplings of the patients [n] with replacement."""
    names, group = np.unique(np.asarray(patients).astype(str), return_inverse=True)
    order = np.argsort(group, kind="stable")
    of_patient = np.split(order, np.cumsum(np.bincount(group))[:-1])
    rng = np.random.default_rng([seed, 951])
    return [np.concatenate([of_patient[k] for k in rng.integers(len(names), size=len(names))]) for _ in range(draws)]


def patient_interval(
    statistic: Callable[[np.ndarray], float], patients: np.ndarray, seed: int, draws: int = DRAWS
) -> tuple[float, float] | None:
    """2.5 and 97.5 percentile of ``statistic`` (of row positions [m]) over resampled patients [n].

    None with fewer than two patients, or where the statistic is a number in fewer than half of the resamplings.
    """
    if len(np.unique(np.asarray(patients).astype(str))) < 2:
        return None
    values = np.array([statistic(rows) for rows in patient_rows(patients, draws, seed)], dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) < draws / 2:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def patient_intervals(
    statistics: Callable[[list[np.ndarray]], np.ndarray],
    patients: list[np.ndarray],
    seed: int,
    draws: int = DRAWS,
    values: np.ndarray | None = None,
) -> list[tuple[float, float] | None]:
    """Intervals of several numbers at once, which may come from several sets of patients.

    Parameters
    ----------
    statistics
        From the row positions of each set to [K] numbers.
    patients
        Of each set, the patient of each row; sets are resampled independently. A generated row comes and goes with
        the real row beside it: that is one set.
    values
        [K] the numbers of all rows; the intervals are then moved so that the median of the resamplings lies on them.
        For sizes of errors: a resampling adds its own scatter to what was already drawn once, so that they come out
        larger than they are, and an interval of them may not even hold the number.

    Returns
    -------
    list
        K intervals as :func:`patient_interval` gives them; empty where a set has fewer than two patients.
    """
    if any(len(np.unique(np.asarray(p).astype(str))) < 2 for p in patients):
        return []
    rows = zip(*(patient_rows(p, draws, seed + k) for k, p in enumerate(patients)), strict=True)
    drawn = np.array([statistics(list(sets)) for sets in rows], dtype=np.float64)
    intervals: list[tuple[float, float] | None] = []
    for k, found in enumerate(drawn.T):
        found = found[np.isfinite(found)]
        if len(found) < draws / 2:
            intervals.append(None)
            continue
        low, middle, high = np.percentile(found, [2.5, 50, 97.5])
        shift = 0.0 if values is None else values[k] - middle
        intervals.append((float(low + shift), float(high + shift)))
    return intervals
