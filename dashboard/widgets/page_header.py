"""The head of a page: its name, the one question it answers, badges, and what one is looking at."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from dashboard.explanations import explanation
from dashboard.opened import note_opened

ABOUT = "What am I looking at?"


def page_header(title: str, question: str, badges: Iterable[str] = (), about: str | None = None) -> None:
    """Title, question, and badges in markdown (``":orange-badge[simulated cohort]"``) on the question's line.

    With ``about``, the name of a text in ``dashboard/explanations``, a click opens what the page shows and where its
    norms and rules come from.
    """
    if about:
        note_opened(about)
    st.title(title, anchor=False)
    words = " ".join([f":gray[{question}]", *badges])
    if about is None:
        st.markdown(words)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(words, width="content")
        with st.popover(ABOUT, type="tertiary", width="content", key=f"about_{about}"):
            st.markdown(explanation(about))
