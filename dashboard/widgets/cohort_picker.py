"""Which cohort the pages work with, and its facts."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from dashboard import session
from dashboard.session import LoadedCohort
from dashboard.widgets.problem import plain, sentence


def cohort_picker() -> None:
    """A list of the cohort files, newest first. What is picked is chosen for every page."""
    files = {str(file.path): file.name for file in session.available_cohorts()}
    chosen = str(session.chosen_cohort().path)
    if chosen not in files:  # removed from the folder since it was read
        files = {chosen: session.chosen_cohort().name} | files
    st.session_state["data_cohort"] = chosen
    st.selectbox("Cohort", list(files), format_func=files.get, key="data_cohort", on_change=_pick)
    if problem := st.session_state.pop("data_pick_problem", None):
        st.error(f"{plain(sentence(problem))} The cohort loaded before is kept.")


def _pick() -> None:
    try:
        session.choose_cohort(st.session_state["data_cohort"])
    except InputError as error:
        st.session_state["data_pick_problem"] = str(error)


def cohort_facts(loaded: LoadedCohort) -> None:
    """Recordings, patients, sampling, levels, and where it comes from: the numbers that go with every picture."""
    level = loaded.table["intensity_db_nhl"]
    rows = {
        "Recordings": f"{len(loaded):,}",
        "Patients": f"{loaded.patients:,}",
        "Levels": f"{level.min():g} to {level.max():g} dB nHL" if level.notna().any() else "not known",
        "Sampling": f"{loaded.sampling.rate_hz / 1000:.4g} kHz",
        "Time": f"{loaded.time_ms[0]:.1f} to {loaded.time_ms[-1]:.1f} ms",
    }
    lines = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows.items())
    st.html(f'<table class="facts">{lines}</table>')
    st.caption(loaded.provenance.notice[:1].upper() + loaded.provenance.notice[1:] + ".")
