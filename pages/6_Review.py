"""Expert review: do those who read traces every day tell recorded from generated ones?"""

from __future__ import annotations

import streamlit as st

from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import show_problem
from dashboard.widgets.review.joining import join_view
from dashboard.widgets.review.results import results_view
from dashboard.widgets.review.reviewing import reviewing_view
from dashboard.widgets.review.setting_up import setting_up_view
from dashboard.widgets.review.studies import studies
from dashboard.widgets.review.view_choice import (
    REVIEWER,
    STUDY,
    chosen_study,
    read_address,
    view_control,
    write_address,
)

found, problems = studies()
read_address(found)
reviewer = st.session_state.get(REVIEWER)
if found and reviewer and st.session_state.get(STUDY) and st.session_state["review_view"] == "review":
    write_address()
    reviewing_view(chosen_study(found), reviewer)
else:
    page_header("Review", "Do experts tell recorded from generated traces?", about="review")
    for problem in problems:
        show_problem(problem)
    view = view_control()
    if view == "new":
        setting_up_view()
    elif not found:
        empty_state(
            "No study yet",
            "Open “Set up”: choose what is shown and asked, and how many items. Reviewers then work here, blinded, one "
            "trace at a time, by keyboard.",
        )
    elif view == "results":
        results_view(found)
    else:
        join_view(found)
    write_address()
