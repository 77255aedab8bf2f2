"""The whole table at a glance: a row for a few hundred recordings, sorted by what one chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.missingness.rates import STUDIED, nullity
from abr_model.schema import COLUMNS_BY_NAME


@dataclass(frozen=True)
class MissingMatrix:
    """Missing values of recordings that were sorted and put into bins.

    Parameters
    ----------
    columns
        [C] names.
    share
        [B, C] share missing in each bin, 0 to 1.
    recordings
        [B] recordings in each bin.
    first, last
        [B] smallest and largest value of the sorting column in each bin: numbers, or text for a class; None where
        it is not known, and without a sorting column.
    complete
        [B] share of recordings with nothing missing in ``columns``.
    """

    columns: tuple[str, ...]
    share: np.ndarray
    recordings: np.ndarray
    first: list
    last: list
    complete: np.ndarray


def missing_matrix(
    table: pd.DataFrame, columns: Sequence[str] = STUDIED, sort_by: str | None = None, bins: int = 160
) -> MissingMatrix:
    """Bins of about equally many recordings, sorted by a column.

    Recordings in which that column is missing come last, in bins of their own. Equal values keep the order of the
    table.

    Parameters
    ----------
    table
        A cohort's table.
    columns
        Columns to look at.
    sort_by
        A column of the table; None keeps the order of the table.
    bins
        Most bins; no bin is empty.

    Raises
    ------
    InputError
        No such column.
    """
    missing = nullity(table, columns)
    number = len(table)
    if sort_by is None:
        order, known = np.arange(number), number
        values = None
    else:
        if sort_by not in table.columns:
            raise InputError("there is no such column to sort by", value=sort_by, allowed=", ".join(table.columns))
        values = _sortable(table[sort_by], sort_by)
        order = np.argsort(values, kind="stable")  # NaN comes last
        known = int(np.isfinite(values).sum())
    edges = _edges(known, number, bins)
    size = np.diff(edges)
    starts = edges[:-1]
    missing = missing[order]
    if not number:
        return MissingMatrix(tuple(columns), np.zeros((0, len(columns))), size[:0], [], [], np.zeros(0))
    counts = np.add.reduceat(missing, starts, axis=0, dtype=float)
    whole = np.add.reduceat(~missing.any(axis=1), starts, dtype=float)
    first, last = _ends(table, sort_by, order, edges, known)
    return MissingMatrix(tuple(columns), counts / size[:, None], size, first, last, whole / size)


def _sortable(column: pd.Series, name: str) -> np.ndarray:
    """Numbers as they are, classes by their rank in the schema, text by the alphabet; NaN where missing."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(float)
    known = COLUMNS_BY_NAME[name].classes if name in COLUMNS_BY_NAME else ()
    classes = list(known) or sorted(column.dropna().unique())
    ranks = pd.Categorical(column, categories=classes).codes.astype(float)
    ranks[ranks < 0] = np.nan
    return ranks


def _edges(known: int, number: int, bins: int) -> np.ndarray:
    """[B+1] boundaries; none lies across the step from known to missing."""
    bins = max(1, min(bins, number))
    of_unknown = 0 if known == number else max(1, round(bins * (number - known) / max(1, number)))
    of_known = max(1, bins - of_unknown) if known else 0
    edges = [np.linspace(0, known, of_known + 1).round(), np.linspace(known, number, of_unknown + 1).round()]
    return np.unique(np.concatenate(edges).astype(int))


def _ends(table: pd.DataFrame, sort_by: str | None, order, edges, known: int) -> tuple[list, list]:
    bins = max(0, len(edges) - 1)
    if sort_by is None:
        return [None] * bins, [None] * bins
    column = table[sort_by]

    def value(position: int):
        return None if position >= known else column.iloc[order[position]]

    return [value(start) for start in edges[:-1]], [value(end - 1) for end in edges[1:]]
