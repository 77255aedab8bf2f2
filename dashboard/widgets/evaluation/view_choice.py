"""Which view of the Evaluation page is open, and which scorecard is looked at; both stand in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.scorecards import KnownScorecard
from dashboard.widgets.view_choice import view_choice

VIEWS = {
    "scorecard": "Scorecard",
    "telling": "What gives it away",
    "cells": "Cells",
    "distributions": "Distributions",
    "reconstruction": "Reconstruction",
    "compare": "Compare",
}
CHOSEN = "evaluation_scorecard"
"""In the session: id of the scorecard that is looked at."""
_PICKER, _WISHED = "evaluation_scorecard_picker", "evaluation_scorecard_wished"


def chosen_view() -> str:
    """The control, and the key of the view that is open."""
    return view_choice("evaluation", VIEWS, "scorecard")


def chosen_scorecard(own: Sequence[KnownScorecard]) -> KnownScorecard | None:
    """A list of the scorecards of the model where there are several, and the one that is looked at."""
    if not own:
        st.query_params.pop("scorecard", None)
        return None
    by_id = {one.id: one for one in own}
    kept = st.session_state.get(CHOSEN) or st.query_params.get("scorecard")
    if st.session_state.get(_WISHED) in by_id:
        kept = st.session_state.pop(_WISHED)
    st.session_state[CHOSEN] = kept if kept in by_id else own[0].id
    if len(own) > 1:
        st.session_state[_PICKER] = st.session_state[CHOSEN]
        st.selectbox(
            "Scorecard",
            list(by_id),
            format_func=lambda key: by_id[key].title,
            key=_PICKER,
            on_change=lambda: st.session_state.update({CHOSEN: st.session_state[_PICKER]}),
            label_visibility="collapsed",
        )
    else:
        st.markdown(f":gray[{own[0].title}]")
    # Generated names alone: neither a patient's nor a file's.
    st.query_params["scorecard"] = st.session_state[CHOSEN]
    return by_id[st.session_state[CHOSEN]]


def look_at(scorecard_id: str) -> None:
    """Look at this scorecard as soon as it is there."""
    st.session_state[_WISHED] = scorecard_id
