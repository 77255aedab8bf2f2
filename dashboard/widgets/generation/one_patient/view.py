"""One patient: choose a recording, see what the model makes of the ear, there and under other conditions."""

from __future__ import annotations

import streamlit as st

from abr_model.recordings import Recordings
from dashboard import session
from dashboard.comparison import comparison_cohort
from dashboard.ears import InferredEar
from dashboard.session import LoadedModel
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.generation.one_patient.between import between_view
from dashboard.widgets.generation.one_patient.ear_choice import choose_ear, familiarity_note
from dashboard.widgets.generation.one_patient.elsewhere import elsewhere_view
from dashboard.widgets.generation.one_patient.estimate import estimate_view

PARTS = {"estimate": "Response estimate", "elsewhere": "Other conditions", "between": "Between two ears"}


def one_patient_view(chosen: LoadedModel, theme: str) -> None:
    """An ear inferred from a recording: its response, missing labels, the same ear elsewhere, and between two."""
    recordings = session.chosen_recordings()
    comparison = comparison_cohort(recordings, chosen.model.preset.preparation)
    if not len(comparison.cohort):
        empty_state("No recording passes the filter.", "Take a part of the filter away.", "data", "Open Data")
        return
    key = f"{recordings.key}-{len(comparison.cohort)}-{comparison.note}"
    place = st.container(gap="small")
    row = st.container(horizontal=True, gap="medium", vertical_alignment="center")
    with place:
        inferred = choose_ear(chosen, comparison.cohort, key, "one_patient", row)
    if inferred is not None:
        with row:
            part = st.segmented_control(
                "Show", list(PARTS), default="estimate", required=True, format_func=PARTS.get, key="one_patient_part",
                label_visibility="collapsed",
            )  # fmt: skip
        familiarity_note(inferred)
        _part(part, chosen, inferred, comparison.cohort, key, theme)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        filter_box()
        if comparison.note:
            st.caption(comparison.note)


def _part(part: str, chosen: LoadedModel, inferred: InferredEar, recordings: Recordings, key: str, theme: str) -> None:
    if part == "estimate":
        estimate_view(chosen, inferred, theme)
    elif inferred.ear.link is None:
        empty_state(
            "This model has not learned how recordings of one ear go together.",
            "A model learns it at the end of its training, from ears that were recorded more than once. This one was "
            "trained before, or on a cohort with too few of them.",
            "training",
            "Open Training",
        )
    elif part == "elsewhere":
        elsewhere_view(chosen, inferred, recordings, theme)
    else:
        between_view(chosen, inferred, recordings, key, theme)
