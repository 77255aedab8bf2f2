"""Conditions from a person's own table: CSV or a workbook, its columns and words understood as the import does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from abr_model.errors import InputError
from abr_model.generation.designs.rows import MOST_ROWS, DesignRows, RepeatedRows
from abr_model.schema import AGE, CONDITION_NAMES, CONDITIONS, INTENSITY, Column
from abr_model.sources.columns.fields import CellRules, tidy
from abr_model.sources.columns.guessing import age_unit_of, column_named
from abr_model.sources.columns.mapping import FACTORS
from abr_model.sources.identifying import normalised
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import Sheet
from abr_model.sources.sheets.opening import sheets_of

MOST_CONDITIONS = 100_000
"""Rows of a table; with ``n`` they make as many recordings as one likes."""
COUNT_COLUMN = "n"
_COUNT_WORDS = (
    "n",
    "count",
    "number",
    "recordings",
    "n recordings",
    "number of recordings",
    "repeats",
    "anzahl",
    "adet",
)
TEMPLATE = (
    "age_years,intensity_db_nhl,stimulus_rate_per_s,hearing_loss,n\n"
    "0.25,80,33.1,normal,100\n"
    "0.25,40,33.1,normal,100\n"
    "30,80,11.1,sensorineural,50\n"
)
"""A table to begin with."""


class TableDesign(BaseModel):
    """Rows that a person wrote down; column by column, all of one length."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["table"] = "table"
    age_years: tuple[float, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)
    intensity_db_nhl: tuple[float, ...]
    stimulus_rate_per_s: tuple[float, ...]
    hearing_loss: tuple[str, ...]
    n: tuple[int, ...] = Field(description="recordings of each row")

    @model_validator(mode="after")
    def _of_one_length(self):
        if len({len(getattr(self, name)) for name in (*CONDITION_NAMES, COUNT_COLUMN)}) != 1:
            raise ValueError("as many values in each column")
        if any(not 1 <= count <= MOST_ROWS for count in self.n):
            raise ValueError(f"1 to {MOST_ROWS:,} recordings of each row")
        return self

    @classmethod
    def of(cls, table: pd.DataFrame) -> TableDesign:
        """From a table with the columns of :data:`CONDITION_NAMES` and, if they are not 1, ``n``."""
        counts = table[COUNT_COLUMN] if COUNT_COLUMN in table else [1] * len(table)
        columns = {name: tuple(table[name].tolist()) for name in CONDITION_NAMES}
        return cls(**columns, n=tuple(int(n) for n in counts))

    @property
    def table(self) -> pd.DataFrame:
        """Conditions and ``n``, a row each."""
        return pd.DataFrame({name: getattr(self, name) for name in (*CONDITION_NAMES, COUNT_COLUMN)})

    @property
    def in_words(self) -> str:
        """``"own table of 12 rows"``."""
        rows = len(self.n)
        return f"own table of {rows:,} row{'s' if rows > 1 else ''}"

    def rows(self, recordings=None) -> DesignRows:
        """Its rows.

        Raises
        ------
        InputError
            A value out of range, a class that does not exist, too many recordings.
        """
        return RepeatedRows(self.table, self.n)


@dataclass(frozen=True)
class ConditionsTable:
    """What a file says: ``rows`` [N] conditions and ``n``; ``refused``, one line per cell that cannot be (row, column,
    value, reason)."""

    rows: pd.DataFrame
    refused: pd.DataFrame

    def design(self) -> TableDesign:
        """The design, if every row can be used.

        Raises
        ------
        InputError
            One cannot; names the first, and says how many there are.
        """
        if len(self.refused):
            first, rows = self.refused.iloc[0], self.refused["row"].nunique()
            more = f" ({rows:,} rows cannot be used; this is the first)" if rows > 1 else ""
            raise InputError(
                f"{first['reason']}{more}", file=first["file"], row=int(first["row"]), column=first["column"],
                value=first["value"] or None,
            )  # fmt: skip
        return TableDesign.of(self.rows)


def read_conditions(path: str | Path, name: str | None = None) -> ConditionsTable:
    """Read a table of conditions.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab, decimal point or comma), or a workbook whose first table is it.
    name
        How to call the file in a message.

    Raises
    ------
    InputError
        No such file, no table, a condition without a column, two columns for one, or too many rows.
    """
    path = Path(path)
    name = name or path.name
    sheet = _sheet(path, name)
    found = _columns(sheet, name)
    refusals = Refusals(name)
    raw, numbers = _cells(sheet, list(found.values()), refusals, name)
    raw.columns = list(found)
    factors = {AGE.name: FACTORS["age_unit"][age_unit_of(sheet.header[found[AGE.name]])]}
    source = {column: sheet.header[position] for column, position in found.items()}
    conditions = raw[list(CONDITION_NAMES)]
    for column in CONDITIONS:
        empty = conditions[column.name].isna().to_numpy()
        reason = f"{column.in_sentence} is missing (allowed: {column.allowed})"
        refusals.add_all(numbers[empty], source[column.name], [None] * int(empty.sum()), reason)
    table = tidy(conditions, numbers, source, refusals, CellRules(decimal=sheet.decimal, factors=factors)).table
    for column in CONDITIONS:  # "n/a" is no condition either
        empty = (table[column.name].isna() & conditions[column.name].notna()).to_numpy()
        empty = empty & ~np.isin(numbers, list(refusals.rows))
        reason = f"{column.in_sentence} is missing (allowed: {column.allowed})"
        refusals.add_all(numbers[empty], source[column.name], conditions[column.name][empty], reason)
    table[COUNT_COLUMN] = _counts(raw.get(COUNT_COLUMN), numbers, source.get(COUNT_COLUMN), refusals, sheet.decimal)
    good = ~np.isin(numbers, list(refusals.rows))
    rows = table[good].reset_index(drop=True).astype({COUNT_COLUMN: "int64"})
    return ConditionsTable(rows, refusals.frame())


def _sheet(path: Path, name: str) -> Sheet:
    if not path.is_file():
        raise InputError("there is no such file", file=name, allowed="CSV or a workbook")
    with path.open("rb") as file:
        start = file.read(1 << 16)
    sheet = next(sheets_of(path, start), None) if start.strip() else None
    if sheet is None or not any(sheet.header):
        raise InputError("there is no table in the file", file=name, allowed="CSV or a workbook with column names")
    return sheet


def _columns(sheet: Sheet, name: str) -> dict[str, int]:
    """Condition, or ``n``, → its column's position."""
    found: dict[str, tuple[float, list[int]]] = {}
    for position, header in enumerate(sheet.header):
        column, sure = (COUNT_COLUMN, 1.0) if normalised(header) in _COUNT_WORDS else column_named(header)
        if column not in (*CONDITION_NAMES, COUNT_COLUMN) or sure < found.get(column, (0.0, []))[0]:
            continue
        same = found[column][1] if column in found and found[column][0] == sure else []
        found[column] = (sure, [*same, position])
    for condition in CONDITIONS:
        if condition.name not in found:
            raise InputError(
                f"no column says the {condition.in_sentence}", file=name, column=condition.name,
                allowed=", ".join((*CONDITION_NAMES, f"{COUNT_COLUMN} (recordings of each row, may be left out)")),
            )  # fmt: skip
    for column, (_, positions) in found.items():
        if len(positions) > 1:
            names = ", ".join(sheet.header[p] for p in positions)
            raise InputError(
                "two columns could be this condition", file=name, column=column, value=names, allowed="one"
            )
    level = sheet.header[found[INTENSITY.name][1][0]]
    if "spl" in normalised(level):
        raise InputError("the level is not in dB nHL", file=name, column=level, allowed=_wanted(INTENSITY))
    return {column: positions[0] for column, (_, positions) in found.items()}


def _wanted(column: Column) -> str:
    return f"{column.name}, {column.allowed}"


def _cells(sheet: Sheet, positions: list[int], refusals: Refusals, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    parts, numbers, count = [], [], 0
    for block in sheet.blocks(positions, [], lambda row, reason: refusals.add(row, "row", None, reason)):
        parts.append(block.text)
        numbers.append(block.rows)
        count += len(block.rows)
        if count > MOST_CONDITIONS:
            raise InputError("the table has too many rows", file=name, allowed=f"{MOST_CONDITIONS:,}; n says how many")
    if not count:
        raise InputError("the table has no rows", file=name)
    return pd.concat(parts, ignore_index=True)[positions], np.concatenate(numbers)


def _counts(cells: pd.Series | None, numbers, source: str | None, refusals: Refusals, decimal: str) -> np.ndarray:
    """[N] recordings of each row; an empty cell is one."""
    if cells is None:
        return np.ones(len(numbers), dtype=np.int64)
    values = pd.to_numeric(cells.str.replace(",", ".") if decimal == "," else cells, errors="coerce")
    values = values.where(cells.notna(), 1.0).to_numpy()
    bad = ~((values >= 1) & (values <= MOST_ROWS) & (values == np.floor(values)))
    reason = f"the number of recordings must be a whole number (allowed: 1 to {MOST_ROWS:,})"
    refusals.add_all(numbers[bad], source or COUNT_COLUMN, cells[bad], reason)
    return np.where(bad, 1, values).astype(np.int64)
