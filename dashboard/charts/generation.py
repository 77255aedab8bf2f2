"""What a model generates at one condition, over the recordings nearest to it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.cohort import Cohort
from abr_model.generation.response import Response
from abr_model.schema import Kind
from dashboard.charts.traces import joined
from dashboard.charts.unit_axes import figure_with_units, time_ticks
from dashboard.style import GRID, INK, MUTED, TRACE_STYLES, faded

DRAWS_SHOWN = 16
SURELY_MARKED = 0.5
"""From this probability on a wave's mark is drawn in full; below, faded: most clinicians would not mark it."""
HARDLY_MARKED = 0.05
"""Below this probability a wave is not drawn at all."""
SHOW = ("draws", "mean", "recording")


def response_figure(
    response: Response,
    nearest: Cohort,
    theme: str,
    *,
    show: str = "draws",
    half_range_uv: float | None = None,
    height: int = 300,
) -> go.Figure:
    """Generated mean ± SD, single draws or recordings, and the nearest recordings of a cohort, waves marked.

    Parameters
    ----------
    response
        What the model draws at a condition.
    nearest
        The nearest recordings, of any kind and on their own time axis; may be empty.
    show
        ``"draws"``: single responses; ``"mean"``: none; ``"recording"``: as many generated recordings, with residual
        noise, as there are nearest ones.
    half_range_uv
        Half the height of the µV axis; worked out from what is drawn when left out.
    """
    generated = TRACE_STYLES[Kind.GENERATED]
    colour = generated.colour(theme)
    time = response.time_ms
    lines = [_sd_band(time, response.mean, response.sd, colour)]
    if len(nearest):
        style = TRACE_STYLES[nearest.kind]
        x, y = joined(nearest.time_ms, nearest.waveforms, np.zeros(len(nearest)))
        source = nearest.provenance.source
        source = source if style.label in source else f"{style.label}: {source}"
        name = f"{len(nearest)} nearest recording{'s' if len(nearest) > 1 else ''} ({source})"
        line = {"color": style.colour(theme), "width": 1, "dash": style.dash}
        lines.append(trace_line(x, y, name, line, opacity=0.85, rank=3))
    if show != "mean":
        traces, name = _single_traces(response, show, len(nearest))
        x, y = joined(time, traces, np.zeros(len(traces)))
        opacity = 0.35 if show == "draws" else 0.8
        lines.append(trace_line(x, y, name, {"color": colour, "width": 1}, opacity, rank=2))
    mean_line = {"color": colour, "width": 2.6, "dash": generated.dash}
    lines.append(trace_line(time, np.round(response.mean, 4), "generated mean ± SD", mean_line, rank=1))
    half = half_range_uv or half_range(response.mean, response.sd, nearest.waveforms)
    ticks = _ticks(half)
    return figure_with_units(
        lines + _wave_marks(response, nearest, half, theme),
        theme,
        height=height,
        x_unit="ms",
        y_unit="µV, vertex positive up",
        xaxis={"range": [float(time[0]), float(time[-1])], "tickvals": time_ticks(time)},
        yaxis={
            "range": [-half, half],
            "tickvals": ticks,
            "ticktext": [f"{t:+g}" if t else "0" for t in ticks],
            "zeroline": True,
            "zerolinecolor": GRID[theme],
            "zerolinewidth": 2,
        },
        margin_top=52,
        legend={"y": 1, "yref": "container", "yanchor": "top"},
    )


def _ticks(half: float) -> np.ndarray:
    """Ticks of a symmetric axis, at most five to a side, not at its very end."""
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0) if half / s <= 5 or s == 20.0)
    side = np.arange(step, half - 1e-9, step)
    return np.round(np.concatenate([-side[::-1], [0.0], side]), 6)


def half_range(mean: np.ndarray, sd: np.ndarray | float, recordings: np.ndarray) -> float:
    """Half the height of a µV axis that holds ``mean ± 2 SD`` and nearly all of ``recordings``, rounded up to 0.1 µV.

    Rounded coarsely, so that the gain does not jump while a slider moves.
    """
    largest = float(np.max(np.abs(mean) + 2 * np.asarray(sd)))
    if np.size(recordings):
        largest = max(largest, float(np.quantile(np.abs(recordings), 0.98)))
    step = 0.1 if largest < 1 else 0.5 if largest < 5 else 5.0
    return max(0.3, float(np.ceil(1.08 * largest / step) * step))


def seldom_marked(response: Response) -> list[str]:
    """Waves whose name stands in brackets: drawn, but marked in fewer than half of such recordings."""
    marked = response.waves["marked"]
    return list(response.waves.index[(marked >= HARDLY_MARKED) & (marked < SURELY_MARKED)])


def trace_line(x, y, name: str, line: dict, opacity: float = 1.0, rank: int = 1000, **more) -> go.Scatter:
    """A line of µV over ms, as every figure of traces draws it; ``rank`` orders the legend."""
    more = {"hovertemplate": "%{x:.2f} ms<br>%{y:.3f} µV<extra>%{fullData.name}</extra>"} | more
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, opacity=opacity, legendrank=rank, **more)


def _sd_band(time, mean, sd, colour) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([time, time[::-1]]),
        y=np.round(np.concatenate([mean + sd, (mean - sd)[::-1]]), 4),
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor=faded(colour, 0.16),
        name="± SD",
        showlegend=False,
        hoverinfo="skip",
    )


def _single_traces(response: Response, show: str, nearest: int) -> tuple[np.ndarray, str]:
    if show == "draws":
        traces = response.responses[:DRAWS_SHOWN]
        return traces, f"{len(traces)} single draws"
    traces = response.recordings[: max(nearest, 1)]
    words = "with residual noise" if response.has_noise else "this model has no residual noise"
    return traces, f"{len(traces)} generated recording{'s' if len(traces) > 1 else ''} ({words})"


def _wave_marks(response: Response, nearest: Cohort, half: float, theme: str) -> list[go.Scatter]:
    """A tick from the mean trace up to the wave's name, clear of the other traces; faded where seldom marked."""
    marks = []
    for wave, row in response.waves.iterrows():
        latency, marked = row["latency_ms"], row["marked"]
        if not np.isfinite(latency) or marked < HARDLY_MARKED:
            continue
        seldom = marked < SURELY_MARKED
        ink = MUTED[theme] if seldom else INK[theme]
        bottom = float(np.interp(latency, response.time_ms, response.mean)) + 0.03 * half
        top = min(max(bottom + 0.12 * half, _highest(response, nearest, latency) + 0.05 * half), 0.82 * half)
        marks.append(
            go.Scatter(
                x=[latency, latency],
                y=[bottom, max(top, bottom)],
                mode="lines+text",
                line={"color": ink, "width": 1.2, "dash": "dot" if seldom else "solid"},
                text=["", f"({wave})" if seldom else f"<b>{wave}</b>"],
                textposition="top center",
                textfont={"color": ink, "size": 14},
                name=f"wave {wave}",
                showlegend=False,
                cliponaxis=False,
                hovertemplate=f"wave {wave}<br>%{{x:.2f}} ms<extra></extra>",
            )
        )
    return marks


def _highest(response: Response, nearest: Cohort, latency: float, around_ms: float = 0.25) -> float:
    """Highest point of what is drawn beside a wave's mark, µV; one noisy recording in ten may stand above it."""
    here = np.abs(response.time_ms - latency) <= around_ms
    highest = float((response.mean + response.sd)[here].max(initial=-np.inf))
    there = np.abs(nearest.time_ms - latency) <= around_ms
    if len(nearest) and there.any():
        highest = max(highest, float(np.quantile(nearest.waveforms[:, there].max(axis=1), 0.9)))
    return highest
