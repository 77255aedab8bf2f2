"""What a page shows when there is nothing to show yet: what is missing, and what to do."""

from __future__ import annotations

import streamlit as st

from dashboard.navigation import link_to


def empty_state(title: str, what_to_do: str, page: str | None = None, link: str = "") -> None:
    """A bordered card with one sentence and, where another page helps, a link to it."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        st.markdown(f":gray[{what_to_do}]")
        if page:
            link_to(page, link)
