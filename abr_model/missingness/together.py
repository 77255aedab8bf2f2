"""Which values go missing together: patterns, correlation, and the tree that joins columns missing alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.missingness.rates import STUDIED, nullity


def label_patterns(table: pd.DataFrame, columns: Sequence[str] = STUDIED) -> pd.DataFrame:
    """Which combinations of columns are missing together, most frequent first.

    Returns
    -------
    DataFrame
        One row per combination that occurs: a boolean column per name in ``columns`` (True = missing), ``recordings``
        (count) and ``share`` (0 to 1).
    """
    missing = nullity(table, columns)
    weights = 1 << np.arange(missing.shape[1], dtype=np.int64)[::-1]  # a pattern as one number: counting is a sort
    number, counts = np.unique(missing @ weights, return_counts=True)
    patterns = pd.DataFrame((number[:, None] & weights) > 0, columns=list(columns))
    patterns["recordings"] = counts
    patterns["share"] = counts / max(1, len(table))
    return patterns.sort_values(["recordings", *columns], ascending=[False, *[True] * len(columns)], ignore_index=True)


def nullity_correlation(table: pd.DataFrame, columns: Sequence[str] = STUDIED) -> pd.DataFrame:
    """Pearson correlation between "is missing" of one column and of another (φ coefficient), symmetric.

    1: missing in the same recordings; −1: one is missing where the other is present. Columns that are missing in all
    recordings or in none have no correlation and are left out.
    """
    missing = nullity(table, columns)
    varying = missing.any(axis=0) & ~missing.all(axis=0)
    names = [name for name, varies in zip(columns, varying, strict=True) if varies]
    if not names:
        return pd.DataFrame()
    phi = np.atleast_2d(np.corrcoef(missing[:, varying].astype(np.float32), rowvar=False, dtype=np.float64))
    return pd.DataFrame(np.clip(phi, -1, 1), names, names)


def same_nullity(table: pd.DataFrame, columns: Sequence[str] = STUDIED) -> list[tuple[str, ...]]:
    """Columns that are missing in exactly the same recordings, joined; only those missing in some and not in all.

    The latency and the amplitude of a wave are mostly one such group: a statement about one holds for the other.
    """
    missing = nullity(table, columns)
    groups: dict[bytes, list[str]] = {}
    for name, column in zip(columns, missing.T, strict=True):
        if column.any() and not column.all():
            groups.setdefault(np.packbits(column).tobytes(), []).append(name)
    return [tuple(names) for names in groups.values()]


@dataclass(frozen=True)
class NullityTree:
    """Which columns are missing alike, joined step by step.

    Parameters
    ----------
    columns
        [C] names in the order of the leaves: those that are joined early lie side by side.
    merges
        [C−1, 4] as :func:`scipy.cluster.hierarchy.linkage` gives them: two clusters, their distance, columns in it.
        Clusters below C are the columns in the order of ``given``.
    given
        [C] names in the order in which ``merges`` counts them.
    """

    columns: tuple[str, ...]
    merges: np.ndarray
    given: tuple[str, ...]


def nullity_tree(correlation: pd.DataFrame) -> NullityTree | None:
    """Hierarchical clustering (average linkage) of columns by 1 − φ.

    Distance 0: missing in the same recordings; 1: unrelated; above 1: rather where the other is known.

    Parameters
    ----------
    correlation
        From :func:`nullity_correlation`.

    Returns
    -------
    NullityTree or None
        None with fewer than two columns.
    """
    if len(correlation) < 2:
        return None
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - correlation.to_numpy(float)
    np.fill_diagonal(distance, 0)
    condensed = squareform((distance + distance.T) / 2, checks=False).clip(0)
    merges = linkage(condensed, method="average", optimal_ordering=True)
    given = tuple(correlation.columns)
    return NullityTree(tuple(given[i] for i in leaves_list(merges)), merges, given)
