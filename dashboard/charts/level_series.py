"""Generated responses along the level: stacked as on the device, and wave V's latency–intensity function."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.generation.response import Response, ResponseSeries
from abr_model.norms import GORGA_1989, Norm
from abr_model.recordings import Recordings
from abr_model.schema import AGE, INTENSITY, WAVES, Kind, latency_column
from dashboard.charts.generation import HARDLY_MARKED, SURELY_MARKED, trace_line
from dashboard.charts.norm_band import norm_area
from dashboard.charts.traces import add_scale_bar, joined, level_text, spacing_uv
from dashboard.charts.unit_axes import figure_with_units, time_ticks
from dashboard.style import INK, MUTED, PAPER, TRACE_STYLES, TraceStyle

WAVE_V = WAVES.index("V")
POINTS_SHOWN = 600
FEWEST = 3
"""A median of fewer marked waves is not drawn."""
OVERLAP = 0.6
"""Distance of stacked traces, relative to one where none would touch: a clinic's stack overlaps to show waves large."""
SMALLEST_SPACING_UV = 0.1
"""Traces without a response are not blown up."""
LATENCY_HOVER = "%{x:g} dB nHL<br>%{y:.2f} ms<extra></extra>"


def level_series_figure(series: ResponseSeries, level_db_nhl: float, theme: str, *, height: int = 190) -> go.Figure:
    """Mean responses stacked by level, loudest on top, one gain, wave V dotted; the level nearest to
    ``level_db_nhl`` is drawn bold."""
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    order = np.argsort(series.levels)[::-1]
    levels, mean = series.levels[order], series.mean[order]
    spacing = max(OVERLAP * spacing_uv(mean), SMALLEST_SPACING_UV)
    baselines = -spacing * np.arange(len(levels))
    current = int(np.argmin(np.abs(levels - level_db_nhl)))
    others = np.arange(len(levels)) != current
    lines = []
    for rows, width, opacity in ((others, 1.3, 0.75), (~others, 2.4, 1.0)):
        x, y = joined(series.time_ms, mean[rows], baselines[rows])
        of_samples = np.repeat(levels[rows], len(series.time_ms) + 1)
        hover = "%{customdata:g} dB nHL<br>%{x:.2f} ms<extra></extra>"
        line = {"color": colour, "width": width}
        lines.append(trace_line(x, y, "mean response", line, opacity, customdata=of_samples, hovertemplate=hover))
    latency, marked = series.latency_ms[order, WAVE_V], series.marked[order, WAVE_V]
    shown = np.isfinite(latency) & ~(marked < SURELY_MARKED)
    heights = [float(np.interp(t, series.time_ms, m)) for t, m in zip(latency[shown], mean[shown], strict=True)]
    lines.append(
        go.Scatter(
            x=latency[shown],
            y=np.array(heights) + baselines[shown],
            mode="markers",
            marker={"color": INK[theme], "size": 6},
            name="wave V",
            customdata=levels[shown],
            hovertemplate="wave V at %{customdata:g} dB nHL<br>%{x:.2f} ms<extra></extra>",
        )
    )
    first, last = float(series.time_ms[0]), float(series.time_ms[-1])
    figure = figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="ms",
        y_unit="",
        xaxis={
            "range": [first, last + 0.06 * (last - first)],
            "tickvals": time_ticks(series.time_ms),
            "showgrid": False,
        },
        yaxis={
            "tickvals": baselines,
            "ticktext": [f"<b>{level_text(v)}</b>" if i == current else level_text(v) for i, v in enumerate(levels)],
            "showgrid": False,
            "range": [baselines[-1] - 1.8 * spacing, 1.5 * spacing],
        },
        showlegend=False,
    )
    add_scale_bar(figure, series.time_ms, baselines[-1] - 1.75 * spacing, spacing, theme)
    return figure


def latency_intensity_figure(
    series: ResponseSeries,
    response: Response,
    cohort: Recordings,
    theme: str,
    *,
    norm: Norm | None = GORGA_1989,
    height: int = 190,
) -> go.Figure:
    """Wave V latency along the level: generated, the cohort's marked waves with their median, and a norm's band.

    Parameters
    ----------
    series
        Generated level series.
    response
        What the model draws where the sliders stand: ringed. Its age moves the band.
    cohort
        Recordings of such ears at any level; at most 600 marked waves are drawn.
    norm
        Published latencies, drawn as mean ± 2 SD for the age; None: no band.
    """
    age, level = response.condition[AGE.name], response.condition[INTENSITY.name]
    lines = [_band(norm, age, theme)] if norm else []
    marked = cohort.table[cohort.table[latency_column("V")].notna()]
    if len(marked):
        lines += [_points(marked, TRACE_STYLES[cohort.kind], theme), _median(marked, TRACE_STYLES[cohort.kind], theme)]
    lines += _generated_function(series, theme)
    here, probability = response.waves.loc["V", ["latency_ms", "marked"]]
    if np.isfinite(here) and not probability < HARDLY_MARKED:
        ring = {"color": TRACE_STYLES[Kind.GENERATED].colour(theme), "width": 2.4}
        lines.append(
            go.Scatter(
                x=[level],
                y=[here],
                mode="markers",
                marker={"size": 11, "color": PAPER[theme], "line": ring},
                name="this level",
                showlegend=False,
                hovertemplate=LATENCY_HOVER,
            )
        )
    return figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="dB nHL",
        y_unit="ms",
        xaxis={"range": [float(series.levels[0]) - 3, float(series.levels[-1]) + 3], "dtick": 20},
        yaxis={"dtick": 1, "range": _latencies_shown(series, marked, here)},
        x_unit_below_ticks=True,
        margin_top=30,
        legend={"font": {"size": 11, "color": MUTED[theme]}, "x": 0.12},
    )


def _latencies_shown(series: ResponseSeries, marked: pd.DataFrame, here: float) -> list[float]:
    """The latencies that the axis holds, ms: nearly all marks (a stray one must not flatten the function) and every
    generated one."""
    generated = np.append(series.latency_ms[:, WAVE_V], here)
    marks = marked[latency_column("V")].to_numpy()
    shown = np.concatenate([np.quantile(marks, (0.02, 0.98)) if len(marks) else marks, generated])
    shown = shown[np.isfinite(shown)]
    low, high = (shown.min(), shown.max()) if len(shown) else (5.0, 9.0)
    return [float(np.floor(2 * (low - 0.2)) / 2), float(np.ceil(2 * (high + 0.2)) / 2)]


def _band(norm: Norm, age_years: float, theme: str) -> go.Scatter:
    """Mean ± 2 SD of the published wave V latency at this age, where the study has levels."""
    levels = norm.tabulated("V", age_years)
    mean, sd = norm.band("V", levels, age_years)
    return norm_area(levels, mean, sd, theme, f"mean ± 2 SD: {norm.label}", opacity=0.18, showlegend=False)


def _median(marked: pd.DataFrame, style: TraceStyle, theme: str) -> go.Scatter:
    """The cohort's latency–intensity function: the median at each level with at least three marked waves."""
    levels = marked.groupby(INTENSITY.name)[latency_column("V")].agg(["median", "count"])
    levels = levels[levels["count"] >= FEWEST]
    return go.Scatter(
        x=levels.index.to_numpy(),
        y=levels["median"].round(3).to_numpy(),
        mode="lines",
        line={"color": style.colour(theme), "width": 1.8, "dash": style.dash},
        name=f"{style.label}, median",
        showlegend=False,
        hovertemplate=LATENCY_HOVER.replace("<extra>", f"<br>{style.label}, median<extra>"),
    )


def _points(marked: pd.DataFrame, style: TraceStyle, theme: str) -> go.Scatter:
    """Marked waves V of a cohort, evenly thinned where there are very many; the name says how many of how many."""
    shown = np.unique(np.linspace(0, len(marked) - 1, min(len(marked), POINTS_SHOWN)).astype(int))
    count = f"n = {len(marked):,}" if len(shown) == len(marked) else f"{len(shown):,} of n = {len(marked):,}"
    return go.Scatter(
        x=marked[INTENSITY.name].to_numpy()[shown],
        y=marked[latency_column("V")].to_numpy()[shown],
        mode="markers",
        marker={"symbol": "cross-thin-open", "size": 6, "color": style.colour(theme), "line": {"width": 1}},
        opacity=0.55,
        name=f"{style.label} ({count})",
        hovertemplate=LATENCY_HOVER,
    )


def _generated_function(series: ResponseSeries, theme: str) -> list[go.Scatter]:
    """The generated latencies: a solid line where wave V is mostly marked, a dotted one where it seldom is."""
    latency = series.latency_ms[:, WAVE_V]
    sure = ~(series.marked[:, WAVE_V] < SURELY_MARKED)
    # the dotted stretch begins at the last sure level, so that the line has no hole
    seldom = ~sure & np.isfinite(latency)
    parts = ((sure, 2.2, "solid", "generated"), (seldom | (_next_to(seldom) & sure), 1.2, "dot", "seldom marked"))
    return [
        go.Scatter(
            x=series.levels,
            y=np.round(np.where(rows, latency, np.nan), 3),
            mode="lines",
            line={"color": TRACE_STYLES[Kind.GENERATED].colour(theme), "width": width, "dash": dash},
            name=name,
            showlegend=name == "generated",  # a third entry would push the legend into rows; the name is in the hover
            hovertemplate=LATENCY_HOVER.replace("<extra>", f"<br>{name}<extra>"),
        )
        for rows, width, dash, name in parts
        if np.isfinite(latency[rows]).any()
    ]


def _next_to(rows: np.ndarray) -> np.ndarray:
    """Rows whose neighbour is among ``rows``."""
    before, after = np.roll(rows, 1), np.roll(rows, -1)
    before[0] = after[-1] = False
    return before | after
