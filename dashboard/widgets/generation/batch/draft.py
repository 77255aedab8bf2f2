"""What was filled in, kept while the person looks at another view or page."""

from __future__ import annotations

import streamlit as st

_DRAFT = "batch_draft"


def kept(name: str, default):
    """What was filled in last; ``default`` at first."""
    return st.session_state.get(_DRAFT, {}).get(name, default)


def keep(**values) -> None:
    """Keep what is filled in."""
    st.session_state[_DRAFT] = st.session_state.get(_DRAFT, {}) | values
