"""The recordings that a model's output is compared with: of the chosen cohort those that the model would learn from."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from abr_model.cohort import Cohort
from abr_model.configuration import PreparationConfig
from abr_model.errors import InputError
from abr_model.preparation import SelectionRules, select
from dashboard.session import LoadedCohort


@dataclass(frozen=True)
class Comparison:
    """``cohort`` to compare with; ``note`` says so where it is not what was recorded, or not as selected to train."""

    cohort: Cohort
    note: str = ""


def comparison_cohort(loaded: LoadedCohort, preparation: PreparationConfig) -> Comparison:
    """The recordings of the chosen cohort that the model could learn from, on its time axis, noisy ones left out.

    Recordings whose conditions are not known stay. Where none fulfils the rules, or the recordings are shorter than the
    model's window, all of them are given as they were recorded.
    """
    rules = SelectionRules.of(preparation, conditions_present=False)
    return _comparison(loaded.digest, rules, loaded.cohort)


@st.cache_resource(max_entries=4, show_spinner=False)
def _comparison(digest: str, rules: SelectionRules, _cohort: Cohort) -> Comparison:
    try:
        selected = select(_cohort, rules).cohort
    except InputError as error:
        return Comparison(_cohort, f"All recordings are compared: {error.problem.split(' (')[0]}.")
    recorded, shown = _cohort.sampling.rate_hz, selected.sampling.rate_hz
    note = "" if recorded == shown else f"Resampled from {recorded:,.0f} to {shown:,.0f} Hz."
    return Comparison(selected, note)
