"""What several pages ask of the recordings, worked out once: keyed by their content and the filter."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.exploration.level_means import MAXIMUM_LEVELS, LevelMeans, level_means
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.schema import HEARING_LOSS
from abr_model.selection import SelectionRules, selected
from dashboard.recordings import FilteredCohort, LoadedCohort

Summarised = LoadedCohort | FilteredCohort


def means_by_level(
    recordings: Summarised, hearing_loss: str | None = None, most_levels: int = MAXIMUM_LEVELS
) -> LevelMeans:
    """Mean ± SD of each level, of one hearing-loss class or of all recordings."""
    return _means(recordings.key, hearing_loss, most_levels, recordings)


@st.cache_data(max_entries=32, show_spinner="Averaging the traces …")
def _means(key: str, hearing_loss: str | None, most_levels: int, _recordings: Summarised) -> LevelMeans:
    hearing = _recordings.table[HEARING_LOSS.name]
    among = None if hearing_loss is None else (hearing == hearing_loss).to_numpy(dtype=bool)
    return level_means(_recordings, most_levels, among)


def selection_funnel(recordings: Summarised, rules: SelectionRules, filter: CohortFilter = EVERYTHING) -> pd.DataFrame:
    """The funnel of :func:`abr_model.selection.select`: ``rule``, ``removed``, ``kept``; reads no trace.

    Raises
    ------
    InputError
        No recording is left, or the recordings are too short.
    """
    return _funnel(recordings.key, rules, filter.sha256(), recordings, filter)


@st.cache_data(max_entries=64, show_spinner=False)
def _funnel(
    key: str, rules: SelectionRules, filter_sha256: str, _recordings: Summarised, _filter: CohortFilter
) -> pd.DataFrame:
    return selected(_recordings, rules, _filter)[1]
