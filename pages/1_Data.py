"""Data: what is in this cohort, and what is missing?"""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.cohort_picker import cohort_facts, cohort_picker
from dashboard.widgets.cohort_views import means_view, missing_view, selection_view, table_view, traces_view
from dashboard.widgets.import_form import import_form, import_outcome
from dashboard.widgets.page_header import page_header
from dashboard.widgets.simulate_form import simulate_form

VIEWS = {
    "Traces": traces_view,
    "Mean by level": means_view,
    "What is missing": missing_view,
    "Selection": selection_view,
    "Table": table_view,
}

loaded = session.chosen_cohort()
page_header("Data", "What is in this cohort, and what is missing?", [kind_badge_markdown(loaded.cohort.kind)])
sources, content = st.columns([1, 3], gap="medium")
with sources:
    cohort_picker()
    with st.container(border=True):
        cohort_facts(loaded)
    with st.expander("Simulate a clinic"):
        simulate_form()
    with st.expander("Import recordings"):
        import_form()
with content:
    import_outcome()
    view = st.segmented_control(
        "View", list(VIEWS), default="Traces", key="data_view", required=True, persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    VIEWS[view](loaded)
