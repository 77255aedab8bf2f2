"""Between two ears: a second recording, and a slider from the one to the other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.recordings import Recordings
from abr_model.schema import CONDITION_NAMES, HEARING_LOSS, WAVES
from dashboard.charts.ears.elsewhere import blend_figure
from dashboard.charts.generation import HARDLY_MARKED
from dashboard.ears import InferredEar, blended
from dashboard.session import LoadedModel
from dashboard.widgets.generation.exploring.waves_table import WAVES_CSS
from dashboard.widgets.generation.one_patient.ear_choice import choose_ear, familiarity_note
from dashboard.widgets.generation.one_patient.taking_along import ear_download, picture

STEPS = np.round(np.linspace(0, 1, 21), 2)
ALONG, HELD = "go along", "stay the first's"


def between_view(chosen: LoadedModel, first: InferredEar, recordings: Recordings, key: str, theme: str) -> None:
    """The second recording, then what lies between."""
    st.markdown("**Second recording**")
    second = choose_ear(chosen, recordings, key, "one_patient_second", first=1)
    if second is not None:
        familiarity_note(second)
        _between(chosen, first, second, theme)


@st.fragment
def _between(chosen: LoadedModel, first: InferredEar, second: InferredEar, theme: str) -> None:
    left, right = st.columns([1, 2.75], gap="medium")
    with left:
        percent = st.slider("Share of the second ear", 0, 100, 50, 5, "%d %%", key="one_patient_share")
        conditions = st.segmented_control(
            "Conditions", [ALONG, HELD], default=ALONG, required=True, key="one_patient_blend_conditions",
            help="Go along: level, age and rate go evenly from the first recording's to the second's, the hearing "
            "changes half way. Stay: both ears under the conditions of the first recording.",
        )  # fmt: skip
    held = first.ear.condition if conditions == HELD else None
    try:
        along = blended(chosen, first, second, STEPS, held)
    except InputError as error:
        hint = " Let the conditions go along." if held is not None else ""
        right.error(f"{error}{hint}")
        return
    at = int(np.flatnonzero(np.isclose(STEPS, percent / 100))[0])
    here = along.conditions.iloc[at]
    with left:
        words = ", ".join(in_words(name, here[name]) for name in CONDITION_NAMES if name != HEARING_LOSS.name)
        st.caption(f"{words}, {in_words(HEARING_LOSS.name, here[HEARING_LOSS.name]).lower()}.")
        with st.container(border=True, gap="xsmall"):
            st.markdown("**Waves** :gray[ · first · here · second]")
            st.html(_waves_html(along, at))
    with right, st.container(border=True, gap="xsmall"):
        st.markdown(f"**Between two ears, {percent} % of the second** :gray[ · generated, research use only]")
        picture(
            blend_figure(along, at, theme),
            "one_patient_blend",
            f"Response half of two inferred ears, {percent} % of the second, over both ends",
        )
        st.caption("An arc between the codes of both ears. Such an ear was never recorded.")
        ear_download(chosen, along, [first.ear, second.ear], "blend", "one_patient_blend", STEPS)


def _waves_html(along, at: int) -> str:
    def cell(values: np.ndarray, row: int, k: int) -> str:
        seen = np.isfinite(values[row, k]) and not along.marked[row, k] < HARDLY_MARKED
        return f"{values[row, k]:.2f}" if seen else "–"

    body = ""
    for k, wave in enumerate(WAVES):
        latency, amplitude = (
            " · ".join(cell(values, row, k) for row in (0, at, -1)) for values in (along.latency_ms, along.amplitude_uv)
        )
        body += f"<tr><td>{wave}</td><td>{latency}</td><td>{amplitude}</td></tr>"
    head = "<tr><th></th><th>latency ms</th><th>amplitude µV</th></tr>"
    return f'{WAVES_CSS}<table class="waves"><thead>{head}</thead><tbody>{body}</tbody></table>'
