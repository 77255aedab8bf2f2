"""Going to another view of the Training page from within one that is renewed on its own."""

from __future__ import annotations

import streamlit as st

from abr_model.runs.run import Run

_REDRAW = "training_redraw"


def redraw_page() -> None:
    """From a callback: draw the whole page anew, not only the part that polls."""
    st.session_state[_REDRAW] = True


def page_is_drawn() -> None:
    """While the whole page is drawn: nobody needs to ask for it any more."""
    st.session_state.pop(_REDRAW, None)


def redraw_if_asked() -> None:
    """At the start of a part that polls."""
    if st.session_state.pop(_REDRAW, False):
        st.rerun()


def open_new_training(run: Run) -> None:
    """From a callback: the form of a new training, filled with the settings of ``run``."""
    st.session_state["training_clone"] = run.id
    st.session_state["training_view"] = "new"
    redraw_page()
