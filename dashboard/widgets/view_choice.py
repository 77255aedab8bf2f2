"""The views of a page, one at a time; which one is open stands in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def view_choice(page: str, views: Mapping[str, str], first: str) -> str:
    """The control, and the key of the view that is open.

    At first, and when the address was changed since, it is what the address says (``?view=…``), else ``first``. A page
    change and a reload keep it. Whoever wants another view to open sets ``st.session_state[f"{page}_view"]`` before the
    page is drawn anew.

    Parameters
    ----------
    page
        Name of the page, the start of the keys in the session.
    views
        Label of each view by its key; the key stands in the address.
    """
    view, control, address = f"{page}_view", f"{page}_view_control", f"{page}_view_address"
    asked = st.query_params.get("view")
    if asked in views and asked != st.session_state.get(address):
        st.session_state[view] = asked
    st.session_state.setdefault(view, first)
    st.session_state[control] = st.session_state[view]

    def open_() -> None:
        st.session_state[view] = st.session_state[control]

    st.segmented_control(
        "View",
        list(views),
        format_func=views.get,
        key=control,
        required=True,
        on_change=open_,
        label_visibility="collapsed",
    )
    st.query_params["view"] = st.session_state[address] = st.session_state[view]
    return st.session_state[view]
