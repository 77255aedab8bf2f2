"""Text cells of a clinic's file become the columns of a cohort; what cannot is refused, row by row."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from abr_model.schema import (
    COLUMNS_BY_NAME,
    INTENSITY,
    WAVES,
    Column,
    amplitude_column,
    latency_column,
    response_column,
)
from abr_model.sources.columns.class_words import known_words
from abr_model.sources.columns.mapping import FACTORS, UNIT_OF, ColumnMapping
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import MISSING_WORDS, parse_number

_MISSING_WHEN_UNKNOWN = ("sex",)
"""Columns that only describe: a word that is not known there is missing and counted, the recording stays."""

_STIMULUS_WORD = re.compile(
    r"(?:click|chirp|tone|burst|noise|speech|pip|narrow|broad|band|sine|wave|white|pink|pure|ce|nb|ls|tb|bb)+s?"
)
"""A whole word: within one it would find the tone in Livingstone."""
_BESIDE_A_STIMULUS = re.compile(r"k?hz|k|ms|[uµμ]s|db|octave|oct|cycles?|level|specific|filtered|stimulus|\d{1,5}")
_WAVE_OF = {name: wave for wave in WAVES for name in (latency_column(wave), amplitude_column(wave))}


@dataclass(frozen=True)
class CellRules:
    """How cells are to be read; the defaults are those of a file in the units of a cohort.

    ``missing_values`` are texts that mean missing, ``factors`` what a number is multiplied by, ``offsets`` what is then
    added, ``words`` more words for classes, by column of a cohort. ``no_response_words`` in the cell of a latency or an
    amplitude mean that the wave was looked for and is absent.
    """

    decimal: str = "."
    missing_values: Mapping[str, Collection[str]] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    no_response_words: Collection[str] = ()

    @classmethod
    def of(cls, mapping: ColumnMapping, decimal: str = ".") -> CellRules:
        """As a mapping says."""
        return cls(
            decimal=decimal,
            missing_values=mapping.missing_values,
            factors={name: FACTORS[unit][getattr(mapping, unit)] for name, unit in UNIT_OF.items()},
            offsets={INTENSITY.name: mapping.level_offset_db},
            words=mapping.words,
            no_response_words=mapping.no_response_words,
        )


@dataclass(frozen=True)
class Tidied:
    """A table in the terms of a cohort and what became missing on the way.

    By column of the file: ``zeros`` counts the zeros read as missing, ``codes`` other values that mean missing
    ((column, value) → count), ``unknown_words`` the words read as missing, ``absent`` the waves
    judged absent.
    """

    table: pd.DataFrame
    zeros: dict[str, int]
    unknown_words: dict[str, int]
    codes: dict[tuple[str, str], int] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)


def tidy(
    raw: pd.DataFrame,
    rows: np.ndarray,
    file_columns: dict[str, str],
    refusals: Refusals,
    rules: CellRules | None = None,
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
    rules
        How cells are to be read.
    """
    rules = rules or CellRules()
    tidied = Tidied(pd.DataFrame(index=range(len(raw))), {}, {})
    table: dict = {}
    absent = {wave: np.zeros(len(raw), dtype=bool) for wave in WAVES}
    for name in raw.columns:
        column, source = COLUMNS_BY_NAME[name], file_columns[name]
        cells = raw[name]
        if name in _WAVE_OF and rules.no_response_words:
            cells, said = _without_no_response(cells, rules)
            absent[_WAVE_OF[name]] |= said
            if said.any():
                tidied.absent[source] = int(said.sum())
        if column.kind == "number":
            values = _numbers(cells, column, source, rows, refusals, rules.decimal)
            for code in rules.missing_values.get(name, ()):
                _as_missing(values, code, source, rules.decimal, tidied)
            given = values
            values = values * rules.factors.get(name, 1.0) + rules.offsets.get(name, 0.0)
            _refuse_out_of_range(values, given, column, source, rows, refusals)
            table[name] = values
        elif column.kind == "class":
            cells = _without(cells, name, source, rules, tidied)
            table[name], count = _classes(cells, column, source, rows, refusals, rules.words.get(name, {}))
            if count:
                tidied.unknown_words[source] = count
        elif name == "stimulus_type":
            table[name], count = _stimulus(_without(cells, name, source, rules, tidied))
            if count:
                tidied.unknown_words[source] = count
        else:
            table[name] = cells.str.strip()
    _judged_absent(table, absent, file_columns, rows, refusals)
    frame = pd.DataFrame(table, index=range(len(raw)))
    return Tidied(frame, tidied.zeros, tidied.unknown_words, tidied.codes, tidied.absent)


def _numbers(cells: pd.Series, column: Column, source: str, rows, refusals: Refusals, decimal: str) -> np.ndarray:
    codes, texts = pd.factorize(cells)  # few different values: each is read once
    numbers = [parse_number(text, decimal) for text in texts]
    broken = np.array([n is None for n in numbers] + [False])[codes]
    refusals.add_all(rows[broken], source, cells[broken], f"{column.in_sentence} must be a number")
    return np.array([np.nan if n is None else n for n in numbers] + [np.nan], dtype=np.float64)[codes]


def _as_missing(values: np.ndarray, code: str, source: str, decimal: str, tidied: Tidied) -> None:
    number = parse_number(code, decimal)
    same = values == number if number is not None else np.zeros(len(values), dtype=bool)
    if count := int(same.sum()):
        values[same] = np.nan
        if number == 0:
            tidied.zeros[source] = count
        else:
            tidied.codes[source, code] = count


def _without(cells: pd.Series, name: str, source: str, rules: CellRules, tidied: Tidied) -> pd.Series:
    """Text cells without those that mean missing."""
    for code in rules.missing_values.get(name, ()):
        same = (cells.str.strip().str.casefold() == code.strip().casefold()).fillna(False)
        if count := int(same.sum()):
            cells = cells.where(~same)
            tidied.codes[source, code] = count
    return cells


def _without_no_response(cells: pd.Series, rules: CellRules) -> tuple[pd.Series, np.ndarray]:
    words = {word.strip().casefold() for word in rules.no_response_words}
    said = cells.str.strip().str.casefold().isin(words).to_numpy(dtype=bool)
    return (cells.where(~said), said) if said.any() else (cells, said)


def _judged_absent(table: dict, absent: dict[str, np.ndarray], file_columns: dict, rows, refusals: Refusals) -> None:
    """The waves that were said to be absent; a recording that marks such a wave all the same contradicts itself."""
    for wave, said in absent.items():
        name, latency = response_column(wave), latency_column(wave)
        if said.any():
            stated = table.get(name, pd.Series([None] * len(said), dtype="str"))
            table[name] = stated.where(~said, "absent")
        if name in table and latency in table:
            both = ((table[name] == "absent") & np.isfinite(table[latency])).to_numpy(dtype=bool)
            reason = f"wave {wave} is said to be absent, and has a latency"
            refusals.add_all(rows[both], file_columns[latency], [None] * int(both.sum()), reason)


def _refuse_out_of_range(values: np.ndarray, given, column: Column, source: str, rows, refusals: Refusals) -> None:
    outside = (values < column.minimum) | (values > column.maximum)
    reason = f"{column.in_sentence} is out of range (allowed: {column.allowed})"
    refusals.add_all(rows[outside], source, [f"{v:g}" for v in given[outside]], reason)


def _classes(
    cells: pd.Series, column: Column, source: str, rows, refusals: Refusals, more: Mapping[str, str]
) -> tuple[pd.Series, int]:
    lookup = known_words(column.name) | {word.strip().casefold(): code for word, code in more.items()}
    words = cells.str.strip().str.casefold()
    missing = (words.isna() | words.isin(MISSING_WORDS)) & ~words.isin([w for w in lookup if w in MISSING_WORDS])
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
    missing = words.isna() | words.isin(MISSING_WORDS)
    names = words.map({text: _stimulus_in(text) for text in words.dropna().unique()}).astype("str")
    return names.where(names.notna(), None), int((names.isna() & ~missing).sum())


def _stimulus_in(text: str) -> str | None:
    """The text where all of it names a stimulus; of another one the words that do; None where there are none."""
    tokens = re.findall(r"[^\W\d_]+|\d+", text)
    named = [token for token in tokens if _STIMULUS_WORD.fullmatch(token)]
    if not named:
        return None
    known = all(_STIMULUS_WORD.fullmatch(token) or _BESIDE_A_STIMULUS.fullmatch(token) for token in tokens)
    return text if known else " ".join(named)
