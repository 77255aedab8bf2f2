"""Checks that a table has exactly the columns of :mod:`abr_model.schema`, each in its type and range."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
import pandera.pandas as pa

from abr_model.errors import InputError
from abr_model.schema import COLUMN_NAMES, COLUMNS, COLUMNS_BY_NAME, Column


def _pandera_column(column: Column) -> pa.Column:
    if column.kind == "number":
        return pa.Column("float64", pa.Check.in_range(column.minimum, column.maximum), nullable=True, coerce=False)
    checks = [pa.Check.isin(column.classes)] if column.classes else []
    if column.required:
        checks.append(pa.Check(lambda s: s.str.len() > 0, name="not empty"))
    return pa.Column("str", checks, nullable=not column.required, unique=column.name == "recording_id")


TABLE_SCHEMA = pa.DataFrameSchema({c.name: _pandera_column(c) for c in COLUMNS}, strict=True, ordered=True)


def conform_table(table: pd.DataFrame, file: str | None = None) -> pd.DataFrame:
    """The table with every schema column, in order and in its type; columns left out are added as missing.

    Numbers become float64, text and classes pandas ``str``; infinities are refused, not clipped.

    Raises
    ------
    InputError
        An unknown or missing required column, text in a number column, a value out of range, a class that does
        not exist, a duplicate ``recording_id``. Names column, row (1 = first) and value, and what is allowed.
    """
    unknown = [str(c) for c in table.columns if c not in COLUMNS_BY_NAME]
    if unknown:
        raise InputError(
            "the table has a column that a cohort does not know",
            file=file,
            column=unknown[0],
            allowed=", ".join(COLUMN_NAMES),
        )
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise InputError("the column occurs more than once", file=file, column=twice)
    conformed = {}
    for column in COLUMNS:
        if column.name not in table.columns:
            if column.required:
                raise InputError("the column is missing", file=file, column=column.name)
            conformed[column.name] = pd.Series(
                np.nan if column.kind == "number" else None,
                index=range(len(table)),
                dtype="float64" if column.kind == "number" else "str",
            )
            continue
        values = table[column.name].reset_index(drop=True)
        conformed[column.name] = _as_numbers(values, column, file) if column.kind == "number" else values.astype("str")
    frame = pd.DataFrame(conformed, columns=list(COLUMN_NAMES))
    try:
        return TABLE_SCHEMA.validate(frame, lazy=False)
    except pa.errors.SchemaError as error:
        raise _as_input_error(error, frame, file) from error


def _as_numbers(values: pd.Series, column: Column, file: str | None) -> pd.Series:
    if values.dtype.kind in "bcmMO":  # a truth value, a date or a list is not a number, though pandas can make it one
        usable = values.map(lambda v: isinstance(v, str | Real) and not isinstance(v, bool | np.bool_)).astype(bool)
        numbers = pd.to_numeric(values.astype(object).where(usable), errors="coerce").astype("float64")
    else:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    broken = np.flatnonzero((numbers.isna() & values.notna()).to_numpy() | np.isinf(numbers).to_numpy())
    if len(broken):
        raise InputError(
            f"{column.in_sentence} must be a number",
            file=file,
            row=int(broken[0]) + 1,
            column=column.name,
            value=values.iloc[broken[0]],
            allowed=column.allowed,
        )
    return numbers


def _as_input_error(error: pa.errors.SchemaError, frame: pd.DataFrame, file: str | None) -> InputError:
    """Pandera's finding in the words of a person who looks at their table."""
    name = error.schema.name
    column = COLUMNS_BY_NAME[name]
    cases = error.failure_cases
    index = cases["index"].dropna() if isinstance(cases, pd.DataFrame) and "index" in cases else []
    row = int(index.iloc[0]) if len(index) else None
    value = frame[name].iloc[row] if row is not None else None
    if name == "recording_id" and row is not None and frame[name].duplicated().any():
        problem, allowed = "the recording occurs more than once", "each recording once"
    elif column.required:
        problem, allowed = f"{column.in_sentence} is missing", "every recording has one"
    else:
        problem, allowed = f"{column.in_sentence} is not allowed", column.allowed
        if column.kind == "number":
            problem = f"{column.in_sentence} is out of range"
    return InputError(
        problem,
        file=file,
        row=None if row is None else row + 1,
        column=name,
        value=value.item() if hasattr(value, "item") else value,
        allowed=allowed,
    )
