"""A part of the form that is closed at first, with words at its right that say what is in it while it is closed."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.style import PAPER

_CSS = """<style>
[class*="st-key-training_box_"] {{position: relative;}}
[class*="st-key-training_marks_"] {{position: absolute; right: 0.9rem; top: 0.55rem; width: auto;
  max-width: calc(100% - 8.2rem); pointer-events: none;}}
[class*="st-key-training_marks_"] p {{font-size: 0.875rem; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis;}}
[data-testid="stLayoutWrapper"]:has(> .st-key-training_go) {{position: sticky; top: 2.5rem; bottom: 0.5rem; z-index: 5;
  background: {paper}; border-radius: 0.5rem;}}
</style>"""


def section(label: str, name: str, marks: str = "") -> DeltaGenerator | None:
    """Where to draw the content; None while it is closed.

    Only what is open is drawn: a page of fifty inputs would answer slowly to each. The marks are not in the label:
    with another label it would be another section, drawn anew and closed while a person types in it.

    Parameters
    ----------
    label
        Heading; must stay the same.
    name
        Tells the sections apart.
    marks
        Markdown at the right of the heading.
    """
    with st.container(key=f"training_box_{name}", gap=None):
        expander = st.expander(label, key=f"training_part_{name}", on_change="rerun")
        if marks:
            with st.container(key=f"training_marks_{name}"):
                st.markdown(marks)
    return expander if expander.open else None


def section_style(theme: str) -> None:
    """What :func:`section` needs once on a page; the box with the start stays in sight when the form is scrolled."""
    st.html(_CSS.format(paper=PAPER[theme]))
