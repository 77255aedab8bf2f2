"""What the Architecture page shows: which figure, of which model, with which block open; all of it in the address."""

from __future__ import annotations

import streamlit as st

from abr_model.diagrams.graph import Diagram
from dashboard.diagrams import VIEWS, Choice, choices
from dashboard.widgets.view_choice import view_choice

SUBJECT, BLOCK = "architecture_subject", "architecture_block"
"""In the session: key of what is drawn, id of the open block (empty: none)."""
_CONTROL, _IN_USE = "architecture_subject_control", "architecture_in_use"


def chosen_view() -> str:
    """The control and the name of the figure."""
    return view_choice("architecture", VIEWS, next(iter(VIEWS)))


def chosen_subject() -> Choice:
    """The list and what is drawn; at first what the address says, else the model in use."""
    found = {choice.key: choice for choice in choices()}
    if SUBJECT not in st.session_state:
        asked = st.query_params.get("of")
        st.session_state[SUBJECT] = asked if asked in found else next(iter(found))
    in_use = next(iter(found))
    if st.session_state.setdefault(_IN_USE, in_use) != in_use:  # another model was chosen in the sidebar: show that one
        st.session_state[SUBJECT] = st.session_state[_IN_USE] = in_use
    if st.session_state[SUBJECT] not in found:  # deleted since it was chosen
        st.session_state[SUBJECT] = next(iter(found))
    st.session_state[_CONTROL] = st.session_state[SUBJECT]
    st.selectbox(
        "Model", list(found), format_func=lambda key: found[key].name, key=_CONTROL, on_change=_open_subject,
        label_visibility="collapsed", help="Models, runs that have none yet, and presets.",
    )  # fmt: skip
    return found[st.session_state[SUBJECT]]


def chosen_block(diagram: Diagram) -> str:
    """Id of the open block; empty when none is open. What is chosen is written into the address."""
    ids = [block.id for block in open_to_a_click(diagram)]
    if BLOCK not in st.session_state:
        asked = st.query_params.get("block")
        st.session_state[BLOCK] = asked if asked in ids else ""
    if st.session_state[BLOCK] not in ids:
        st.session_state[BLOCK] = ""
    st.query_params["of"] = st.session_state[SUBJECT]
    if st.session_state[BLOCK]:
        st.query_params["block"] = st.session_state[BLOCK]
    else:
        st.query_params.pop("block", None)
    return st.session_state[BLOCK]


def open_block(block_id: str) -> None:
    """Open a block, or with an empty id none."""
    st.session_state[BLOCK] = block_id


def open_to_a_click(diagram: Diagram) -> list:
    """Blocks that can be opened, in the order of the figure's text."""
    return [block for block in diagram.blocks if block.role not in ("join", "note")]


def _open_subject() -> None:
    st.session_state[SUBJECT] = st.session_state[_CONTROL]
