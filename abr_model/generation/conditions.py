"""Conditions that recordings are generated for: checked before a model sees them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from abr_model.age import WEEKS_PER_YEAR
from abr_model.errors import InputError
from abr_model.schema import AGE, COLUMNS_BY_NAME, CONDITION_NAMES, CONDITIONS, HEARING_LOSSES, Column

LARGEST_BATCH = 1_000_000
"""Most recordings in one cohort; at 200 samples these are 0.8 GB."""


def conditions_table(
    age_years: float | Sequence[float],
    intensity_db_nhl: float | Sequence[float],
    stimulus_rate_per_s: float | Sequence[float],
    hearing_loss: str | Sequence[str],
    n: int = 1,
) -> pd.DataFrame:
    """Conditions to generate recordings for, one row per recording.

    Parameters
    ----------
    age_years, intensity_db_nhl, stimulus_rate_per_s, hearing_loss
        Age in years (0 = birth at term), level in dB nHL, stimulus rate per second, hearing-loss class (a code of
        :data:`abr_model.schema.HEARING_LOSS_CODES`). Each one value or a sequence; sequences share one length, single
        values hold for all.
    n
        Recordings per condition; the recordings of one condition follow one another.

    Returns
    -------
    DataFrame
        Columns :data:`abr_model.schema.CONDITION_NAMES`, conditions × n rows.

    Raises
    ------
    InputError
        A value that is missing, not a number or out of range, a class that does not exist, sequences of different
        length, or too many recordings. Names row, column, value and what is allowed.
    """
    given = dict(
        zip(CONDITION_NAMES, (age_years, intensity_db_nhl, stimulus_rate_per_s, hearing_loss), strict=True),
    )
    sequences = {name: list(value) for name, value in given.items() if not isinstance(value, str | Real)}
    lengths = {name: len(value) for name, value in sequences.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            "the conditions have different lengths",
            value=", ".join(f"{name}: {length}" for name, length in lengths.items()),
            allowed="one value, or sequences of one length",
        )
    rows = next(iter(lengths.values()), 1)
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 or rows * n > LARGEST_BATCH:
        raise InputError("the number of recordings is not allowed", value=n, allowed=f"1 to {LARGEST_BATCH:,}")
    table = pd.DataFrame({name: sequences.get(name, [value] * rows) for name, value in given.items()})
    table = check_conditions(table)
    return table.loc[table.index.repeat(n)].reset_index(drop=True)


def check_conditions(table: pd.DataFrame) -> pd.DataFrame:
    """The four condition columns of ``table``, in order and type, every value present and in range.

    Raises
    ------
    InputError
        As :func:`conditions_table`, or a column is missing.
    """
    columns = {}
    for column in CONDITIONS:
        if column.name not in table.columns:
            raise InputError("the column is missing", column=column.name, allowed=column.allowed)
        values = table[column.name]
        columns[column.name] = _classes(values, column) if column.kind == "class" else _numbers(values, column)
    return pd.DataFrame(columns).reset_index(drop=True)


def check_condition(condition: Mapping) -> dict:
    """One condition as a dict of plain values, checked as :func:`conditions_table` does."""
    unknown = sorted(set(condition) - set(CONDITION_NAMES))
    if unknown:
        raise InputError("there is no such condition", column=unknown[0], allowed=", ".join(CONDITION_NAMES))
    values = tuple(condition.items())
    try:
        return dict(_checked(values))
    except TypeError:  # a value that cannot be a key
        return dict(_checked.__wrapped__(values))


@lru_cache(maxsize=256)
def _checked(values: tuple[tuple[str, Any], ...]) -> dict:
    """Kept, because a page asks for the same condition several times a click, and each costs 2 ms."""
    row = check_conditions(pd.DataFrame([dict(values)])).iloc[0]
    return {name: row[name] if name == "hearing_loss" else float(row[name]) for name in CONDITION_NAMES}


def in_words(name: str, value) -> str:
    """A condition's value as a person says it: ``"80 dB nHL"``, ``"3 months"``, ``"newborn"``, ``"Normal hearing"``."""
    column = COLUMNS_BY_NAME[name]
    if column.kind == "class":
        return next((h.label for h in HEARING_LOSSES if h.code == value), str(value))
    if name == AGE.name:
        return age_in_words(value)
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number} {column.unit}"


def age_in_words(years: float) -> str:
    """``"newborn"`` within the first week, weeks and months below two years, then years."""
    if years < 1 / WEEKS_PER_YEAR:
        return "newborn"
    if years < 1.5 / 12:
        weeks = round(years * WEEKS_PER_YEAR)
        return f"{weeks} week{'s' if weeks > 1 else ''}" if abs(years * 12 - 1) > 0.1 else "1 month"
    if years < 1.99:
        return f"{round(years * 12)} months"
    return (f"{years:.0f}" if years >= 10 else f"{years:.1f}".removesuffix(".0")) + " years"


def check_seed(seed: int) -> int:
    """``seed`` as a whole number from 0 to 2⁶³ − 1.

    Raises
    ------
    InputError
        Anything else.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError("the seed is not allowed", value=seed, allowed="a whole number from 0 to 2^63 - 1")
    return int(seed)


def _numbers(values: pd.Series, column: Column) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    within = numbers.between(column.minimum, column.maximum).to_numpy()
    if within.all():
        return numbers
    row = int(np.flatnonzero(~within)[0])
    value = values.iloc[row]
    missing = value is None or (isinstance(value, Real) and math.isnan(value))
    problem = "is missing" if missing else "must be a number" if np.isnan(numbers.iloc[row]) else "is out of range"
    raise InputError(
        f"{column.in_sentence} {problem}",
        row=row + 1,
        column=column.name,
        value=None if missing else value.item() if hasattr(value, "item") else value,
        allowed=column.allowed,
    )


def _classes(values: pd.Series, column: Column) -> pd.Series:
    known = values.isin(column.classes).to_numpy()
    if known.all():
        return values.astype("str")
    row = int(np.flatnonzero(~known)[0])
    value = values.iloc[row]
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    raise InputError(
        f"{column.in_sentence} {'is missing' if missing else 'is not a known class'}",
        row=row + 1,
        column=column.name,
        value=None if missing else value,
        allowed=column.allowed,
    )
