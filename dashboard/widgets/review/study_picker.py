"""Which study is looked at."""

from __future__ import annotations

import streamlit as st

from abr_model.review.study import Study
from dashboard.widgets.review.studies import study_name
from dashboard.widgets.review.view_choice import STUDY, chosen_study

_CONTROL = "review_study_control"


def study_picker(studies: list[Study]) -> Study:
    """The study that is chosen; a list where there are several."""
    study = chosen_study(studies)
    st.session_state[STUDY] = study.id
    if len(studies) > 1:
        names = {one.id: study_name(one) for one in studies}
        st.session_state[_CONTROL] = study.id
        st.selectbox("Study", list(names), format_func=names.get, key=_CONTROL, on_change=_pick, width=420)
    return study


def _pick() -> None:
    st.session_state[STUDY] = st.session_state[_CONTROL]
