"""Evaluation: can this model's recordings stand in for real ones, and what would give them away?"""

from __future__ import annotations

import streamlit as st

from abr_model.evaluation.background.folder import Evaluation
from dashboard import session
from dashboard.scorecards import known_scorecards, scorecards_of, with_all_beside
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.evaluation.cells_view import cells_view
from dashboard.widgets.evaluation.compare_view import compare_view
from dashboard.widgets.evaluation.distributions_view import distributions_view
from dashboard.widgets.evaluation.progress import evaluations_in_work
from dashboard.widgets.evaluation.reconstruction_view import reconstruction_view
from dashboard.widgets.evaluation.scorecard_view import scorecard_view
from dashboard.widgets.evaluation.start import new_evaluation_key, start_form
from dashboard.widgets.evaluation.telling_view import telling_view
from dashboard.widgets.evaluation.view_choice import chosen_scorecard, chosen_view
from dashboard.widgets.page_header import page_header

QUESTION = "Can this model's recordings stand in for real ones?"


def launch(evaluation: Evaluation) -> None:
    """Start an evaluation as a process of its own: closing this page does not end it."""
    from abr_model.evaluation.background import launch as background

    background.launch(evaluation)


described = session.chosen_model_folder()
if described is None:
    page_header("Evaluation", QUESTION, about="evaluation")
    empty_state(
        "There is no trained model yet.",
        "Train one on the chosen cohort; when the run is finished, it can be measured here.",
        "training",
        "Open Training",
    )
    st.stop()

known = known_scorecards()
own = scorecards_of(described.model_id, known)
page_header(
    "Evaluation", QUESTION, [kind_badge_markdown(described.kind), f":gray-badge[{described.name}]"], "evaluation"
)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    with st.container(width="stretch"):
        chosen = chosen_scorecard(own)
    if chosen is not None:
        with st.popover("New evaluation", key=new_evaluation_key(), on_change="rerun") as form:
            if form.open:  # the model is read only for who asks
                start_form(session.chosen_model(), own, launch)
evaluations_in_work(described.model_id, launch)
if chosen is None:
    with st.container(border=True):
        st.markdown("**This model has not been evaluated yet**")
        st.markdown(
            ":gray[It generates a recording for the conditions of every held-out one, and the two sets are compared: "
            "can they be told apart, do they follow their conditions, is anybody's recording given away?]"
        )
        start_form(session.chosen_model(), own, launch)
    st.stop()

scorecard = with_all_beside(chosen, known)
view = chosen_view()
if view == "telling":
    telling_view(scorecard)
elif view == "cells":
    cells_view(scorecard, session.chosen_model())
elif view == "distributions":
    distributions_view(scorecard, session.chosen_model())
elif view == "reconstruction":
    reconstruction_view(scorecard, session.chosen_model())
elif view == "compare":
    compare_view(scorecard, chosen.id, known)
else:
    scorecard_view(scorecard)
