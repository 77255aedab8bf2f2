"""Columns of numbers that grow by the row: what is appended is copied once, not the whole table every time."""

from __future__ import annotations

import math
from itertools import chain

import numpy as np

_FIRST_CAPACITY = 256


class Columns:
    """Rows of named numbers, a float64 column a name; what a row does not hold, and null, is NaN.

    Lists of numbers (KL of every latent unit) become rows of a matrix under their name.
    """

    def __init__(self):
        self.rows = 0
        self._numbers: dict[str, np.ndarray] = {}
        self._vectors: dict[str, np.ndarray] = {}

    def append(self, columns: dict[str, np.ndarray], rows: int) -> None:
        """Add ``rows`` rows at the end: of each name the numbers [rows] or vectors [rows, length]."""
        end = self.rows + rows
        for name, values in columns.items():
            if values.ndim == 1:
                self._numbers[name] = column = _grown(self._numbers.get(name, np.empty(0)), end)
                column[self.rows : end] = values
            else:
                self._vectors[name] = matrix = _grown(self._widened(name, values.shape[1]), end)
                matrix[self.rows : end, : values.shape[1]] = values
        self.rows = end

    def _widened(self, name: str, length: int) -> np.ndarray:
        matrix = self._vectors.get(name, np.empty((0, length)))
        if matrix.shape[1] >= length:
            return matrix
        wider = np.full((len(matrix), length), np.nan)  # of another network: nobody writes that, but a file may hold it
        wider[:, : matrix.shape[1]] = matrix
        return wider

    def keep(self, mask: np.ndarray) -> None:
        """Keep the rows where ``mask`` [rows] is true."""
        for column in (*self._numbers.values(), *self._vectors.values()):
            its = column[: self.rows][mask[: len(column)]]
            column[: len(its)] = its
            column[len(its) :] = np.nan
        self.rows = int(mask.sum())

    def names(self) -> list[str]:
        """Columns of numbers with a value that is one, in the order in which they first came."""
        return [name for name, column in self._numbers.items() if np.isfinite(column[: self.rows]).any()]

    def column(self, name: str) -> np.ndarray:
        """A copy of a column [rows]; of NaN where there is none of this name."""
        column = self._numbers.get(name)
        # A column that no row has had for a while may be shorter than the others.
        short = np.empty(0) if column is None else column[: self.rows]
        return np.concatenate([short, np.full(self.rows - len(short), np.nan)])

    def matrix(self, name: str) -> np.ndarray:
        """A copy of the lists under a name [rows, length]; [rows, 0] where there are none."""
        matrix = self._vectors.get(name)
        short = np.empty((0, 0)) if matrix is None else matrix[: self.rows]
        return np.concatenate([short, np.full((self.rows - len(short), short.shape[1]), np.nan)])

    def row(self, index: int) -> dict:
        """One row as it was appended; a number that was not there, or no number, is None."""
        row: dict = dict.fromkeys(self._numbers)
        for name, column in self._numbers.items():
            if index < len(column) and np.isfinite(column[index]):
                row[name] = float(column[index])
        for name, matrix in self._vectors.items():
            values = matrix[index] if index < len(matrix) else np.empty(0)
            row[name] = values[np.isfinite(values)].tolist()
        return row


def columns_of(rows: list[dict]) -> dict[str, np.ndarray]:
    """Rows as columns: numbers [N] and, of lists of numbers, vectors [N, length].

    What a row does not hold, and what is no number, is NaN.
    """
    return {name: _column([row.get(name) for row in rows]) for name in dict.fromkeys(chain.from_iterable(rows))}


def _column(values: list) -> np.ndarray:
    try:
        column = np.array(values, dtype=float)  # None becomes NaN
    except (TypeError, ValueError, OverflowError):
        column = _of_mixed(values)
    if column.ndim > 2:
        column = _of_mixed(values)
    column[~np.isfinite(column)] = np.nan
    return column


def _of_mixed(values: list) -> np.ndarray:
    """Vectors that are not in every row or not of one length; or numbers with something else among them."""
    length = max(len(value) if isinstance(value, list) else 0 for value in values)
    if not length:
        return np.array([_number(value) for value in values])
    matrix = np.full((len(values), length), np.nan)
    for row, value in zip(matrix, values, strict=True):
        if isinstance(value, list) and value:
            row[: len(value)] = [_number(number) for number in value]
    return matrix


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _grown(column: np.ndarray, rows: int) -> np.ndarray:
    """``column`` itself when it has room for ``rows``, else a copy of at least twice the size; new places are NaN."""
    if len(column) >= rows:
        return column
    grown = np.full((max(_FIRST_CAPACITY, 2 * len(column), rows), *column.shape[1:]), np.nan)
    grown[: len(column)] = column
    return grown


def thinned(x: np.ndarray, y: np.ndarray, points: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """About ``points`` of a curve: of each bin its smallest and its largest value, so that no peak is lost.

    The first and the last point always stay, so that a thinned curve is as fresh as the whole one. A gap (NaN) stays
    where it fills a bin.

    Parameters
    ----------
    x, y
        [N], ``x`` ascending. Returned as they are when N ≤ ``points``.
    """
    if len(x) <= points:
        return x, y
    size = -(-len(y) // max(1, points // 2 - 1))  # of a bin; two points stay of each
    padded = np.full(-(-len(y) // size) * size, np.nan)
    padded[: len(y)] = y
    bins = padded.reshape(-1, size)
    known, first = np.isfinite(bins), np.arange(len(bins)) * size
    lowest = first + np.where(known, bins, np.inf).argmin(1)
    highest = first + np.where(known, bins, -np.inf).argmax(1)
    places = np.unique(np.concatenate([[0, len(y) - 1], lowest, highest]))
    return x[places], y[places]
