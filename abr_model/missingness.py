"""What is missing in a table of recordings, together with what, and where."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from abr_model.errors import InputError
from abr_model.schema import COLUMNS_BY_NAME, CONDITION_NAMES, LABEL_NAMES

STUDIED = CONDITION_NAMES + LABEL_NAMES
"""The columns looked at unless others are named: the four conditions, then the six wave labels."""


def missing_rates(
    table: pd.DataFrame, by: str | pd.Series | None = None, columns: Sequence[str] = STUDIED
) -> pd.DataFrame:
    """How often each column is missing, for all recordings or group by group.

    Parameters
    ----------
    table
        A cohort's table.
    by
        Column to group by, or a grouping of the same length (``pd.cut`` of the level, for one). Recordings whose
        group is missing form a group of their own, shown as NaN.
    columns
        Columns to look at.

    Returns
    -------
    DataFrame
        One row per column (per group and column with ``by``): ``group`` (with ``by``), ``column``, ``label``,
        ``recordings``, ``missing`` (counts) and ``rate`` (0 to 1).
    """
    missing = _missing(table, columns)
    if by is None:
        return _rates(missing)
    if isinstance(by, str):
        if by not in table.columns:
            raise InputError("there is no such column to group by", value=by, allowed=", ".join(table.columns))
        by = table[by]
    if len(by) != len(table):
        raise ValueError(f"a grouping of {len(by)} values for {len(table)} recordings")
    by = by.set_axis(table.index)
    groups = missing.groupby(by, dropna=False, observed=True)
    rates = [_rates(part).assign(group=group) for group, part in groups]
    names = ["group", "column", "label", "recordings", "missing", "rate"]
    return pd.concat(rates, ignore_index=True)[names] if rates else pd.DataFrame(columns=names)


def label_patterns(table: pd.DataFrame, columns: Sequence[str] = STUDIED) -> pd.DataFrame:
    """Which combinations of columns are missing together, most frequent first.

    Returns
    -------
    DataFrame
        One row per combination that occurs: a boolean column per name in ``columns`` (True = missing), ``recordings``
        (count) and ``share`` (0 to 1).
    """
    missing = _missing(table, columns)
    counts = missing.value_counts(sort=False).rename("recordings").reset_index()
    counts["share"] = counts["recordings"] / max(1, len(table))
    return counts.sort_values(["recordings", *columns], ascending=[False, *[True] * len(columns)], ignore_index=True)


def nullity_correlation(table: pd.DataFrame, columns: Sequence[str] = STUDIED) -> pd.DataFrame:
    """Pearson correlation between "is missing" of one column and of another (φ coefficient), symmetric.

    1: missing in the same recordings; −1: one is missing where the other is present. Columns that are missing in all
    recordings or in none have no correlation and are left out.
    """
    missing = _missing(table, columns)
    varying = [name for name in columns if missing[name].any() and not missing[name].all()]
    return missing[varying].astype(float).corr()


def _missing(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    unknown = [name for name in columns if name not in table.columns]
    if unknown:
        raise InputError("there is no such column", column=unknown[0], allowed=", ".join(table.columns))
    return table[list(columns)].isna()


def _rates(missing: pd.DataFrame) -> pd.DataFrame:
    counts = missing.sum()
    return pd.DataFrame(
        {
            "column": list(missing.columns),
            "label": [COLUMNS_BY_NAME[name].label if name in COLUMNS_BY_NAME else name for name in missing.columns],
            "recordings": len(missing),
            "missing": counts.to_numpy(dtype="int64"),
            "rate": counts.to_numpy(dtype="float64") / len(missing) if len(missing) else float("nan"),
        }
    )
