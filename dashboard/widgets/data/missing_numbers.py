"""What the missingness view asks of the recordings, worked out once per filter: keyed by ``FilteredCohort.key``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.missingness import (
    KNOWN_BEFORE,
    KNOWN_BEFORE_AND_QUALITY,
    Differences,
    LittleTest,
    MissingMatrix,
    NullityTree,
    Predictability,
    code_counts,
    contradictions,
    differences,
    grouping,
    label_patterns,
    little_test,
    marked_patients,
    missing_matrix,
    missing_rates,
    nullity_correlation,
    nullity_tree,
    one_recording_a_patient,
    predictability,
    rate_along,
    same_nullity,
    studied_columns,
)
from abr_model.missingness.differences import COMPARED
from abr_model.schema import AGE, CONDITION_NAMES, INTENSITY, LABEL_NAMES, RATE, WAVES, response_column
from dashboard.recordings import FilteredCohort, LoadedCohort, filtered

TESTED = (AGE.name, INTENSITY.name, RATE.name, *LABEL_NAMES)
"""Numbers that Little's test looks at."""


@dataclass(frozen=True)
class Overview:
    """How often what is missing: tables of :func:`abr_model.missingness.missing_rates`, ``code_counts``,
    ``marked_patients`` and ``contradictions``; ``groups`` from ``same_nullity``; ``columns`` that were looked at."""

    columns: tuple[str, ...]
    rates: pd.DataFrame
    codes: pd.DataFrame
    patients: pd.DataFrame
    contradictory: dict[str, int]
    groups: tuple[tuple[str, ...], ...]


def window_ms(recordings: FilteredCohort) -> tuple[float, float]:
    """Times of the first and the last sample."""
    time_ms = recordings.time_ms
    return float(time_ms[0]), float(time_ms[-1])


def overview(recordings: FilteredCohort) -> Overview:
    """Shares, codes and groups of columns of all recordings."""
    return _overview(recordings.key, recordings.table, window_ms(recordings))


@st.cache_data(max_entries=16, show_spinner=False)
def _overview(key: str, _table: pd.DataFrame, window: tuple[float, float]) -> Overview:
    columns = studied_columns(_table)
    return Overview(
        columns,
        missing_rates(_table, columns=columns),
        code_counts(_table, window_ms=window),
        marked_patients(_table),
        contradictions(_table),
        tuple(same_nullity(_table, columns)),
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _rates_by(key: str, by: str, columns: tuple[str, ...], _table: pd.DataFrame) -> pd.DataFrame:
    return missing_rates(_table, by=grouping(by).of(_table), columns=columns)


def rates_by(recordings: FilteredCohort, by: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Missing rates by a grouping of :data:`abr_model.missingness.GROUPINGS`."""
    return _rates_by(recordings.key, by, columns, recordings.table)


@st.cache_data(max_entries=32, show_spinner=False)
def _codes_by(key: str, by: str, wave: str, window: tuple[float, float], _table: pd.DataFrame) -> pd.DataFrame:
    return code_counts(_table, by=grouping(by).of(_table), window_ms=window, waves=(wave,))


def codes_by(recordings: FilteredCohort, by: str, wave: str) -> pd.DataFrame:
    """What is known of a wave, by a grouping."""
    return _codes_by(recordings.key, by, wave, window_ms(recordings), recordings.table)


@st.cache_data(max_entries=16, show_spinner=False)
def _matrix(key: str, sort_by: str | None, columns: tuple[str, ...], _table: pd.DataFrame) -> MissingMatrix:
    return missing_matrix(_table, columns, sort_by)


def matrix(recordings: FilteredCohort, sort_by: str | None, columns: tuple[str, ...]) -> MissingMatrix:
    """All recordings in bins, sorted by a column."""
    return _matrix(recordings.key, sort_by, columns, recordings.table)


@dataclass(frozen=True)
class Together:
    """What goes missing together: ``patterns`` over one column of each group in ``rows``, correlation and tree."""

    rows: tuple[tuple[str, ...], ...]
    patterns: pd.DataFrame
    correlation: pd.DataFrame
    tree: NullityTree | None


def together(recordings: FilteredCohort) -> Together:
    """Patterns of missing values, and which columns are missing alike."""
    return _together(recordings.key, recordings.table)


@st.cache_data(max_entries=8, show_spinner=False)
def _together(key: str, _table: pd.DataFrame) -> Together:
    columns = studied_columns(_table)
    rows = tuple(same_nullity(_table, columns))
    correlation = nullity_correlation(_table, columns)
    return Together(rows, label_patterns(_table, [names[0] for names in rows]), correlation, nullity_tree(correlation))


@st.cache_resource(max_entries=4, show_spinner=False)
def _with_filter(digest: str, path: str, sha256: str, _loaded: LoadedCohort, _filter: CohortFilter) -> FilteredCohort:
    return filtered(_loaded, _filter)


def with_filter(loaded: LoadedCohort, filter: CohortFilter) -> FilteredCohort:
    """The recordings that pass another filter than the chosen one."""
    return _with_filter(loaded.digest, str(loaded.path), filter.sha256(), loaded, filter)


# --- what a label depends on -----------------------------------------------------------------------------------------


def answered(table: pd.DataFrame, label: str, leave_out: bool) -> pd.DataFrame:
    """The recordings, with ``leave_out`` without those in which the label's wave was judged absent."""
    wave = next((w for w in WAVES if f"_{w}_" in label), None)
    if not leave_out or wave is None:
        return table
    return table[(table[response_column(wave)] != "absent").to_numpy(bool)].reset_index(drop=True)


@st.cache_data(max_entries=32, show_spinner=False)
def _compared(key: str, label: str, leave_out: bool, all_variables: bool, _table: pd.DataFrame) -> Differences:
    return differences(answered(_table, label, leave_out), label, COMPARED if all_variables else CONDITION_NAMES)


def compared(
    recordings: FilteredCohort, label: str, leave_out: bool = False, all_variables: bool = True
) -> Differences | None:
    """How recordings without the label differ from those with it; None where there is nothing to compare."""
    try:
        return _compared(recordings.key, label, leave_out, all_variables, recordings.table)
    except InputError:
        return None


@st.cache_data(max_entries=64, show_spinner=False)
def _along(key: str, label: str, variable: str, leave_out: bool, _table: pd.DataFrame) -> pd.DataFrame:
    return rate_along(answered(_table, label, leave_out), label, variable)


def along(recordings: FilteredCohort, label: str, variable: str, leave_out: bool = False) -> pd.DataFrame:
    """Share missing along the values of a column."""
    return _along(recordings.key, label, variable, leave_out, recordings.table)


@st.cache_data(max_entries=64, show_spinner=False)
def _predicted(key: str, label: str, quality: bool, leave_out: bool, _table: pd.DataFrame) -> Predictability | str:
    variables = [v for v in (KNOWN_BEFORE_AND_QUALITY if quality else KNOWN_BEFORE) if v != label]
    try:
        return predictability(answered(_table, label, leave_out), label, variables)
    except InputError as error:  # kept with the answers: it costs as much to find out again
        return _why(error)


def predicted(recordings: FilteredCohort, label: str, quality: bool, leave_out: bool = False) -> Predictability | str:
    """How predictable it is that the label is missing, or why that cannot be said. Takes seconds."""
    return _predicted(recordings.key, label, quality, leave_out, recordings.table)


@st.cache_data(max_entries=16, show_spinner=False)
def _little(key: str, one_each: bool, _table: pd.DataFrame) -> LittleTest | str:
    table = one_recording_a_patient(_table) if one_each else _table
    try:
        return little_test(table, [name for name in TESTED if table[name].notna().any()])
    except InputError as error:
        return _why(error)


def little(recordings: FilteredCohort, one_each: bool) -> LittleTest | str:
    """Little's test with all recordings or with one of each patient, or why it cannot be done."""
    return _little(recordings.key, one_each, recordings.table)


def _why(error: InputError) -> str:
    """What is wrong, without the column: the page names it."""
    return error.problem if error.value is None else f"{error.problem} ({error.value})"
