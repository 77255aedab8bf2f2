"""Text cells of a clinic's file become the columns of a cohort; what cannot is refused, row by row."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.schema import COLUMNS_BY_NAME, HEARING_LOSSES, Column
from abr_model.sources.cells import MISSING_WORDS, parse_number
from abr_model.sources.report import Refusals

_WORDS = {
    "ear": {"right": ("right", "r", "re", "sağ", "sag"), "left": ("left", "l", "le", "sol")},
    "sex": {
        "female": ("female", "f", "woman", "girl", "k", "kadın", "kadin", "kız", "kiz"),
        "male": ("male", "m", "man", "boy", "e", "erkek"),
    },
    "stimulus_polarity": {
        "alternating": ("alternating", "alternate", "alt", "alternated"),
        "rarefaction": ("rarefaction", "rar", "rare"),
        "condensation": ("condensation", "cond", "con"),
    },
    "hearing_loss": {h.code: (h.code, *(name.casefold() for name in h.clinic_names)) for h in HEARING_LOSSES},
}
"""Words of clinics' files for the classes of a cohort, in lower case."""

_MISSING_WHEN_UNKNOWN = ("sex",)
"""Columns that only describe: a word that is not known there is missing and counted, the recording stays."""

_STIMULUS_WORDS = re.compile(r"click|chirp|tone|burst|noise|speech|pip|narrow|broad|band|sine|\b(?:ce|nb|ls|tb|bb)\b")


@dataclass(frozen=True)
class Tidied:
    """A table in the terms of a cohort and what became missing on the way.

    ``zeros`` counts the zeros read as missing, ``unknown_words`` the words read as missing, by column of the file.
    """

    table: pd.DataFrame
    zeros: dict[str, int]
    unknown_words: dict[str, int]


def tidy(
    raw: pd.DataFrame,
    rows: np.ndarray,
    file_columns: dict[str, str],
    refusals: Refusals,
    *,
    decimal: str = ".",
    zero_is_missing: Collection[str] = (),
) -> Tidied:
    """Numbers, classes and text of a cohort from text cells.

    Parameters
    ----------
    raw
        Text cells, one column per column of the cohort; missing is None.
    rows
        [N] row numbers in the file.
    file_columns
        Cohort column → its name in the file, for the report.
    refusals
        Gets each cell that is not a number, out of range or an unknown class. The value in the table is then missing;
        the caller drops the row.
    decimal
        Decimal sign of the file.
    zero_is_missing
        Number columns in which 0 cannot be a measurement.
    """
    table, zeros, unknown = {}, {}, {}
    for name in raw.columns:
        column, source = COLUMNS_BY_NAME[name], file_columns[name]
        cells = raw[name]
        if column.kind == "number":
            values = _numbers(cells, column, source, rows, refusals, decimal)
            if name in zero_is_missing and (count := int((values == 0).sum())):
                values[values == 0] = np.nan
                zeros[source] = count
            _refuse_out_of_range(values, column, source, rows, refusals)
            table[name] = values
        elif column.kind == "class":
            table[name], count = _classes(cells, column, source, rows, refusals)
            if count:
                unknown[source] = count
        elif name == "stimulus_type":
            table[name], count = _stimulus(cells)
            if count:
                unknown[source] = count
        else:
            table[name] = cells.str.strip()
    return Tidied(pd.DataFrame(table, index=range(len(raw))), zeros, unknown)


def _numbers(cells: pd.Series, column: Column, source: str, rows, refusals: Refusals, decimal: str) -> np.ndarray:
    codes, texts = pd.factorize(cells)  # few different values: each is read once
    numbers = [parse_number(text, decimal) for text in texts]
    broken = np.array([n is None for n in numbers] + [False])[codes]
    refusals.add_all(rows[broken], source, cells[broken], f"{column.in_sentence} must be a number")
    return np.array([np.nan if n is None else n for n in numbers] + [np.nan], dtype=np.float64)[codes]


def _refuse_out_of_range(values: np.ndarray, column: Column, source: str, rows, refusals: Refusals) -> None:
    outside = (values < column.minimum) | (values > column.maximum)
    reason = f"{column.in_sentence} is out of range (allowed: {column.allowed})"
    refusals.add_all(rows[outside], source, [f"{v:g}" for v in values[outside]], reason)


def _classes(cells: pd.Series, column: Column, source: str, rows, refusals: Refusals) -> tuple[pd.Series, int]:
    lookup = {word: code for code, words in _WORDS[column.name].items() for word in words}
    words = cells.str.strip().str.casefold()
    missing = words.isna() | words.isin(MISSING_WORDS)
    classes = words.map(lookup)
    unknown = (classes.isna() & ~missing).to_numpy()
    if column.name in _MISSING_WHEN_UNKNOWN:
        return classes, int(unknown.sum())
    reason = f"{column.in_sentence} is not a known class (allowed: {column.allowed})"
    refusals.add_all(rows[unknown], source, cells[unknown], reason, known_words=lookup)
    return classes, 0


def _stimulus(cells: pd.Series) -> tuple[pd.Series, int]:
    """Names of stimuli alone: free text in this column could be anything, a name too."""
    words = cells.str.strip().str.casefold()
    known = words.str.contains(_STIMULUS_WORDS, na=False)
    missing = words.isna() | words.isin(MISSING_WORDS)
    return words.where(known), int((~known & ~missing).sum())
