"""What is left of the cohort for a training, rule by rule, and how it is divided."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from abr_model.configuration import PreparationConfig
from abr_model.selection import SelectionRules
from dashboard import session
from dashboard.summaries import selection_funnel
from dashboard.widgets.training.starting.draft import Draft
from dashboard.widgets.training.starting.machine_form import option_input


def what_is_kept(loaded: session.LoadedCohort, preparation: PreparationConfig, draft: Draft) -> int:
    """Say it, and ask whether to train on fewer; how many recordings are kept.

    Raises
    ------
    InputError
        No recording is left, or they are too short.
    """
    funnel = selection_funnel(loaded, SelectionRules.of(preparation), session.chosen_filter())
    kept, total = int(funnel["kept"].iloc[-1]), int(funnel["kept"].iloc[0])
    with st.expander(f"**{kept:,}** of {total:,} recordings are kept", key="training_kept"):
        st.html(f'<table class="facts">{funnel_rows(funnel)}</table>')
        st.caption(division_in_words(preparation))
        option_input(draft, "recordings", placeholder="all")
    if preparation.split != "patient":
        st.warning("Recordings of one patient are in training and in the test: the test's figures will be too good.")
    return kept


def funnel_rows(funnel: pd.DataFrame) -> str:
    """A row of HTML for each rule: its words, what it removed, what is left."""
    rows = []
    for rule, removed, kept in funnel[["rule", "removed", "kept"]].itertuples(index=False):
        lost = f" (−{removed:,})" if removed else ""
        rows.append(f"<tr><td>{html.escape(rule[:1].upper() + rule[1:])}</td><td>{kept:,}{lost}</td></tr>")
    return "".join(rows)


def division_in_words(preparation: PreparationConfig) -> str:
    """``"70 % for training, 15 % for validation, 15 % for the test; no patient in two of them."``"""
    train, validation, test = (round(share * 100) for share in preparation.fractions)
    apart = "; no patient in two of them" if preparation.split == "patient" else ""
    return f"{train} % for training, {validation} % for validation, {test} % for the test{apart}."
