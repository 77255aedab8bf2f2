"""A held-out recording, the response that the network finds behind it, what is left, and labels that were hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.schema import WAVES, Kind, latency_column
from dashboard.charts.evaluation.sides import evaluation_layout, side_line
from dashboard.style import GRID, INK, MUTED, TRACE_STYLES, faded


def reconstruction_figure(
    time_ms: np.ndarray,
    recorded: np.ndarray,
    response: np.ndarray,
    true: np.ndarray | None,
    labels: pd.DataFrame,
    kind: Kind,
    theme: str,
) -> go.Figure:
    """Recording and reconstruction with their marks above, the residual below, in µV and nV.

    Parameters
    ----------
    recorded, response, true
        [T] µV; ``true`` is the response that simulated noise hides, None where it is not known.
    labels
        As in :class:`abr_model.evaluation.inference.masked.Masked`.
    """
    hover = "%{x:.2f} ms: %{y:.3f} µV<extra>%{fullData.name}</extra>"
    figure = go.Figure(side_line(time_ms, recorded, kind, theme, width=1.3, hovertemplate=hover))
    figure.data[0].name = f"recording ({TRACE_STYLES[kind].label})"
    if true is not None:
        line = {"color": MUTED[theme], "width": 1.4, "dash": "6px,3px,1px,3px"}
        figure.add_scatter(x=time_ms, y=true, mode="lines", line=line, name="true response", hovertemplate=hover)
    figure.add_trace(side_line(time_ms, response, Kind.GENERATED, theme, hovertemplate=hover))
    figure.data[-1].name = "reconstruction (generated)"
    largest = 1.15 * max(float(np.abs(recorded).max()), float(np.abs(response).max()), 0.05)
    _marks(figure, time_ms, recorded, labels, kind, theme, largest)
    residual = 1000 * (recorded - response)
    line = {"color": INK[theme], "width": 1.1}
    figure.add_scatter(
        x=time_ms, y=residual, yaxis="y2", mode="lines", line=line, name="residual",
        hovertemplate="%{x:.2f} ms: %{y:.0f} nV<extra>residual</extra>",
    )  # fmt: skip
    evaluation_layout(figure, theme, height=470)
    axis = {"gridcolor": GRID[theme], "tickfont": {"color": MUTED[theme]}, "automargin": False}
    axis |= {"zeroline": True, "zerolinecolor": GRID[theme]}
    title = {"font": {"color": MUTED[theme], "size": 12}, "standoff": 4}
    # One scale for both panels, so that the residual is seen as large as it is; a larger one is not cut off.
    share = 0.3
    deepest = max(1000 * largest * share / (0.94 - share), 1.05 * float(np.abs(residual).max()))
    figure.update_layout(
        margin={"l": 58, "r": 12, "t": 30, "b": 42},
        xaxis=axis | {"zeroline": False, "title": title | {"text": "ms"}, "anchor": "y2"},
        yaxis=axis | {"domain": [share + 0.06, 1], "range": [-largest, largest], "title": title | {"text": "µV"}},
        yaxis2=axis
        | {"domain": [0, share], "title": title | {"text": "residual, nV"}}
        | {"range": [-deepest, deepest]},
    )
    return figure


def _marks(figure, time_ms, recorded, labels: pd.DataFrame, kind: Kind, theme: str, largest: float) -> None:
    """Marks of the held-out recording as triangles; imputed latencies as a dot with their interval on a lane above."""
    rows = labels.set_index("label")
    by_wave = {wave: rows.loc[latency_column(wave)] for wave in WAVES}
    at = [(wave, row["mark"]) for wave, row in by_wave.items() if np.isfinite(row["mark"])]
    if at:
        x = [ms for _, ms in at]
        y = np.interp(x, time_ms, recorded) + 0.09 * largest
        figure.add_scatter(
            x=x, y=y, mode="markers+text", text=[wave for wave, _ in at], textposition="top center",
            marker={"symbol": "triangle-down", "size": 9, "color": TRACE_STYLES[kind].colour(theme)},
            textfont={"color": TRACE_STYLES[kind].colour(theme), "size": 12},
            name="marked", hovertemplate="wave %{text} marked at %{x:.2f} ms<extra></extra>",
        )  # fmt: skip
    colour, shown = TRACE_STYLES[Kind.GENERATED].colour(theme), False
    for lane, (wave, row) in enumerate(by_wave.items()):
        if not np.isfinite(row["imputed"]):
            continue
        # A hidden mark is compared; one that was never made is only supposed.
        strong = colour if row["hidden"] else faded(colour, 0.5)
        y = -largest * (0.74 + 0.09 * lane)
        if np.isfinite([row["low"], row["high"]]).all():
            figure.add_scatter(
                x=[row["low"], row["high"]], y=[y, y], mode="lines", line={"color": strong, "width": 4},
                opacity=0.6, showlegend=False, hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(
            x=[row["imputed"]], y=[y], mode="markers+text", text=[f"{wave}" if row["hidden"] else f"({wave})"],
            textposition="top center",
            marker={"symbol": "diamond", "size": 9, "color": strong}, textfont={"color": strong, "size": 12},
            name="filled in, 90 % interval", showlegend=not shown, legendgroup="imputed",
            hovertemplate=f"wave {wave} filled in at %{{x:.2f}} ms<extra></extra>",
        )  # fmt: skip
        shown = True
