"""Generated beside recorded traces: the two lines, bands and bars that every figure of the Evaluation page shares."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.schema import Kind
from dashboard.charts.unit_axes import FONT
from dashboard.style import INK, MUTED, TRACE_STYLES, apply_layout, faded


def evaluation_layout(figure: go.Figure, theme: str, *, height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """The house look in the page's own font."""
    apply_layout(figure, theme, height=height, x_title=x_title, y_title=y_title)
    return figure.update_layout(font={"family": FONT, "size": 13, "color": INK[theme]}, legend={"font": {"size": 12}})


def side_name(kind: Kind) -> str:
    """What recordings are called in a legend: ``"held-out (simulated)"``, ``"generated"``."""
    return TRACE_STYLES[kind].label if kind == Kind.GENERATED else f"held-out ({TRACE_STYLES[kind].label})"


def side_line(x, y, kind: Kind, theme: str, *, width: float = 2.0, **more) -> go.Scatter:
    """A line in the colour and dash of its kind."""
    style = TRACE_STYLES[kind]
    line = {"color": style.colour(theme), "width": width, "dash": style.dash}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=side_name(kind), legendgroup=kind.value, **more)


def side_band(x: np.ndarray, low: np.ndarray, high: np.ndarray, kind: Kind, theme: str, **more) -> go.Scatter:
    """The area between two lines, without an entry in the legend."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([low, high[::-1]]), mode="lines", fill="toself",
        line={"width": 0}, fillcolor=faded(TRACE_STYLES[kind].colour(theme), 0.14), hoverinfo="skip",
        showlegend=False, legendgroup=kind.value, **more,
    )  # fmt: skip


def side_steps(edges: np.ndarray, shares: np.ndarray, kind: Kind, theme: str, **more) -> go.Scatter:
    """A histogram as steps, filled for generated recordings so that the two can lie over one another."""
    x, y = np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])
    trace = side_line(x, y, kind, theme, width=1.6, **more)
    if kind == Kind.GENERATED:
        trace.update(fill="tozeroy", fillcolor=faded(TRACE_STYLES[kind].colour(theme), 0.16))
    return trace


def shaded(spans: list[tuple[float, float]], theme: str, **place) -> list[dict]:
    """Shapes that shade spans of an x axis over the whole height."""
    return [
        {
            "type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
            "line": {"width": 0}, "fillcolor": faded(MUTED[theme], 0.22),
        }
        | place
        for low, high in spans
    ]  # fmt: skip
