"""Figures of traces with the unit at the end of each axis, as on the device's screen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.style import MUTED, house_layout

FONT = '"Source Sans", sans-serif'


def figure_with_units(
    traces: Sequence[go.Scatter],
    theme: str,
    *,
    height: int,
    x_unit: str,
    y_unit: str,
    xaxis: dict,
    yaxis: dict,
    x_unit_below_ticks: bool = False,
    margin_top: int = 8,
    **layout,
) -> go.Figure:
    """A figure of ``traces`` in the house look.

    Parameters
    ----------
    xaxis, yaxis, layout
        Plotly's layout, on top of the house's.
    x_unit, y_unit
        Units (with a word where needed) at the right end of x and the upper end of y; they need no margin.
    x_unit_below_ticks
        Put the unit of x on a line of its own: for an axis with a tick at its end.
    """
    house = house_layout(theme, height)
    # Fixed margins: finding them takes the browser several passes over the figure, at each slider move.
    fixed = {"automargin": False}
    font = {"color": MUTED[theme], "size": 12}
    place = {"xref": "paper", "yref": "paper", "showarrow": False, "font": font}
    y_note = {"text": y_unit, "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "xshift": -38, "yshift": 4}
    x_note = {"text": x_unit, "x": 1, "y": 0, "xanchor": "right", "yanchor": "top"}
    x_note["yshift"] = -22 if x_unit_below_ticks else -4
    own = {
        "xaxis": house["xaxis"] | fixed | xaxis,
        "yaxis": house["yaxis"] | fixed | yaxis,
        "margin": house["margin"] | {"l": 46, "t": margin_top, "b": 40 if x_unit_below_ticks else 24},
        "font": house["font"] | {"family": FONT},
        "legend": house["legend"] | layout.pop("legend", {}),
        "annotations": [y_note | place, x_note | place],
    }
    return go.Figure(data=list(traces), layout=house | own | layout)


def time_ticks(time_ms: np.ndarray) -> np.ndarray:
    """Every 2 ms, leaving the end of the axis to its unit."""
    return np.arange(np.ceil(time_ms[0] / 2) * 2, time_ms[-1] - 0.8, 2.0)
