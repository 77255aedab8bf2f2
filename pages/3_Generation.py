"""Generation: what would this ear's ABR look like?"""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.model_address import follow_model_address
from dashboard.opened import note_opened
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.generation.batch.batch import batch_view
from dashboard.widgets.generation.exploring.explore import explore_view
from dashboard.widgets.generation.one_patient.view import one_patient_view
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import plain
from dashboard.widgets.view_choice import view_choice

page_header(
    "Generation",
    "What would this ear's ABR look like?",
    [kind_badge_markdown(session.chosen_cohort().kind)],
    about="generation",
)
if note := follow_model_address():
    st.caption(plain(note))
chosen = session.chosen_model()
if chosen is None:
    empty_state(
        "There is no trained model yet.",
        "Train one on the chosen cohort; as soon as the run is finished, its sliders are here.",
        "training",
        "Open Training",
    )
    st.stop()
VIEWS = {
    "conditions": ("Conditions", explore_view),
    "one-patient": ("One patient", one_patient_view),
    "batches": ("Batches", batch_view),
}
view = view_choice("generation", {key: label for key, (label, _) in VIEWS.items()}, "conditions")
note_opened("generation", view=view)
VIEWS[view][1](chosen, session.theme())
