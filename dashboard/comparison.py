"""The recordings that a model's output is compared with: of the chosen cohort those that the model would learn from."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.preparation import SelectionRules, select
from dashboard.session import LoadedCohort


@dataclass(frozen=True)
class Comparison:
    """``cohort`` to compare with; ``note`` says so where it could not be selected as for training."""

    cohort: Cohort
    note: str = ""


def comparison_cohort(loaded: LoadedCohort, rules: SelectionRules) -> Comparison:
    """The recordings of the chosen cohort that fulfil ``rules``, noisy ones left out; all of them where none does."""
    return _comparison(loaded.digest, rules.fmp_above, rules.polarity, rules.samples, loaded.cohort)


@st.cache_resource(max_entries=4, show_spinner=False)
def _comparison(digest, fmp_above, polarity, samples, _cohort) -> Comparison:
    rules = SelectionRules(fmp_above=fmp_above, polarity=polarity, conditions_present=False, samples=samples)
    try:
        return Comparison(select(_cohort, rules).cohort)
    except InputError as error:
        return Comparison(_cohort, f"All recordings are compared: {error.problem.split(' (')[0]}.")
