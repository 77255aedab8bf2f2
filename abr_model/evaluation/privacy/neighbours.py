"""Nearest recordings, and nearest recordings of different patients."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

FIRST_LOOK = 8
"""Neighbours looked at first; four times as many where they are all of one patient."""
MOST_AT_ONCE = 2_000_000
"""Neighbours kept in memory at once, all queries of a block together."""


def nearest_distance(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[n] distance of each query [n, D] to the nearest of ``points`` [m, D]."""
    return NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points).kneighbors(queries)[0][:, 0]


def nearest_positions(queries: np.ndarray, points: np.ndarray, n: int) -> np.ndarray:
    """[q, min(n, m)] positions of the nearest of ``points`` [m, D] to each query [q, D], nearest first."""
    neighbours = NearestNeighbors(n_neighbors=min(n, len(points)), algorithm="brute").fit(points)
    return neighbours.kneighbors(queries, return_distance=False)


class PatientNeighbours:
    """The nearest point of all, and the nearest one that is another patient's.

    Parameters
    ----------
    points
        [m, D].
    patients
        [m] whose they are, two patients at least.
    """

    def __init__(self, points: np.ndarray, patients: np.ndarray):
        self.names, self.patients = np.unique(np.asarray(patients).astype(str), return_inverse=True)
        self._neighbours = NearestNeighbors(algorithm="brute").fit(points)
        self._points = len(points)

    def two(self, queries: np.ndarray, without: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Nearest points of two different patients.

        Parameters
        ----------
        queries
            [n, D].
        without
            [n] patients (positions in ``names``) that do not count for a query, such as its own; three patients at
            least are needed then.

        Returns
        -------
        tuple of ndarray
            Positions [n, 2] and distances [n, 2]: of the nearest, and of the nearest one of another patient.
        """
        without = np.full(len(queries), -1) if without is None else without
        position = np.zeros((len(queries), 2), dtype=np.int64)
        distance = np.full((len(queries), 2), np.nan)
        pending, look = np.arange(len(queries)), min(FIRST_LOOK, self._points)
        while len(pending):
            unsettled = []
            for rows in np.array_split(pending, min(len(pending), 1 + len(pending) * look // MOST_AT_ONCE)):
                far, near = self._neighbours.kneighbors(queries[rows], look)
                of = self.patients[near]
                first = (of != without[rows, None]).argmax(1)
                row = np.arange(len(rows))
                other = (of != without[rows, None]) & (of != of[row, first][:, None])
                second = other.argmax(1)
                for column, chosen in enumerate((first, second)):
                    position[rows, column], distance[rows, column] = near[row, chosen], far[row, chosen]
                unsettled.append(rows[~other.any(1)])
            if look == self._points:
                break
            pending, look = np.concatenate(unsettled), min(4 * look, self._points)
        return position, distance
