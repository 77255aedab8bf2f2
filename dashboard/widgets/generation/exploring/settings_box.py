"""Settings under a name: going to them, keeping one's own, and the link that brings them back."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from dashboard.named_settings import LONGEST_NAME, USUAL, forget_settings, keep_settings, named_settings
from dashboard.widgets.generation.exploring.settings import ExploreSettings, choose_settings, settings_of
from dashboard.widgets.problem import plain, sentence

_PICKED, _NAME, _PROBLEM = "settings_picked", "settings_name", "settings_problem"


def settings_box(settings: ExploreSettings) -> None:
    """A popover with the named settings and the way to keep the present ones."""
    own = named_settings()
    with st.popover("Settings", key="settings_popover", width="content"):
        st.session_state[_PICKED] = next(
            (name for name, address in {**own, **USUAL}.items() if settings_of(address) == settings), None
        )
        st.selectbox(
            "Go to",
            [*own, *USUAL],
            key=_PICKED,
            placeholder="named settings",
            on_change=_go,
            help="Conditions and what is shown. The address of this page holds them, too: a link brings them back.",
        )
        st.text_input(
            "Keep these settings as",
            key=_NAME,
            max_chars=LONGEST_NAME,
            placeholder="for example: our screening",
            help="Everybody who works with this data folder sees the name. It must say nothing of a patient.",
        )
        keep, forget = st.columns(2)
        keep.button("Keep", key="settings_keep", on_click=_keep, args=(settings,), width="stretch")
        picked = st.session_state[_PICKED]
        forget.button(
            "Delete",
            key="settings_forget",
            on_click=_forget,
            args=(picked,),
            disabled=picked not in own,
            width="stretch",
        )
        if problem := st.session_state.pop(_PROBLEM, None):
            st.error(plain(sentence(problem)))


def _go() -> None:
    name = st.session_state[_PICKED]
    address = {**named_settings(), **USUAL}.get(name)
    if address is not None:
        choose_settings(settings_of(address))


def _keep(settings: ExploreSettings) -> None:
    try:
        keep_settings(st.session_state[_NAME], settings.in_address())
        st.session_state[_NAME] = ""
    except InputError as error:
        st.session_state[_PROBLEM] = str(error)


def _forget(name: str) -> None:
    try:
        forget_settings(name)
    except InputError as error:
        st.session_state[_PROBLEM] = str(error)
