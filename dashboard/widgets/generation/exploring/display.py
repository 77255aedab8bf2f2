"""How the view shows things, one click away: number of draws, sweeps, ear, norm."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from abr_model.norms import Norm
from dashboard.widgets.generation.exploring.settings import (
    EARS,
    MOST_DRAWS,
    SWEEPS,
    ExploreSettings,
    choose_settings,
    chosen_settings,
)
from dashboard.widgets.norm_picker import norm_picker

EAR_LABELS = {"both": "Both", "right": "Right", "left": "Left"}
AS_LEARNED = 0
"""The choice of :data:`SWEEPS` that leaves the noise as it is."""


def display_box(settings: ExploreSettings, learned_sweeps: float | None) -> Norm | None:
    """A popover with everything that is seldom changed; gives the norm behind the latency–intensity function.

    Parameters
    ----------
    learned_sweeps
        Number of sweeps that the model's residual noise stands for; None where the cohort does not say: then no other
        number can be asked for.
    """
    with st.popover("Display", key="display_popover", width="content"):
        _widget("draws", settings.draws)
        st.slider("Single draws or recordings", 1, MOST_DRAWS, key="display_draws", on_change=_change, args=("draws",))
        _widget("sweeps", (settings.sweeps or AS_LEARNED) if learned_sweeps else AS_LEARNED)
        st.selectbox(
            "Residual noise of recordings",
            (AS_LEARNED, *SWEEPS),
            format_func=lambda n: f"of {n:,} sweeps" if n else "as the model has learned it",
            key="display_sweeps",
            on_change=_change,
            args=("sweeps",),
            disabled=learned_sweeps is None,
            help="The noise of an average falls with the square root of the number of sweeps. "
            + (
                f"What the model has learned stands for {learned_sweeps:,.0f} sweeps, the median of such recordings."
                if learned_sweeps
                else "The recordings of this cohort do not say how many sweeps they are an average of."
            ),
        )
        _widget("ear", settings.ear)
        st.segmented_control(
            "Ear of the recordings beside it",
            EARS,
            format_func=EAR_LABELS.get,
            key="display_ear",
            required=True,
            on_change=_change,
            args=("ear",),
            help="The model makes no difference between ears; the recordings do.",
        )
        return norm_picker("generation")


def _widget(name: str, value) -> None:
    """The widget shows what is set, wherever it was set."""
    st.session_state[f"display_{name}"] = value


def _change(name: str) -> None:
    value = st.session_state[f"display_{name}"]
    value = None if name == "sweeps" and value == AS_LEARNED else value
    choose_settings(replace(chosen_settings(), **{name: value}))
