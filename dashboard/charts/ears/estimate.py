"""A recording with the response that a model sees in it, its waves, and what is left of it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.generation.ears.ear import Ear
from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.schema import WAVES, Kind
from dashboard.charts.generation import HARDLY_MARKED, half_range, trace_line
from dashboard.charts.unit_axes import figure_with_units, time_ticks
from dashboard.style import INK, MUTED, PAPER, TRACE_STYLES, faded

BAND = 1.645
"""SDs on either side of the mean that hold 90 % of a Gaussian."""


def estimate_figure(ear: Ear, own: EarResponses, theme: str, *, height: int = 330) -> go.Figure:
    """The recording, the response estimate with its 90 % band, and the waves.

    A wave that the recording has is a solid mark on the recording; an imputed one is an open mark on the estimate with
    a whisker for its 90 % interval.

    Parameters
    ----------
    ear
        Its first recording is drawn.
    own
        The ear at that recording's own conditions, one row.
    """
    recording, kind = ear.recordings.waveforms[0], ear.recordings.kind
    style, generated = TRACE_STYLES[kind], TRACE_STYLES[Kind.GENERATED]
    lines = band_lines(own.time_ms, own.mean[0], own.sd[0], theme)
    line = {"color": style.colour(theme), "width": 1.3, "dash": style.dash}
    lines.append(trace_line(own.time_ms, recording, f"the recording ({style.label})", line, rank=1))
    line = {"color": generated.colour(theme), "width": 2.6}
    lines.append(trace_line(own.time_ms, own.mean[0], "response estimate (generated)", line, rank=2))
    half = half_range(own.mean[0], own.sd[0], recording)
    lines += _marks(ear, own, theme)
    return ear_figure(lines, own.time_ms, half, theme, height)


def residual_figure(ear: Ear, theme: str, *, height: int = 120) -> go.Figure:
    """Recording minus response estimate, on the scale of the recording."""
    time_ms, left = ear.recordings.time_ms, ear.recordings.waveforms[0] - ear.estimate_uv[0]
    line = {"color": MUTED[theme], "width": 1.2}
    half = half_range(ear.estimate_uv[0], 0.0, ear.recordings.waveforms[0])
    lines = [trace_line(time_ms, left, "recording − estimate", line, showlegend=False)]
    return ear_figure(lines, time_ms, half, theme, height, y_unit="µV, what is left")


def ear_figure(
    lines, time_ms: np.ndarray, half: float, theme: str, height: int, y_unit: str = "µV, vertex positive up"
) -> go.Figure:
    """Lines of µV over ms, the axis symmetric about 0."""
    return figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="ms",
        y_unit=y_unit,
        xaxis={"range": [float(time_ms[0]), float(time_ms[-1])], "tickvals": time_ticks(time_ms)},
        yaxis={"range": [-half, half], "zeroline": True, "zerolinecolor": faded(MUTED[theme], 0.35)},
        margin_top=34,
        legend={"font": {"size": 11, "color": MUTED[theme]}, "x": 1, "xanchor": "right"},
    )


def band_lines(time_ms: np.ndarray, mean: np.ndarray, sd: np.ndarray, theme: str) -> list[go.Scatter]:
    """The 90 % band about a mean, as one area."""
    x = np.concatenate([time_ms, time_ms[::-1]])
    y = np.concatenate([mean + BAND * sd, (mean - BAND * sd)[::-1]])
    colour = faded(TRACE_STYLES[Kind.GENERATED].colour(theme), 0.16)
    return [
        go.Scatter(
            x=x, y=y, fill="toself", fillcolor=colour, line={"width": 0}, mode="lines", name="90 % band",
            hoverinfo="skip", legendrank=3,
        )
    ]  # fmt: skip


def _marks(ear: Ear, own: EarResponses, theme: str) -> list[go.Scatter]:
    labels, marks = ear.labels, []
    for k, wave in enumerate(WAVES):
        latency = labels.median[0, k]
        if not np.isfinite(latency):
            continue
        given = bool(labels.given[0, k])
        if not given and labels.marked[0, k] < HARDLY_MARKED:
            continue
        trace = ear.recordings.waveforms[0] if given else own.mean[0]
        height = float(np.interp(latency, own.time_ms, trace))
        what = "as marked" if given else "imputed"
        colour = INK[theme]
        marker = {"size": 9, "color": colour if given else PAPER[theme], "line": {"color": colour, "width": 1.6}}
        whisker, interval = {}, ""
        if not given and np.isfinite(labels.low[0, k]):
            whisker = {
                "error_x": {
                    "type": "data", "symmetric": False, "array": [labels.high[0, k] - latency],
                    "arrayminus": [latency - labels.low[0, k]], "color": colour, "thickness": 1.2, "width": 5,
                }
            }  # fmt: skip
            interval = f", {labels.level:.0%} between {labels.low[0, k]:.2f} and {labels.high[0, k]:.2f} ms"
        marks.append(
            go.Scatter(
                x=[latency],
                y=[height],
                mode="markers+text",
                text=[wave if given else f"({wave})"],
                textposition="top center",
                textfont={"color": colour, "size": 13},
                marker=marker,
                name=f"wave {wave}, {what}",
                showlegend=False,
                hovertemplate=f"wave {wave}, {what}: {latency:.2f} ms{interval}<extra></extra>",
                **whisker,
            )
        )
    return marks
