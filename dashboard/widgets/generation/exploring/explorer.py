"""Sliders and trace in one component: while a slider is dragged the trace follows without the server.

``st.slider`` speaks on release only. So the browser asks for the response along a whole condition as soon as a hand
comes near its slider, and along the others once the page is at rest. It interpolates between its stops
(``dashboard/components/explorer``), and on release the conditions come back for everything else on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboard.widgets.generation.exploring.axes import AXES
from dashboard.widgets.generation.exploring.settings import (
    COMPARE,
    SHOW,
    ExploreSettings,
    choose_settings,
    chosen_settings,
)

KEY = "explorer"
_FILES = Path(__file__).resolve().parents[3] / "components" / "explorer"
_PARTS = {"html": ["explorer.html"], "css": ["explorer.css"], "js": ["plot.js", "controls.js", "explorer.js"]}
_component = st.components.v2.component(
    KEY, **{kind: "\n".join((_FILES / name).read_text(encoding="utf-8") for name in _PARTS[kind]) for kind in _PARTS}
)
_ECHO, _SWEEP = "explorer_echo", "explorer_sweep"


def explorer(payload: dict) -> None:
    """Draw the component with what :func:`..payload.explorer_payload` gives."""
    _component(key=KEY, data=payload | {"echo": st.session_state.get(_ECHO, 0)}, on_asked_change=_asked)


def sweep_asked() -> str | None:
    """The condition whose whole axis the browser asked for with its last message; given once."""
    return st.session_state.pop(_SWEEP, None)


def settings_asked(message: Mapping, settings: ExploreSettings) -> ExploreSettings:
    """``settings`` as a message of the browser wants them; what it says wrongly stays as it was.

    ``message``: ``at``, the position of each slider among its stops, ``show`` and ``compare``; what it does not say
    stays too.
    """
    at = message.get("at")
    at = at if isinstance(at, Mapping) else {}
    condition = {
        name: axis.stops[at[name]] if _is_position(at.get(name), axis.stops) else settings.condition[name]
        for name, axis in AXES.items()
    }
    choices = {"show": SHOW, "compare": COMPARE}
    chosen = {key: message[key] for key, allowed in choices.items() if message.get(key) in allowed}
    return replace(settings, condition=condition, **chosen)


def _asked() -> None:
    message = st.session_state[KEY].asked
    if not isinstance(message, Mapping) or not isinstance(message.get("n"), int):
        return
    st.session_state[_ECHO] = message["n"]
    st.session_state[_SWEEP] = message.get("sweep") if message.get("sweep") in AXES else None
    choose_settings(settings_asked(message, chosen_settings()))


def _is_position(value, stops: tuple) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(stops)
