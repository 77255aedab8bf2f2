"""Mean traces stacked one below the other, each with a band of ± 1 SD: by level, age, hearing, rate or ear."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.schema import Kind
from dashboard.charts.traces import VIEW_MS, add_scale_bar, joined, show_until, spacing_uv, stack_axis
from dashboard.style import TRACE_STYLES, apply_layout, faded


def stacked_means(
    labels: list[str],
    mean: np.ndarray,
    sd: np.ndarray,
    time_ms: np.ndarray,
    kind: Kind,
    theme: str,
    *,
    title: str,
    names: list[str] | None = None,
    height: int = 520,
    band: bool = True,
    until_ms: float = VIEW_MS,
) -> go.Figure:
    """Mean trace of each group, the first on top, one gain for all.

    Parameters
    ----------
    labels
        [G] what stands at each baseline, with its n.
    mean, sd
        [G, T] in µV; an SD that is NaN is drawn as none.
    title
        Of the axis of groups.
    names
        [G] what a trace is called when pointed at; ``labels`` when left out.
    band
        Draw the ± 1 SD band.
    until_ms
        Right end of the time axis. The traces go on behind it: drag the axis to see more.
    """
    style = TRACE_STYLES[kind]
    colour = style.colour(theme)
    shown = time_ms <= until_ms
    spacing = spacing_uv(mean[:, shown], 0.6)
    if band and np.isfinite(sd).any():
        spacing = max(spacing, 2.1 * float(np.nanquantile(sd[:, shown], 0.75)))
    baselines = -spacing * np.arange(len(labels))
    figure = go.Figure()
    if band and len(labels):
        x, upper = joined(time_ms, mean + np.nan_to_num(sd), baselines)
        _, lower = joined(time_ms, mean - np.nan_to_num(sd), baselines)
        figure.add_trace(_band(x, lower, upper, colour, len(time_ms)))
    x, y = joined(time_ms, mean, baselines)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": 1.6, "dash": style.dash},
            name=f"{style.label}: mean of the recordings",
            text=np.repeat(names or labels, len(time_ms) + 1),
            hovertemplate="%{text}<br>%{x:.2f} ms<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=height, x_title="Time after stimulus (ms)", y_title=title)
    stack_axis(figure, baselines, labels, spacing)
    if len(labels):
        highest = mean[0] + (np.nan_to_num(sd[0]) if band else 0)
        top = float(highest[shown].max(initial=0)) + 0.1 * spacing
        figure.update_yaxes(range=[figure.layout.yaxis.range[0], min(max(top, spacing), 2.2 * spacing)])
        times = show_until(figure, time_ms, until_ms)
        add_scale_bar(figure, times, baselines[-1] - 0.9 * spacing, spacing, theme)
    return figure


def _band(x, lower, upper, colour: str, samples: int) -> go.Scatter:
    """One closed area per group, all in one trace: out along the upper edge, back along the lower."""
    groups = len(x) // (samples + 1)
    there = lambda values: values.reshape(groups, samples + 1)[:, :samples]  # noqa: E731
    gap = np.full((groups, 1), np.nan, dtype=np.float32)
    outline_x = np.hstack([there(x), there(x)[:, ::-1], gap]).ravel()
    outline_y = np.hstack([there(upper), there(lower)[:, ::-1], gap]).ravel()
    return go.Scatter(
        x=outline_x,
        y=outline_y,
        mode="lines",
        line={"width": 0.6, "color": faded(colour, 0.4)},  # an edge, where two bands overlap
        fill="toself",
        fillcolor=faded(colour, 0.13),
        name="± 1 SD between recordings",
        hoverinfo="skip",
    )
