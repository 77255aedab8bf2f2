"""Bring recordings in, step by step: files, what is what, checks, done. Takes the page while it is open."""

from __future__ import annotations

import streamlit as st

from dashboard.widgets.importing import state as import_state
from dashboard.widgets.importing.checks import checks_step
from dashboard.widgets.importing.done import done_step, import_outcome
from dashboard.widgets.importing.files import files_step
from dashboard.widgets.importing.mapping import mapping_step
from dashboard.widgets.importing.state import Step
from dashboard.widgets.importing.steps import step_line

__all__ = ("import_button", "import_outcome", "import_wizard")

STEPS = {Step.FILES: files_step, Step.MEANING: mapping_step, Step.CHECKS: checks_step, Step.DONE: done_step}


def import_button() -> None:
    """Opens the import."""
    st.button(
        "Import recordings", key="data_import_open", on_click=import_state.begin, width="stretch",
        icon=":material/upload_file:", help="A clinic's export, a PhysioNet record, any table of traces, a cohort file",
    )  # fmt: skip


def import_wizard() -> bool:
    """Draw the import where it is open. True while it is: the page then shows nothing else."""
    if import_state.was_open_before_reload():
        import_state.begin()
        st.info("The page was reloaded, so the files are gone from it. Choose them again; nothing was stored.")
    state = import_state.current()
    if state is None:
        return False
    import_state.begin()
    line, close = st.columns([5, 1], vertical_alignment="center")
    with line:
        step_line(state.step)
    close.button(
        "Close" if state.step == Step.DONE else "Cancel import", key="import_close", on_click=import_state.end,
        width="stretch",
    )  # fmt: skip
    STEPS[state.step](state)
    return True
