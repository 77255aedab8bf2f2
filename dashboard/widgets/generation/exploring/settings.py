"""What the view of conditions is set to: in the session, so a page change keeps it, and in the address, so a link does.

Streamlit's own sliders could do this with ``bind="query-params"``; the sliders of this view are a component of its own.
The address holds settings alone: nothing of a recording or a patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE
from dashboard.widgets.generation.exploring.axes import AXES

SHOW = ("mean", "draws", "recordings")
COMPARE = ("traces", "mean", "difference", "nothing")
EARS = ("both", "right", "left")
SWEEPS = (500, 1000, 2000, 4000, 8000)
MOST_DRAWS = 24
USUAL_CONDITION = {AGE.name: 0.25, INTENSITY.name: 80.0, RATE.name: 33.1, HEARING_LOSS.name: "normal"}

_SETTINGS, _ADDRESS = "generation_settings", "generation_address"
_IN_ADDRESS = {AGE.name: "age", INTENSITY.name: "level", RATE.name: "rate", HEARING_LOSS.name: "hearing"}


@dataclass(frozen=True)
class ExploreSettings:
    """Conditions, each one of the stops of its axis, and how they are shown.

    Parameters
    ----------
    condition
        Value of each of the four conditions.
    show
        ``"mean"`` alone; with single ``"draws"``, responses without noise; or with ``"recordings"``, with residual
        noise.
    draws
        How many of them are drawn, 1 to 24.
    sweeps
        Number of sweeps whose residual noise recordings carry; None: as the model has learned it.
    compare
        Recordings near the conditions as ``"traces"``, as ``"mean"`` ± SD, as the ``"difference"`` of generated and
        recorded mean, or ``"nothing"``.
    ear
        Recordings of ``"both"`` ears, the ``"right"`` or the ``"left"`` one are compared.
    """

    condition: Mapping = field(default_factory=lambda: dict(USUAL_CONDITION))
    show: str = "draws"
    draws: int = 12
    sweeps: int | None = None
    compare: str = "traces"
    ear: str = "both"

    def in_address(self) -> dict[str, str]:
        """Those that are not as usual, as they stand in the address."""
        usual, found = ExploreSettings(), {}
        for name, key in _IN_ADDRESS.items():
            if self.condition[name] != usual.condition[name]:
                found[key] = AXES[name].text(self.condition[name])
        for key in ("show", "draws", "sweeps", "compare", "ear"):
            if getattr(self, key) != getattr(usual, key):
                found[key] = str(getattr(self, key))
        return found


KEYS = (*_IN_ADDRESS.values(), "show", "draws", "sweeps", "compare", "ear")
"""The names in the address."""


def settings_of(address: Mapping[str, str]) -> ExploreSettings:
    """Settings as an address says; what it does not say, or says wrongly, is as usual."""
    usual = ExploreSettings()
    condition = {
        name: found if (found := AXES[name].value(address.get(key, ""))) is not None else usual.condition[name]
        for name, key in _IN_ADDRESS.items()
    }
    choices = {"show": SHOW, "compare": COMPARE, "ear": EARS}
    chosen = {key: address[key] for key, allowed in choices.items() if address.get(key) in allowed}
    numbers = {"draws": range(1, MOST_DRAWS + 1), "sweeps": SWEEPS}
    counted = {key: int(address[key]) for key, allowed in numbers.items() if address.get(key) in map(str, allowed)}
    return replace(usual, condition=condition, **chosen, **counted)


def chosen_settings() -> ExploreSettings:
    """The settings of this session."""
    return st.session_state.get(_SETTINGS, ExploreSettings())


def follow_address() -> None:
    """Take the settings of the address, at first and whenever it was changed by hand or by the browser's way back.

    To be called when the whole page is drawn: a part of it that is renewed on its own is sent the address as it was
    before the last change had reached the browser.
    """
    asked = {key: st.query_params[key] for key in KEYS if key in st.query_params}
    known = st.session_state.get(_SETTINGS)
    if known is None or (asked and asked != st.session_state.get(_ADDRESS)):
        known = settings_of(asked)
    choose_settings(known)


def choose_settings(settings: ExploreSettings) -> None:
    """Show these from now on, and say so in the address."""
    address = settings.in_address()
    st.session_state[_SETTINGS], st.session_state[_ADDRESS] = settings, address
    for key in KEYS:
        if key not in address:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != address[key]:
            st.query_params[key] = address[key]
