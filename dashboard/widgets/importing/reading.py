"""Reads the files of an import, with a progress bar and a way out. Nothing is stored by it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.checks.known_imports import known_imports
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import ImportReport, NothingImportedError
from dashboard.widgets.importing.state import ImportState, Step
from dashboard.widgets.problem import plain

LEFT_FROM_BEFORE = 12


def read_all(state: ImportState) -> None:
    """Read with the present settings; leaves ``state.result``, or ``state.problem`` where they cannot be read.

    A click on Stop starts the page anew, and Streamlit ends the running script at its next message to the page: that
    is the progress bar, so a reading ends at its next block. Nothing that was chosen or stored is touched.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Reading …")
        st.button("Stop reading", on_click=_cancel, args=(state,), key="import_cancel_reading")
    st.caption("Nothing is stored yet.")
    for _ in range(LEFT_FROM_BEFORE):  # what the step before has drawn here would stay, greyed, while this script runs
        st.empty()

    def tell(share: float, file: str) -> None:
        bar.progress(min(share, 1.0), f"Reading {plain(state.folder.named(file))} …")

    try:
        paths = [upload.path for upload in state.folder.files]
        result = read_recordings(paths, **state.settings.arguments(), known=known_imports(), on_progress=tell)
        state.result = replace(result, report=state.folder.named_report(result.report))
    except InputError as error:
        state.problem = state.folder.named_error(error)
    st.rerun()


def _cancel(state: ImportState) -> None:
    state.step = Step.MEANING
    state.forget_result()


def report_of(state: ImportState) -> ImportReport | None:
    """What the reading did; also where every recording was refused."""
    if state.result is not None:
        return state.result.report
    return state.problem.report if isinstance(state.problem, NothingImportedError) else None
