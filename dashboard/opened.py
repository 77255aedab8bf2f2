"""Which pages this session has opened, and how: what the first steps on Home look at."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

_OPENED = "session_opened"


def opened() -> Mapping[str, dict]:
    """Page → what was noted of it, of every page that was open in this session."""
    return st.session_state.get(_OPENED, {})


def note_opened(page: str, **how) -> None:
    """The page is open; ``how`` is kept beside what was noted of it before."""
    known = dict(opened())
    st.session_state[_OPENED] = known | {page: known.get(page, {}) | how}
