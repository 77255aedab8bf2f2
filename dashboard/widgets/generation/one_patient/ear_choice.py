"""An ear to look at: which recording, what has to be stated, from how many recordings it is inferred."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.generation.ears.ear import CAUTION, missing_conditions
from abr_model.recordings import Recordings
from dashboard.ears import InferredEar, inferred_ear
from dashboard.session import LoadedModel
from dashboard.widgets.generation.one_patient.recording_choice import choose_recording
from dashboard.widgets.generation.one_patient.stated_conditions import state_conditions

ONE, ALL = "one", "all"


def choose_ear(
    chosen: LoadedModel, recordings: Recordings, key: str, name: str, row=None, first: int = 0
) -> InferredEar | None:
    """The lists, what has to be stated, and the ear; None where something is missing, which then stands there.

    ``row`` is where the choice stands from how many recordings the ear is inferred; here without one.
    ``first`` is the place of the patient that is chosen at first.
    """
    found = choose_recording(recordings, key, name, first)
    if found is None:
        return None
    stated = state_conditions(missing_conditions(recordings.table.iloc[found.row]), name)
    if stated is None:
        return None
    rows = [found.row]
    if len(found.of_ear) > 1:
        used = (row or st).segmented_control(
            "Inferred from", [ONE, ALL], default=ONE, required=True, key=f"{name}_from",
            label_visibility="collapsed",
            format_func={ONE: "From this recording", ALL: f"From all {len(found.of_ear)} of the ear"}.get,
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
    words = f"{fit}{stated}" if ear.familiarity is None else f"{ear.familiarity.sentence} {fit}{stated}"
    if ear.familiarity is not None and ear.familiarity.degree != "like":
        st.warning(words)
        words = ""
    st.caption(f"{CAUTION} {words}")
