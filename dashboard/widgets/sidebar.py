"""The sidebar of every page: product, pages, what is loaded, and what it may be used for."""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.navigation import pages
from dashboard.widgets.model_picker import model_picker
from dashboard.widgets.problem import plain

NOTICE = "Synthetic. Research use only."


def sidebar(current: st.Page) -> None:
    """Draw the sidebar; ``current`` is the page that is open."""
    with st.sidebar:
        st.html('<div class="product">ABR synthesis</div>')
        for name, page in pages().items():
            is_open = page.url_path == current.url_path
            with st.container(key="nav_current" if is_open else f"nav_{name}"):
                st.page_link(page)
        slot = st.container(key="sidebar_loaded")
    _loaded(slot)


def _loaded(slot) -> None:
    loaded = session.chosen_cohort()
    with slot:
        st.caption("Cohort")
        st.markdown(f"**{plain(loaded.name)}**  \n:gray[{len(loaded):,} recordings]")
        if not session.chosen_filter().is_empty:
            st.caption("Filter")
            words = plain(" · ".join(session.chosen_filter().in_words()))
            st.markdown(f"**{len(session.chosen_recordings()):,}** pass  \n:gray[{words}]")
        st.caption("Model")
        model_picker()
        st.caption(NOTICE)
