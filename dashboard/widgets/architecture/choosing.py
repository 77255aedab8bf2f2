"""What the Architecture page shows: which figure, of which model, with which block open; all of it in the address."""

from __future__ import annotations

import streamlit as st

from abr_model.diagrams.graph import Diagram
from dashboard.diagrams import VIEWS, Choice, choices

VIEW, SUBJECT, BLOCK = "architecture_view", "architecture_subject", "architecture_block"
"""In the session: name of the figure, key of what is drawn, id of the open block (empty: none)."""
_VIEW_CONTROL, _SUBJECT_CONTROL = "architecture_view_control", "architecture_subject_control"


def chosen_view() -> str:
    """The control and the name of the figure."""
    _from_address(VIEW, "view", list(VIEWS))
    st.session_state[_VIEW_CONTROL] = st.session_state[VIEW]
    st.segmented_control(
        "Figure", list(VIEWS), format_func=VIEWS.get, key=_VIEW_CONTROL, required=True, on_change=_open_view,
        label_visibility="collapsed",
    )  # fmt: skip
    return st.session_state[VIEW]


def chosen_subject() -> Choice:
    """The list and what is drawn; at first what the address says, else the model in use."""
    found = {choice.key: choice for choice in choices()}
    _from_address(SUBJECT, "of", list(found))
    if st.session_state[SUBJECT] not in found:  # deleted since it was chosen
        st.session_state[SUBJECT] = next(iter(found))
    st.session_state[_SUBJECT_CONTROL] = st.session_state[SUBJECT]
    st.selectbox(
        "Model", list(found), format_func=lambda key: found[key].name, key=_SUBJECT_CONTROL, on_change=_open_subject,
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
    st.query_params["view"], st.query_params["of"] = st.session_state[VIEW], st.session_state[SUBJECT]
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


def _from_address(key: str, name: str, known: list[str]) -> None:
    if key not in st.session_state:
        asked = st.query_params.get(name)
        st.session_state[key] = asked if asked in known else known[0]


def _open_view() -> None:
    st.session_state[VIEW] = st.session_state[_VIEW_CONTROL]
    st.session_state[BLOCK] = ""


def _open_subject() -> None:
    st.session_state[SUBJECT] = st.session_state[_SUBJECT_CONTROL]
