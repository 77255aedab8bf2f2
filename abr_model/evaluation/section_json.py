"""A section as plain values for JSON, and back; a number that cannot be told is null on the way."""

from __future__ import annotations

from dataclasses import fields
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from abr_model.evaluation.score import Score, Section

NUMBER, INTEGER, TRUTH, TEXT = "number", "integer", "truth", "text"
_SCORE = TypeAdapter(Score)
_NAN_IS_NULL = ("value", "limit")


def section_as_plain(section: Section) -> dict:
    """Scores and tables of a section as JSON values."""
    return {
        "key": section.key,
        "title": section.title,
        "scores": [_score_as_plain(score) for score in section.scores],
        "tables": {name: _table_as_plain(table) for name, table in section.tables.items()},
    }


def section_from_plain(content: dict) -> Section:
    """The section that :func:`section_as_plain` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        Something is missing, or of another type.
    """
    return Section(
        key=str(content["key"]),
        title=str(content["title"]),
        scores=[_score_from_plain(score) for score in content["scores"]],
        tables={str(name): _table_from_plain(table) for name, table in content["tables"].items()},
    )


def _score_as_plain(score: Score) -> dict:
    content = {f.name: _plain(getattr(score, f.name)) for f in fields(Score)}
    for name in ("interval", "limit_interval"):
        if content[name] is not None and None in content[name]:  # half an interval is none
            content[name] = None
    return content


def _score_from_plain(content: dict) -> Score:
    filled = {name: np.nan if content[name] is None else content[name] for name in _NAN_IS_NULL}
    return _SCORE.validate_python(content | filled)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, Real):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return str(value)


def _table_as_plain(table: pd.DataFrame) -> list[dict]:
    columns = []
    for position, name in enumerate(table.columns):
        values = table.iloc[:, position]
        kind = _kind(values)
        if kind == TEXT:
            cells = [None if pd.isna(cell) else str(cell) for cell in values]
        else:
            cells = [_plain(None if pd.isna(cell) else cell) for cell in values]
        columns.append({"name": str(name), "kind": kind, "values": cells})
    return columns


def _kind(values: pd.Series) -> str:
    """Kind of a column; a column with numbers or truths and gaps, which pandas keeps as objects, is not text."""
    if pd.api.types.is_bool_dtype(values):
        return TRUTH
    if pd.api.types.is_integer_dtype(values):
        return INTEGER if not values.hasnans else NUMBER
    if pd.api.types.is_numeric_dtype(values):
        return NUMBER
    known = [cell for cell in values if not pd.isna(cell)]
    if known and all(isinstance(cell, (bool, np.bool_)) for cell in known):
        return TRUTH
    if known and all(isinstance(cell, Real) for cell in known):
        return NUMBER
    return TEXT


def _table_from_plain(columns: list[dict]) -> pd.DataFrame:
    return pd.DataFrame({column["name"]: _column(column["kind"], column["values"]) for column in columns})


def _column(kind: str, values: list) -> pd.Series:
    if kind == NUMBER:
        return pd.Series([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if kind == INTEGER:
        return pd.Series(values, dtype=np.int64)
    if kind == TRUTH and None not in values:
        return pd.Series(values, dtype=bool)
    if kind in (TRUTH, TEXT):
        return pd.Series(values, dtype=object)
    raise ValueError(f"there is no kind of column {kind!r}")
