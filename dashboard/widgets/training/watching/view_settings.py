"""How the curves of a training are looked at. The settings stand in the address, so a reload keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

GROUPS = {
    "loss": "Loss",
    "latent": "Latent space",
    "errors": "Errors in ms and µV",
    "optimiser": "Optimiser",
    "log": "Log",
}
AXES = {"epochs": "Epochs", "steps": "Steps", "minutes": "Minutes"}
RANGES = {0: "All epochs", 50: "Last 50 epochs", 20: "Last 20 epochs", 5: "Last 5 epochs"}
SCALES = {"linear": "Linear", "log": "Logarithmic"}
SMOOTHING = 0.9


@dataclass(frozen=True)
class ViewSettings:
    """What is shown, over what, and whether it follows the training.

    Attributes
    ----------
    group
        A key of :data:`GROUPS`.
    axis
        ``"epochs"``, ``"steps"`` or ``"minutes"``.
    last
        Only so many epochs, up to the newest; 0: all.
    smoothing
        Weight of the past in the smoothed line, from 0 (none) to 0.99.
    live
        Whether the curves follow what is written.
    """

    group: str = "loss"
    axis: str = "epochs"
    last: int = 0
    smoothing: float = SMOOTHING
    log: bool = False
    live: bool = True

    def key(self) -> tuple:
        """What a figure depends on besides the run and its rows."""
        return (self.axis, self.last, self.smoothing, self.log)


def view_settings(active: bool) -> ViewSettings:
    """The controls of the curves in one row: what, how, and whether they follow the training."""
    with st.container(horizontal=True, vertical_alignment="center"):
        group = _choice("Curves", GROUPS, "curves")
        if group == "log":
            return ViewSettings(group)
        with st.popover("Axes and smoothing", key="training_axes"):
            axis = _choice("Over", AXES, "axis", labelled=True)
            last = st.selectbox("Range", list(RANGES), format_func=RANGES.get, key="last", bind="query-params")
            scale = _choice(
                "Values",
                SCALES,
                "scale",
                labelled=True,
                help="Values of 0 and below have no logarithm: a curve with some stays linear.",
            )
            smoothing = st.slider(
                "Smoothing",
                0.0,
                0.99,
                SMOOTHING,
                0.01,
                key="smoothing",
                bind="query-params",
                help="Weight of the past in the smoothed line (exponential moving average); 0 smooths nothing. What "
                "was logged stays as a faint line. Validation is never smoothed.",
            )
        live = True
        if active:
            live = (
                st.segmented_control(
                    "Follow",
                    ["Live", "Paused"],
                    default="Live",
                    required=True,
                    key="training_live",
                    label_visibility="collapsed",
                    help="Paused keeps the curves as they are, so that you can zoom in: drag over a part of a curve, "
                    "double-click to see all again. The training goes on.",
                )
                == "Live"
            )
    return ViewSettings(group, axis, last, smoothing, scale == "log", live)


def _choice(label: str, options: dict[str, str], key: str, labelled: bool = False, help: str | None = None) -> str:
    return st.segmented_control(
        label,
        list(options),
        format_func=options.get,
        default=next(iter(options)),
        required=True,
        key=key,
        bind="query-params",
        label_visibility="visible" if labelled else "collapsed",
        help=help,
    )
