"""One patient's recordings, stacked by level, and the details of the one that was clicked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.generation.export import export_table, sample_columns
from abr_model.schema import INTENSITY
from dashboard import session
from dashboard.charts.cohort import EAR_TITLES, ear_series
from dashboard.session import FilteredCohort
from dashboard.widgets.data.patients import patient_picker
from dashboard.widgets.data.recording_details import recording_details
from dashboard.widgets.download import figure_box

MAXIMUM_TRACES = 120
_CHOSEN = "data_trace_chosen"
_CHART = "data_traces_chart"


def traces_view(recordings: FilteredCohort) -> None:
    """Right ear beside left, loudest on top; a click on a trace shows what is known about that recording."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with right:
        ear = st.segmented_control(
            "Ear",
            ["both", "right", "left"],
            default="both",
            key="data_ear",
            required=True,
            label_visibility="collapsed",
        )
    with left:
        patient, rows = patient_picker(recordings)
    ears = ("right", "left") if ear == "both" else (ear,)
    table = recordings.table.iloc[rows]
    drawable = (table[INTENSITY.name].notna() & table["ear"].isin(ears)).to_numpy(dtype=bool)
    shown = rows[drawable][:MAXIMUM_TRACES]
    if not len(shown):
        with st.container(border=True):
            st.markdown(f":gray[{_nothing_to_draw(table, ears)}]")
        return
    cohort = recordings.take(shown)
    ids = cohort.table["recording_id"]
    chosen = st.session_state.get(_CHOSEN)
    if not (ids == chosen).any():
        chosen = ids[cohort.table[INTENSITY.name].idxmax()]
    drawn = tuple(e for e in ears if (cohort.table["ear"] == e).any())
    figure, details = st.columns([5, 2], gap="small")
    with figure:
        words = ["Vertex positive up, one gain. Tick: wave I or III, dot: wave V, NR: no response. Click a trace."]
        words += _not_drawn(table, ears, int(drawable.sum()) - len(shown))
        figure_box(
            ear_series(cohort, session.theme(), ears=drawn, chosen=chosen),
            "Recordings of one patient",
            f"{len(shown)} ABR recordings of one patient, stacked by level, loudest on top, right ear red, left blue",
            _CHART,
            table=lambda: as_table(cohort),
            note=f"{patient} · {len(shown)} recordings",
            caption=" ".join(words),
            on_select=_take_click,
            selection_mode="points",
        )
    with details:
        recording_details(cohort.table[ids == chosen].iloc[0])


def as_table(cohort: Cohort) -> pd.DataFrame:
    """One row a recording: what it is, its table, and its samples in µV."""
    samples = pd.DataFrame(cohort.waveforms, columns=sample_columns(cohort))
    return pd.concat([export_table(cohort), samples], axis=1)


def _take_click() -> None:
    """Remember the recording whose trace was clicked; a click beside all traces changes nothing."""
    points = st.session_state[_CHART].selection.points
    if points and (recording := points[-1].get("customdata")):
        st.session_state[_CHOSEN] = recording[0] if isinstance(recording, list) else recording


def _not_drawn(table: pd.DataFrame, ears: tuple[str, ...], too_many: int) -> list[str]:
    """Why recordings of this patient are not in the picture, each reason with its number."""
    no_ear = table["ear"].isna()
    other_ear = ~no_ear & ~table["ear"].isin(ears)
    no_level = ~no_ear & ~other_ear & table[INTENSITY.name].isna()
    counts = {
        "of the other ear": int(other_ear.sum()),
        "without an ear": int(no_ear.sum()),
        "without a level": int(no_level.sum()),
        f"more than the {MAXIMUM_TRACES} that one picture holds": too_many,
    }
    reasons = [f"{count:,} {words}" for words, count in counts.items() if count]
    return [f"Not drawn: {', '.join(reasons)}."] if reasons else []


def _nothing_to_draw(table: pd.DataFrame, ears: tuple[str, ...]) -> str:
    if not table["ear"].isin(ears).any():
        return f"No recording of this patient is marked as {' or '.join(EAR_TITLES[e].lower() for e in ears)}."
    return "The recordings of this ear have no level, so they cannot be stacked. See them in the table."
