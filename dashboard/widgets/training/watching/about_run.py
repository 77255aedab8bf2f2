"""What a person writes about a run, what it was made with, and its way to the bin."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from abr_model.runs.bin import delete
from abr_model.runs.notes import LABEL_LENGTH, NOTES_LENGTH, read_notes, write_notes
from abr_model.runs.run import Run
from dashboard.widgets.problem import plain
from dashboard.widgets.training.open_view import redraw_page
from dashboard.widgets.training.run_facts import config_of, made_at
from dashboard.widgets.training.states import when_text

Attempt = Callable[[Callable[[], object]], bool]
_ASKED = "training_delete_asked"
"""In the session: id of the run that was asked to be deleted, until the question is answered."""


def about_run(run: Run, attempt: Attempt, deletable: bool) -> None:
    """Label and notes, settings, other tools, deletion: what is not needed all the time.

    Parameters
    ----------
    attempt
        Does something, and says what was refused.
    """
    with st.popover("About this run", key="training_about"):
        _words(run, attempt)
        _settings(run)
        if deletable:
            _deletion(run, attempt)


def _words(run: Run, attempt: Attempt) -> None:
    """Label and notes, kept when they are left."""
    written = read_notes(run)
    label_key, notes_key = f"training_label_{run.id}", f"training_notes_{run.id}"

    def keep() -> None:
        label, notes = st.session_state[label_key], st.session_state[notes_key]
        if attempt(lambda: write_notes(run, label=label, notes=notes)):
            redraw_page()  # the list calls the run by its label

    st.text_input(
        "Label", written.label, LABEL_LENGTH, key=label_key, on_change=keep, placeholder="what to recognise it by"
    )
    st.text_area(
        "Notes",
        written.notes,
        max_chars=NOTES_LENGTH,
        key=notes_key,
        on_change=keep,
        height=110,
        placeholder="what was tried, what came of it",
    )
    st.caption("No names of patients and no birth dates: label and notes are kept as they are.")


def _settings(run: Run) -> None:
    """Id, what it was made with, and how other tools read it."""
    config = config_of(run)
    facts = [("Run", run.id), ("Made", when_text(made_at(run)))]
    if config is not None:
        facts += [
            ("Preset", config.preset.name),
            ("Cohort", config.cohort),
            ("Only recordings with", " · ".join(config.filter.in_words())),
            ("Starts from", config.start.words if config.start else ""),
            ("Trial of the search", config.search or ""),
        ]
    st.markdown("  \n".join(f":gray[{name}:] {plain(value)}" for name, value in facts if value))
    if config is not None:
        st.caption("The command that trains the same again")
        st.code(config.command, language="bash", wrap_lines=True)
    st.caption("TensorBoard (a tool of its own: pip install tensorboard) reads all runs as they are")
    st.code(f"tensorboard --logdir {shlex.quote(_shown(run.folder.parent))}", language="bash", wrap_lines=True)


def _deletion(run: Run, attempt: Attempt) -> None:
    """Asks, then moves the run into the bin."""

    def ask(run_id: str | None) -> None:
        st.session_state[_ASKED] = run_id

    def move() -> None:
        ask(None)
        if attempt(lambda: delete(run)):
            redraw_page()

    if st.session_state.get(_ASKED) != run.id:
        st.button("Delete this run …", on_click=ask, args=(run.id,), key="training_delete")
        return
    kept = " and its model" if run.has_model else ""
    st.markdown(f"Move this run{kept} to the bin? It can be restored until the bin is emptied.")
    with st.container(horizontal=True):
        st.button("Move to the bin", on_click=move, key="training_delete_sure", type="primary")
        st.button("Keep it", on_click=ask, args=(None,), key="training_delete_not")


def _shown(folder: Path) -> str:
    """The folder as one types it where the dashboard was started."""
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)
