"""What a model's output is compared with: recordings that pass the filter and that the model could learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from abr_model.configuration import PreparationConfig
from abr_model.errors import InputError
from abr_model.recordings import Recordings
from abr_model.schema import EAR
from abr_model.selection import SelectionRules, selected
from dashboard.recordings import FilteredCohort


@dataclass(frozen=True)
class Comparison:
    """``cohort`` to compare with, traces read when asked for; ``note`` says so where it is not what was recorded, or
    not as selected to train."""

    cohort: Recordings
    note: str = ""


def comparison_cohort(recordings: FilteredCohort, preparation: PreparationConfig, ear: str | None = None) -> Comparison:
    """The recordings that pass the filter and that the model could learn from, on its time axis, noisy ones left out.

    With ``ear``, ``"right"`` or ``"left"``, those of that ear alone.

    Recordings whose conditions are not known stay. Where none fulfils the rules, or the recordings are shorter than the
    model's window, all that pass the filter are given as they were recorded.
    """
    rules = SelectionRules.of(preparation, conditions_present=False)
    both = _comparison(recordings.key, str(recordings.loaded.path), rules, recordings)
    return both if ear is None else _of_ear(recordings.key, str(recordings.loaded.path), rules, ear, both)


@st.cache_resource(max_entries=4, show_spinner=False)
def _of_ear(key: str, path: str, rules: SelectionRules, ear: str, _both: Comparison) -> Comparison:
    rows = np.flatnonzero(_both.cohort.table[EAR.name].to_numpy() == ear)
    notes = [_both.note, "" if len(rows) else f"No recording of the {ear} ear."]
    return Comparison(_both.cohort.part(rows), " ".join(filter(None, notes)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _comparison(key: str, path: str, rules: SelectionRules, _recordings: FilteredCohort) -> Comparison:
    try:
        kept, _ = selected(_recordings, rules)
    except InputError as error:
        if not len(_recordings):
            return Comparison(_recordings, "No recording of the cohort passes the filter.")
        return Comparison(_recordings, f"All recordings are compared: {error.problem.split(' (')[0]}.")
    recorded, shown = _recordings.sampling.rate_hz, kept.sampling.rate_hz
    note = "" if recorded == shown else f"Resampled from {recorded:,.0f} to {shown:,.0f} Hz."
    return Comparison(kept, note)
