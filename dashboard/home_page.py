"""Home: what this is, what is loaded, and the first steps."""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.charts.cohort import mean_by_level
from dashboard.first_steps import first_steps
from dashboard.opened import opened
from dashboard.style import PLOTLY_CONFIG
from dashboard.summaries import means_by_level
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.first_steps import show_first_steps
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import plain

MOST_LEVELS = 6


def loaded_card(loaded: session.LoadedCohort) -> None:
    """Which cohort and model are loaded, with their numbers."""
    cohort, model = loaded, session.chosen_model_folder()
    with st.container(border=True, height="stretch"):
        st.markdown(f"**Cohort**  \n{plain(loaded.name)}  \n{kind_badge_markdown(cohort.kind)}")
        left, right = st.columns(2)
        left.metric("Recordings", f"{len(cohort):,}")
        right.metric("Patients", f"{cohort.patients:,}")
        time = cohort.time_ms
        st.markdown(f":gray[{cohort.sampling.rate_hz / 1000:.4g} kHz · {time[0]:.1f} to {time[-1]:.1f} ms · µV]")
        st.divider()
        if model is None:
            st.markdown(
                "**Model**  \n:gray[None yet. Train one on this cohort: the sliders work as soon as it is done.]"
            )
        else:
            st.markdown(
                f"**Model**  \n{plain(model.name)}  \n"
                f":gray[{model.origin} · learned from {model.recordings:,} {model.kind.value} recordings]"
            )


def trace_card(loaded: session.LoadedCohort) -> None:
    """The mean trace of every level of the cohort: the first thing that a clinician recognises."""
    means, whose = means_by_level(loaded, "normal", MOST_LEVELS), "normal hearing"
    if not len(means.levels):
        means, whose = means_by_level(loaded, None, MOST_LEVELS), "all hearing"
    with st.container(border=True, height="stretch"):
        st.markdown(f"**Mean trace by level** :gray[ · {loaded.kind.value} recordings, {whose}, vertex positive up]")
        if not len(means.levels):
            st.markdown(":gray[No recording of this cohort has a level.]")
            return
        figure = mean_by_level(means, session.theme(), height=300, band=False)
        levels = f"{len(means.levels)} levels, {means.levels[0]:g} to {means.levels[-1]:g} dB nHL"
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=f"Mean ABR at {levels}, loudest on top")


page_header(
    "Synthetic auditory brainstem responses",
    "Explore a cohort of ABR recordings, train a model on it, and generate new waveforms for the conditions you set.",
    about="home",
)
loaded = session.chosen_cohort()
picture, facts = st.columns([2.1, 1])
with picture:
    trace_card(loaded)
with facts:
    loaded_card(loaded)
show_first_steps(first_steps(loaded.table, loaded.kind, session.chosen_model_folder() is not None), opened())
with st.container(border=True):
    st.markdown(
        "**What this cannot do**  \n"
        ":gray[A synthetic trace shows what is typical for its conditions; it is nobody's recording and no basis for a "
        "diagnosis. A model knows only what its cohort holds: rare ages, levels and losses are learned badly, and "
        "errors of the cohort are learned too. "
        + (
            "The loaded cohort is simulated from published physiology, not measured. "
            if loaded.kind == "simulated"
            else ""
        )
        + "Research use only.]"
    )
