"""What pages ask of a cohort again and again, worked out once: keyed by the digest of its content."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.averages import MAXIMUM_LEVELS, LevelMeans, level_means
from abr_model.cohort import Cohort
from abr_model.generation.conditions import age_in_words
from abr_model.missingness import label_patterns, missing_rates, nullity_correlation
from abr_model.preparation import SelectionRules, select
from abr_model.schema import HEARING_LOSS, HEARING_LOSSES, INTENSITY
from dashboard.session import LoadedCohort

HEARING_LABELS = {h.code: h.label for h in HEARING_LOSSES}


def means_by_level(
    loaded: LoadedCohort, hearing_loss: str | None = None, most_levels: int = MAXIMUM_LEVELS
) -> LevelMeans:
    """Mean ± SD of each level, of one hearing-loss class or of all recordings."""
    return _means(loaded.digest, hearing_loss, most_levels, loaded.cohort)


@st.cache_data(max_entries=32, show_spinner=False)
def _means(digest: str, hearing_loss: str | None, most_levels: int, _cohort: Cohort) -> LevelMeans:
    if hearing_loss is not None:
        _cohort = _cohort.take((_cohort.table[HEARING_LOSS.name] == hearing_loss).to_numpy(dtype=bool))
    return level_means(_cohort, most_levels)


def patient_list(loaded: LoadedCohort) -> pd.DataFrame:
    """One row a patient: ``patient_id``, ``label`` ("P0012 · 34 years · normal hearing"), ``recordings``."""
    return _patients(loaded.digest, loaded.cohort)


@st.cache_data(max_entries=8, show_spinner=False)
def _patients(digest: str, _cohort: Cohort) -> pd.DataFrame:
    grouped = _cohort.table.groupby("patient_id", sort=True)
    table = grouped.agg(age=("age_years", "min"), recordings=("recording_id", "size")).reset_index()
    classes = grouped[HEARING_LOSS.name].agg(lambda column: tuple(dict.fromkeys(column.dropna())))
    table["label"] = [
        " · ".join(
            [
                patient,
                age_in_words(age) if np.isfinite(age) else "age unknown",
                *(HEARING_LABELS[c].lower() for c in classes[patient]),
            ]
        )
        for patient, age in zip(table["patient_id"], table["age"], strict=True)
    ]
    return table[["patient_id", "label", "recordings"]]


def selection_funnel(loaded: LoadedCohort, rules: SelectionRules) -> pd.DataFrame:
    """The funnel of :func:`abr_model.preparation.select`: ``rule``, ``removed``, ``kept``.

    Raises
    ------
    InputError
        No recording is left, or the recordings are too short.
    """
    return _funnel(loaded.digest, rules, loaded.cohort)


@st.cache_data(max_entries=64, show_spinner=False)
def _funnel(digest: str, rules: SelectionRules, _cohort: Cohort) -> pd.DataFrame:
    return select(_cohort, rules).funnel


GROUPINGS = ("all recordings", "level", "hearing loss")
LEVEL_STEP_DB = 10


def missing_by(loaded: LoadedCohort, grouping: str) -> pd.DataFrame:
    """Missing rates of the conditions and wave labels, by one of :data:`GROUPINGS`; groups ready to be shown."""
    return _missing(loaded.digest, grouping, loaded.cohort)


@st.cache_data(max_entries=16, show_spinner=False)
def _missing(digest: str, grouping: str, _cohort: Cohort) -> pd.DataFrame:
    table = _cohort.table
    if grouping == "all recordings":
        return missing_rates(table).assign(group=grouping)
    if grouping == "level":
        level = (table[INTENSITY.name] / LEVEL_STEP_DB).round() * LEVEL_STEP_DB
        rates = missing_rates(table, by=level).sort_values("group", kind="stable", na_position="last")
        return rates.assign(group=[f"{g:g}" if np.isfinite(g) else "unknown" for g in rates["group"]])
    rates = missing_rates(table, by=HEARING_LOSS.name)
    names = {h.code: h.short_label for h in HEARING_LOSSES}
    rank = {code: i for i, code in enumerate(names)}
    rates = rates.sort_values("group", key=lambda g: g.map(rank), kind="stable", na_position="last")
    return rates.assign(group=[names.get(g, "Unknown") for g in rates["group"]])


def missing_patterns(loaded: LoadedCohort) -> pd.DataFrame:
    """Combinations of missing conditions and labels, most frequent first."""
    return _patterns(loaded.digest, loaded.cohort)


@st.cache_data(max_entries=8, show_spinner=False)
def _patterns(digest: str, _cohort: Cohort) -> pd.DataFrame:
    return label_patterns(_cohort.table)


def missing_together(loaded: LoadedCohort) -> pd.DataFrame:
    """φ between "is missing" of two columns, for those that are missing in some recordings and present in others."""
    return _together(loaded.digest, loaded.cohort)


@st.cache_data(max_entries=8, show_spinner=False)
def _together(digest: str, _cohort: Cohort) -> pd.DataFrame:
    return nullity_correlation(_cohort.table)
