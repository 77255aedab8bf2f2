"""Norms from CSV files: those that come with the product, and those that a person brings."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.norms.norm import MEASURES, TableNorm
from abr_model.schema import INTENSITY, LATENCIES

ROW_COLUMNS = ("wave", "level_db_nhl", "mean_ms", "sd_ms", "n")
ABOUT_COLUMNS = ("name", "population", "stimulus", "transducer", "rate_per_s", "reference", "note")
AGE_COLUMNS = ("age_from_years", "age_to_years")
TEMPLATE_COLUMNS = ROW_COLUMNS + AGE_COLUMNS + ABOUT_COLUMNS
REQUIRED = ("wave", "level_db_nhl", "mean_ms", "sd_ms", "name", "population")
MOST_ROWS = 2_000
LONGEST_TEXT = 400
_LIMITS = {
    "level_db_nhl": (INTENSITY.minimum, INTENSITY.maximum, "dB nHL"),
    "mean_ms": (0.0, LATENCIES[0].maximum, "ms"),
    "sd_ms": (0.0, 5.0, "ms"),
    "n": (1.0, 1e6, "ears"),
    "age_from_years": (0.0, 110.0, "years"),
    "age_to_years": (0.0, 110.0, "years"),
}


def template() -> pd.DataFrame:
    """The table that :func:`read_norm` reads, filled with the norm of Hood 1998: to be overwritten by a person."""
    return pd.read_csv(Path(__file__).with_name("hood_1998.csv"))


def read_norm(content: bytes, file: str) -> TableNorm:
    """A norm from a CSV file (comma, semicolon or tab; decimal point or comma).

    One row for each wave (or interval, ``I-V``) and level: ``wave``, ``level_db_nhl``, ``mean_ms``, ``sd_ms``, ``n``
    (ears with the wave). What it is stands in the first row or in each: ``name``, ``population``, ``stimulus``,
    ``transducer``, ``rate_per_s``, ``reference``, ``note``. ``age_from_years`` and ``age_to_years`` are the ages of the
    population; where they differ between rows, they are age groups with a table each.

    Parameters
    ----------
    content
        The file.
    file
        Its name, for messages.

    Raises
    ------
    InputError
        Not a table, a column that is missing, a value that is not a number, out of range or a wave of another name,
        the same wave and level twice, two different names; says row, column, value and what is allowed.
    """
    table = _table(content, file)
    for column in REQUIRED:
        if column not in table.columns:
            raise InputError("the column is missing", file=file, column=column, allowed=", ".join(TEMPLATE_COLUMNS))
    if table.empty:
        raise InputError("the table has no rows", file=file, allowed="one row for each wave and level")
    about = {column: _one_value(table, column, file) for column in ABOUT_COLUMNS}
    for column in ("name", "population"):
        if not about[column]:
            raise InputError("the norm does not say what it is", file=file, row=1, column=column, allowed="text")
    waves = table["wave"].str.replace("–", "-").str.strip()
    for row, wave in enumerate(waves, start=1):
        if wave not in MEASURES:
            raise InputError(
                "there is no such wave", file=file, row=row, column="wave", value=wave, allowed=", ".join(MEASURES)
            )
    needed = ("level_db_nhl", "mean_ms", "sd_ms")
    numbers = {column: _numbers(table, column, file, column in needed) for column in _LIMITS}
    rows = pd.DataFrame({"wave": waves} | numbers)
    ages = _ages(rows, file)
    _refuse_twice(rows, file)
    about["stimulus"] = about["stimulus"] or "stimulus not stated"
    return TableNorm(rows=rows, ages=ages, **{k: v or _none(k) for k, v in about.items()})


def _none(column: str) -> str | None:
    return None if column in ("transducer", "rate_per_s") else ""


def _table(content: bytes, file: str) -> pd.DataFrame:
    """All cells as text, "" where empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text or not text.strip():
        raise InputError("this is not a CSV table", file=file, allowed="a CSV file with the columns of the template")
    first_line = text.splitlines()[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        records = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, r))]
    except csv.Error as error:
        raise InputError("the file cannot be read as CSV", file=file) from error
    if len(records) > MOST_ROWS + 1:
        raise InputError("the table is too long for a norm", file=file, value=len(records) - 1, allowed=f"{MOST_ROWS}")
    header = [name.strip().lower() for name in records[0]]
    if twice := next((name for name in header if name and header.count(name) > 1), None):
        raise InputError("the column occurs twice", file=file, column=twice)
    for number, record in enumerate(records[1:], start=1):
        if len(record) > len(header) and any(cell.strip() for cell in record[len(header) :]):
            raise InputError(f"the row has {len(record)} cells, the header {len(header)}", file=file, row=number)
    cells = [[c.strip() for c in r[: len(header)]] + [""] * (len(header) - len(r)) for r in records[1:]]
    return pd.DataFrame(cells, columns=header, dtype=object)


def _one_value(table: pd.DataFrame, column: str, file: str) -> str:
    """What a column says once for the whole norm: in its first row, or the same in each."""
    if column not in table.columns:
        return ""
    filled = [(row, value) for row, value in enumerate(table[column], start=1) if value]
    for row, value in filled:
        if value != filled[0][1]:
            raise InputError(
                "this must be the same in all rows", file=file, row=row, column=column, value=value,
                allowed=repr(filled[0][1]),
            )  # fmt: skip
        if len(value) > LONGEST_TEXT:
            raise InputError(
                "the text is too long", file=file, row=row, column=column, allowed=f"{LONGEST_TEXT} letters"
            )
    return filled[0][1] if filled else ""


def _numbers(table: pd.DataFrame, column: str, file: str, needed: bool) -> np.ndarray:
    low, high, unit = _LIMITS[column]
    allowed = f"{low:g} to {high:g} {unit}"
    values = np.full(len(table), np.nan)
    if column not in table.columns:
        return values
    for row, text in enumerate(table[column], start=1):
        if not text and not needed:
            continue
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            problem = "this is not a number" if text else "the value is missing"
            raise InputError(problem, file=file, row=row, column=column, value=text or None, allowed=allowed)
        if not low <= value <= high or (value == 0 and column in ("mean_ms", "sd_ms")):
            raise InputError(
                "the value is out of range", file=file, row=row, column=column, value=text, allowed=allowed
            )
        values[row - 1] = value
    return values


def _ages(rows: pd.DataFrame, file: str) -> tuple[float, float] | None:
    """Youngest and oldest; clears the ages of ``rows`` unless they are groups."""
    first, last = (rows[c] for c in AGE_COLUMNS)
    if (backwards := np.flatnonzero(first >= last)).size:
        row = int(backwards[0]) + 1
        raise InputError("the age group ends before it begins", file=file, row=row, column="age_to_years")
    given = pd.concat([first, last], axis=1).dropna(how="all").drop_duplicates()
    if len(given) > 1:
        if (missing := np.flatnonzero(first.isna() & last.isna())).size:
            row = int(missing[0]) + 1
            raise InputError(
                "the norm has age groups, but this row has no age", file=file, row=row, column="age_from_years"
            )
    else:
        rows[list(AGE_COLUMNS)] = np.nan
    if given.empty:
        return None
    young, old = given["age_from_years"].min(), given["age_to_years"].max()
    return (0.0 if np.isnan(young) else float(young)), (110.0 if np.isnan(old) else float(old))


def _refuse_twice(rows: pd.DataFrame, file: str) -> None:
    twice = rows.duplicated(["wave", "level_db_nhl", *AGE_COLUMNS])
    if twice.any():
        row = int(np.flatnonzero(twice)[0]) + 1
        value = f"{rows['wave'][row - 1]} at {rows['level_db_nhl'][row - 1]:g} dB nHL"
        raise InputError("the wave and level occur twice", file=file, row=row, value=value)
