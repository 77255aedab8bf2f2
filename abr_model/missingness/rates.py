"""How often a column is missing, for all recordings or group by group, with the uncertainty of that share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.schema import COLUMNS, COLUMNS_BY_NAME, CONDITION_NAMES, LABEL_NAMES, RESPONSES

STUDIED = CONDITION_NAMES + LABEL_NAMES
"""The columns looked at unless others are named: the four conditions, then the six wave labels."""

_CODES = tuple(column.name for column in RESPONSES)
_Z = 1.959964
"""97.5th percentile of the normal distribution: intervals are 95 %."""


def studied_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """:data:`STUDIED`, then the other columns that are known in some recordings and missing in others.

    What was judged of a wave (``response_…``) is not among them: it is a code of its own, see
    :func:`abr_model.missingness.wave_codes`.
    """
    others = [c.name for c in COLUMNS if not c.required and c.name not in (*STUDIED, *_CODES) and c.name in table]
    partly = [name for name in others if 0 < table[name].isna().sum() < len(table)]
    return STUDIED + tuple(partly)


def missing_rates(
    table: pd.DataFrame, by: str | pd.Series | None = None, columns: Sequence[str] = STUDIED
) -> pd.DataFrame:
    """How often each column is missing, for all recordings or group by group.

    Parameters
    ----------
    table
        A cohort's table.
    by
        Column to group by, or a grouping of the same length (:func:`abr_model.missingness.grouping`, or ``pd.cut``).
        Groups come in the order of a categorical, else sorted; recordings whose group is missing form a group of
        their own, shown as NaN, last.
    columns
        Columns to look at.

    Returns
    -------
    DataFrame
        One row per column (per group and column with ``by``): ``group`` (with ``by``), ``column``, ``label``,
        ``recordings``, ``patients``, ``missing`` (counts), ``rate`` (0 to 1) and its 95 % interval ``low``,
        ``high``. Recordings of one patient are alike, so the interval counts patients: Wilson's, with the number
        of recordings divided by the design effect (Korn & Graubard 1998, Survey Methodology 24, 193–201).
    """
    missing = nullity(table, columns)
    group, names = group_numbers(table, by)
    patients = table["patient_id"] if "patient_id" in table.columns else pd.Series(range(len(table)))
    parts = _rates(missing, group, len(names), pd.factorize(patients)[0])
    parts["column"] = list(columns) * len(names)
    parts["label"] = [COLUMNS_BY_NAME[c].label if c in COLUMNS_BY_NAME else c for c in parts["column"]]
    order = ["column", "label", "recordings", "patients", "missing", "rate", "low", "high"]
    if by is None:
        return parts[order]
    parts["group"] = [name for name in names for _ in columns]
    return parts[["group", *order]]


def require_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """That the table has these columns.

    Raises
    ------
    InputError
        A column that the table does not have.
    """
    if unknown := [name for name in columns if name not in table.columns]:
        raise InputError("there is no such column", column=unknown[0], allowed=", ".join(map(str, table.columns)))


def nullity(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """[N, C] bool: which values are missing.

    Raises
    ------
    InputError
        A column that the table does not have.
    """
    require_columns(table, columns)
    if not len(columns):
        return np.zeros((len(table), 0), dtype=bool)
    return np.column_stack([table[name].isna().to_numpy() for name in columns])


def group_numbers(table: pd.DataFrame, by) -> tuple[np.ndarray, list]:
    """Group of each recording as a number, and the names of the groups; missing is the last group, NaN."""
    if by is None:
        return np.zeros(len(table), dtype=int), [None]
    if isinstance(by, str):
        if by not in table.columns:
            raise InputError("there is no such column to group by", value=by, allowed=", ".join(table.columns))
        by = table[by]
    if len(by) != len(table):
        raise ValueError(f"a grouping of {len(by)} values for {len(table)} recordings")
    by = pd.Series(by)
    if isinstance(by.dtype, pd.CategoricalDtype):
        used = by.cat.remove_unused_categories().cat
        group, names = used.codes.to_numpy(), list(used.categories)
    else:
        group, names = pd.factorize(by, sort=True)
        names = list(names)
    if (group < 0).any():
        group, names = np.where(group < 0, len(names), group), [*names, np.nan]
    return group, names


def _rates(missing: np.ndarray, group: np.ndarray, groups: int, patient: np.ndarray) -> pd.DataFrame:
    """Counts and intervals, row by row of (group, column)."""
    number = np.bincount(group, minlength=groups)
    cell, inverse, size = np.unique(
        group.astype(np.int64) * (patient.max(initial=0) + 1) + patient, return_inverse=True, return_counts=True
    )
    cell_group = cell // (patient.max(initial=0) + 1)
    patients = np.bincount(cell_group, minlength=groups)
    parts = []
    for column in range(missing.shape[1]):
        lacking = missing[:, column].astype(np.float64)
        count = np.bincount(group, lacking, minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = count / number
        lacking_of_cell = np.bincount(inverse, lacking, minlength=len(cell))
        apart = (lacking_of_cell - rate[cell_group] * size) ** 2
        low, high = _interval(rate, number, patients, np.bincount(cell_group, apart, minlength=groups))
        parts.append((count, rate, low, high))
    count, rate, low, high = (np.stack(values, axis=1).ravel() if parts else np.empty(0) for values in zip(*parts))  # noqa: B905
    columns = missing.shape[1]
    return pd.DataFrame(
        {
            "recordings": np.repeat(number, columns),
            "patients": np.repeat(patients, columns),
            "missing": count.astype("int64"),
            "rate": rate,
            "low": low,
            "high": high,
        }
    )


def _interval(rate, number, patients, apart) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of [G] shares with the effective number of recordings."""
    with np.errstate(invalid="ignore", divide="ignore"):
        of_patients = patients / (patients - 1) * apart / number**2
        effective = np.minimum(rate * (1 - rate) / of_patients, number)
        # All or none missing: nothing says how alike the recordings of a patient are, so each patient counts once.
        effective = np.where((patients > 1) & (rate > 0) & (rate < 1), effective, np.minimum(patients, number))
        centre = (rate + _Z**2 / (2 * effective)) / (1 + _Z**2 / effective)
        half = _Z / (1 + _Z**2 / effective) * np.sqrt(rate * (1 - rate) / effective + _Z**2 / (4 * effective**2))
    # Rounding must not leave a share of 0 or 1 outside of its own interval.
    return np.clip(np.minimum(centre - half, rate), 0, 1), np.clip(np.maximum(centre + half, rate), 0, 1)
