"""Which view of the Review page is open, which study and which reviewer; all three stand in the address.

A reviewer stands there by their code name, so that a reload goes on where they were.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from abr_model.review.study import Study
from dashboard.widgets.view_choice import view_choice

VIEWS = {"review": "Review", "new": "Set up", "results": "Results"}
VIEW, STUDY, REVIEWER = "review_view", "review_study", "review_reviewer"
"""Keys in the session, and without ``review_`` in the address."""
_ADDRESS = "review_view_address"
"""What :mod:`dashboard.widgets.view_choice` last saw in the address; without its control this keeps it true."""


def read_address(studies: Sequence[Study]) -> None:
    """Once a session: what the address says."""
    if VIEW in st.session_state:
        return
    asked = st.query_params
    known = {study.id for study in studies}
    st.session_state[VIEW] = asked.get("view") if asked.get("view") in VIEWS else ("review" if studies else "new")
    st.session_state[STUDY] = asked.get("study") if asked.get("study") in known else None
    st.session_state[REVIEWER] = asked.get("reviewer") if st.session_state[STUDY] else None


def write_address() -> None:
    """So that a reload shows the same."""
    for key in (VIEW, STUDY, REVIEWER):
        name = key.removeprefix("review_")
        if value := st.session_state.get(key):
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.session_state[_ADDRESS] = st.session_state[VIEW]


def view_control() -> str:
    """The control; key of the view that is open."""
    return view_choice("review", VIEWS, st.session_state[VIEW])


def chosen_study(studies: Sequence[Study]) -> Study | None:
    """The study that is looked at; without a choice the newest."""
    by_id = {study.id: study for study in studies}
    return by_id.get(st.session_state.get(STUDY)) or next(iter(studies), None)


def open_view(view: str, study: Study | None = None, reviewer: str | None = None) -> None:
    """From a callback: another view, study or reviewer."""
    st.session_state[VIEW] = view
    st.session_state[REVIEWER] = reviewer
    if study is not None:
        st.session_state[STUDY] = study.id
