"""The view in which a reviewer works: a line above, and the screen."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.review.study import Study
from dashboard.widgets.problem import plain, show_problem
from dashboard.widgets.review.screen import review_screen
from dashboard.widgets.review.studies import study_name
from dashboard.widgets.review.view_choice import open_view


def reviewing_view(study: Study, reviewer: str) -> None:
    """The screen; above it the study, the code name, what the items are, and the way out."""
    config = study.config
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="review_line"
    ):
        st.markdown(
            f"**{plain(study_name(study))}** :gray[ · {plain(reviewer)}]"
            + (" :orange-badge[simulated clinic, not patients]" if config.kind == "simulated" else "")
        )
        st.button("Leave", on_click=open_view, args=("review", study), type="tertiary", key="review_leave")
    try:
        review_screen(study, reviewer)
    except InputError as error:
        show_problem(error)
