"""Data: what is in this cohort, and what is missing?"""

from __future__ import annotations

import streamlit as st

from abr_model.schema import Kind
from dashboard import session
from dashboard.navigation import link_to
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.cohort_picker import cohort_facts, cohort_picker
from dashboard.widgets.data.averages import averages_view
from dashboard.widgets.data.distributions import distributions_view
from dashboard.widgets.data.latency_intensity import latency_intensity_view
from dashboard.widgets.data.missing import missing_view
from dashboard.widgets.data.quality import quality_view
from dashboard.widgets.data.selection import selection_view
from dashboard.widgets.data.table import table_view
from dashboard.widgets.data.traces import traces_view
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.importing.wizard import import_button, import_outcome, import_wizard
from dashboard.widgets.page_header import page_header
from dashboard.widgets.simulate_form import simulate_form

VIEWS = {
    "Traces": traces_view,
    "Averages": averages_view,
    "Latency–intensity": latency_intensity_view,
    "Distributions": distributions_view,
    "Quality": quality_view,
    "Missing": missing_view,
    "Selection": selection_view,
    "Table": table_view,
}

MEND_THE_FILTER = ("Missing",)  # can say themselves why nothing passes, and take it back

loaded = session.chosen_cohort()
page_header("Data", "What is in this cohort, and what is missing?", [kind_badge_markdown(loaded.kind)], about="data")
if import_wizard():
    st.stop()
left, content = st.columns([1, 3], gap="medium")
with left:
    cohort_picker()
    filter_box()
    with st.container(border=True):
        cohort_facts(loaded)
        if loaded.kind == Kind.SIMULATED:
            link_to("realism", "How real is the simulation?")
    import_button()
    with st.expander("Simulate a clinic"):
        simulate_form()
with content:
    import_outcome()
    recordings = session.chosen_recordings()
    view = st.segmented_control(
        "View", list(VIEWS), default="Traces", key="data_view", required=True, persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    if len(recordings) or view in MEND_THE_FILTER:
        VIEWS[view](recordings)
    else:
        st.markdown(":gray[No recording passes the filter.]")
