"""Step 2 of an import: the questions that the files leave open, beside the traces that the answers give."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping, SampleColumns
from abr_model.sources.preview import Preview
from dashboard.widgets.importing.columns import columns_table
from dashboard.widgets.importing.mapping_file import mapping_file
from dashboard.widgets.importing.picture import excerpt_for, in_a_row, recordings_picture
from dashboard.widgets.importing.recording import (
    PATIENT,
    open_answers,
    open_sentences,
    recording_questions,
    statements,
    states_table,
)
from dashboard.widgets.importing.rows import first_rows
from dashboard.widgets.importing.samples import sample_columns
from dashboard.widgets.importing.state import ImportState, Step
from dashboard.widgets.importing.words import words_and_codes
from dashboard.widgets.problem import show_problem


def mapping_step(state: ImportState) -> None:
    """How it was recorded and the picture on top; then the columns; then what is true of all recordings."""
    previews = [state.preview_of(u) for u in state.folder.files]
    previews = [p for p in previews if p.kind in ("table", "recordings")]
    table = next((p for p in previews if p.kind == "table"), None)
    if state.problem is not None:
        show_problem(state.problem)
        state.problem = None
    questions, picture = st.columns([2, 3], gap="medium")
    with questions:
        _what_files_say(previews)
        st.markdown("**How it was recorded**")
        try:
            answers = recording_questions(state, previews)
            if table is not None:
                answers["mapping"] = _samples(state, table)
        except InputError as error:
            show_problem(error)
            answers = {}
        state.change(**answers)
        st.markdown("**What is true of all recordings** :gray[ · where the file is silent]")
        state.change(stated=statements(state))
        for words in open_sentences(state, previews):
            st.caption(words)
    if table is not None and state.settings.mapping is not None:
        with st.container(border=True):
            _columns(state, table)
    lacking = open_answers(state, previews)
    with picture:  # last, so that it is drawn with every answer above
        mapping = state.settings.mapping
        named = mapping is not None and mapping.columns  # whose they are does not show in a picture
        recordings_picture(state, [answer for answer in lacking if answer != PATIENT or not named])
    _onward(state, lacking)


def _what_files_say(previews: list[Preview]) -> None:
    stating = [p for p in previews if p.states]
    if len(stating) == 1:
        st.markdown("**What the file says itself**")
        st.html(states_table(stating[0]))
    elif stating:
        st.markdown(f":gray[{len(stating)} of the files say how they were recorded; first of them:]")
        st.html(states_table(stating[0]))


def _samples(state: ImportState, table: Preview) -> ColumnMapping | None:
    samples: SampleColumns | None = sample_columns(state, table)
    mapping = state.settings.mapping
    if samples is None:
        return mapping
    if mapping is None:
        return ColumnMapping(columns={}, samples=samples)
    return mapping.model_copy(update={"samples": samples})


def _columns(state: ImportState, table: Preview) -> None:
    upload = next(u for u in state.folder.files if state.preview_of(u) is table)
    title, file = st.columns([4, 1], vertical_alignment="center")
    known = " :gray[ · remembered from the last file with these columns]" if table.remembered else ""
    title.markdown(f"**Which column is what**{known}")
    with file:
        mapping_file(state, table)
    removed = ", ".join(table.identifying_columns)
    if removed:
        st.caption(
            f"Not kept, because they may tell who a person is: {removed}. A patient's number becomes a pseudonym."
        )
    with st.expander("First rows of the file"):
        first_rows(table, state.settings.mapping)
    mapping = columns_table(state, table)
    mapping = words_and_codes(state, mapping, excerpt_for(state, upload))
    state.change(mapping=mapping)


def _onward(state: ImportState, lacking: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", key="import_back"):
            state.step = Step.FILES
            st.rerun()
        if st.button("Next: read and check", type="primary", disabled=bool(lacking), key="import_next"):
            state.step = Step.CHECKS
            st.rerun()
        if lacking:
            st.markdown(f":gray[Still needed: {in_a_row(lacking)}. Nothing is guessed.]")
