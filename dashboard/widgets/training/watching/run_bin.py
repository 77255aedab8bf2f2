"""Deleted runs, until the bin is emptied."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.bin import deleted_at, deleted_runs, empty_bin, restore
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.open_view import redraw_page
from dashboard.widgets.training.run_facts import run_name
from dashboard.widgets.training.states import when_text

MOST = 20
_PROBLEM = "training_bin_problem"


def run_bin(root: Path) -> None:
    """What is in the bin of a folder of runs, each with “Restore”; nothing where it is empty."""
    if problem := st.session_state.get(_PROBLEM):
        st.error(problem)
    runs = deleted_runs(root)
    if not runs:
        return
    with st.popover(f"Bin ({len(runs)})", key="training_bin"):
        for run in runs[:MOST]:
            words, button = st.columns([3, 1], vertical_alignment="center")
            words.markdown(f"{plain(run_name(run))}  \n:gray[deleted {when_text(deleted_at(run))}]")
            button.button("Restore", on_click=_try, args=(root, run.id), key=f"training_restore_{run.id}")
        if len(runs) > MOST:
            st.caption(f"And {len(runs) - MOST} more, deleted earlier.")
        st.caption("Emptying the bin deletes these runs and their models for good.")
        if st.checkbox("I want that", key="training_empty_sure"):
            st.button("Empty the bin", on_click=_try, args=(root,), key="training_empty")


def _try(root: Path, run_id: str | None = None) -> None:
    """Restore one run, or empty the bin."""
    st.session_state.pop(_PROBLEM, None)
    try:
        if run_id is None:
            empty_bin(root)
        else:
            st.session_state["training_run"] = restore(root, run_id).id
    except InputError as error:
        st.session_state[_PROBLEM] = plain(sentence(str(error)))
    redraw_page()
