"""The rows of a design: conditions of any stretch of them, worked out when asked for, so that millions need no room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.generation.conditions import check_conditions
from abr_model.schema import CONDITION_NAMES

MOST_ROWS = 1_000_000_000
"""Most recordings of one design; a typing error is likelier beyond it."""
LOOK = 65_536
"""Rows looked at together."""


class DesignRows(ABC):
    """N conditions, one per recording to generate; the same row is the same condition whoever asks, and how."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def at(self, start: int, stop: int) -> pd.DataFrame:
        """Rows ``start`` to ``stop`` (0 ≤ start ≤ stop ≤ N): columns :data:`CONDITION_NAMES`, checked."""

    def blocks(self, size: int = LOOK) -> Iterator[tuple[int, pd.DataFrame]]:
        """All rows, ``size`` at a time: the position of the first one, and the conditions."""
        for start in range(0, len(self), size):
            yield start, self.at(start, min(start + size, len(self)))


class RepeatedRows(DesignRows):
    """The rows of a table, each as often as it says; the recordings of one row follow one another.

    Parameters
    ----------
    table
        Conditions, :func:`~abr_model.generation.conditions.check_conditions` has seen them.
    n
        [rows] recordings of each, 1 or more.
    """

    def __init__(self, table: pd.DataFrame, n):
        self._table = check_conditions(table)
        self._ends = np.cumsum(np.asarray(n, dtype=np.int64))
        check_count(int(self._ends[-1]) if len(self._ends) else 0)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def at(self, start: int, stop: int) -> pd.DataFrame:
        rows = np.searchsorted(self._ends, np.arange(start, stop), side="right")
        return self._table.iloc[rows].reset_index(drop=True)


class ChosenRows(DesignRows):
    """Some rows of another design, ``positions`` [n] ascending."""

    def __init__(self, of: DesignRows, positions: np.ndarray):
        self._of, self._positions = of, positions

    def __len__(self) -> int:
        return len(self._positions)

    def at(self, start: int, stop: int) -> pd.DataFrame:
        wanted = self._positions[start:stop]
        if not len(wanted):
            return self._of.at(0, 0)
        parts = []
        for first in range(0, len(wanted), LOOK):
            some = wanted[first : first + LOOK]
            low, parts_of = int(some[0]), []
            while low <= some[-1]:  # far-apart rows are fetched a stretch at a time
                high = min(low + LOOK, int(some[-1]) + 1)
                here = some[(some >= low) & (some < high)]
                parts_of.append(self._of.at(low, high).iloc[here - low])
                after = some[some >= high]
                low = int(after[0]) if len(after) else int(some[-1]) + 1
            parts += parts_of
        return pd.concat(parts, ignore_index=True)[list(CONDITION_NAMES)]


def check_count(rows: int) -> int:
    """``rows`` where a design may have so many.

    Raises
    ------
    InputError
        None, or too many.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise InputError("the number of recordings is not allowed", value=f"{rows:,}", allowed=f"1 to {MOST_ROWS:,}")
    return rows
