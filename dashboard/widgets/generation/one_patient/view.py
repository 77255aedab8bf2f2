"""One patient: choose a recording, see what the model makes of the ear, there and under other conditions."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.generation.ears.ear import CAUTION, missing_conditions
from abr_model.recordings import Recordings
from dashboard import session
from dashboard.comparison import comparison_cohort
from dashboard.ears import InferredEar, inferred_ear
from dashboard.session import LoadedModel
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.generation.one_patient.between import between_view
from dashboard.widgets.generation.one_patient.elsewhere import elsewhere_view
from dashboard.widgets.generation.one_patient.estimate import estimate_view
from dashboard.widgets.generation.one_patient.recording_choice import choose_recording
from dashboard.widgets.generation.one_patient.stated_conditions import state_conditions

PARTS = {"estimate": "Response estimate", "elsewhere": "Other conditions", "between": "Between two ears"}
ONE, ALL = "this recording", "all recordings of the ear"


def one_patient_view(chosen: LoadedModel, theme: str) -> None:
    """An ear inferred from a recording: its response, missing labels, the same ear elsewhere, and between two."""
    recordings = session.chosen_recordings()
    comparison = comparison_cohort(recordings, chosen.model.preset.preparation)
    if not len(comparison.cohort):
        empty_state("No recording passes the filter.", "Take a part of the filter away.", "data", "Open Data")
        return
    st.caption(CAUTION)
    key = f"{recordings.key}-{len(comparison.cohort)}-{comparison.note}"
    inferred = choose_ear(chosen, comparison.cohort, key, "one_patient")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        filter_box()
        if comparison.note:
            st.caption(comparison.note)
    if inferred is None:
        return
    familiarity_note(inferred)
    part = st.segmented_control(
        "Show", list(PARTS), default="estimate", required=True, format_func=PARTS.get, key="one_patient_part",
        label_visibility="collapsed",
    )  # fmt: skip
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
        elsewhere_view(chosen, inferred, comparison.cohort, theme)
    else:
        between_view(chosen, inferred, comparison.cohort, key, theme)


def choose_ear(chosen: LoadedModel, recordings: Recordings, key: str, name: str) -> InferredEar | None:
    """The lists, what has to be stated, and the ear; None where something is missing, which then stands there."""
    found = choose_recording(recordings, key, name)
    if found is None:
        return None
    stated = state_conditions(missing_conditions(recordings.table.iloc[found.row]), name)
    if stated is None:
        return None
    rows = [found.row]
    if len(found.of_ear) > 1:
        used = st.segmented_control(
            f"Inferred from ({len(found.of_ear)} recordings of this ear)", [ONE, ALL], default=ONE, required=True,
            key=f"{name}_from",
            help="Several recordings tell more about other conditions (at most eight are used, those nearest in "
            "level). The response estimate is that of the chosen recording in either case.",
        )  # fmt: skip
        rows = found.of_ear if used == ALL else rows
    try:
        return inferred_ear(chosen, recordings, key, rows, stated)
    except InputError as error:
        st.error(str(error))
        return None


def familiarity_note(inferred: InferredEar) -> None:
    """What the ear was inferred from, and how far the recording is from what the model knows."""
    ear = inferred.ear
    stated = f" Stated: {', '.join(in_words(n, ear.condition[n]).lower() for n in ear.stated)}." if ear.stated else ""
    fit = f"Estimate and recording correlate at {ear.correlation[0]:.2f}."
    if ear.familiarity is None:
        st.caption(f"{fit}{stated}")
        return
    words = f"{ear.familiarity.sentence} {fit}{stated}"
    if ear.familiarity.degree == "like":
        st.caption(words)
    else:
        st.warning(words)
