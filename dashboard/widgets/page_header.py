"""The head of a page: its name, the one question it answers, and badges."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def page_header(title: str, question: str, badges: Iterable[str] = ()) -> None:
    """Title, question, and badges in markdown (``":orange-badge[simulated cohort]"``) on the question's line."""
    st.title(title, anchor=False)
    st.markdown(" ".join([f":gray[{question}]", *badges]))
