"""The same ear under other conditions: its response, the usual ear's, its level series and wave V by level."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.cohort import Cohort
from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.schema import INTENSITY, WAVES, Kind, latency_column
from dashboard.charts.ears.estimate import band_lines, ear_figure
from dashboard.charts.generation import HARDLY_MARKED, SURELY_MARKED, half_range, trace_line
from dashboard.charts.traces import add_scale_bar, joined, level_text, spacing_uv
from dashboard.charts.unit_axes import figure_with_units, time_ticks
from dashboard.style import INK, MUTED, TRACE_STYLES

V = WAVES.index("V")
OVERLAP = 0.6
SMALLEST_SPACING_UV = 0.1
USUAL = "usual ear (generated mean)"


def elsewhere_figure(
    responses: EarResponses, row: int, usual: np.ndarray | None, recorded: Cohort | None, theme: str, *, height=330
) -> go.Figure:
    """This ear under one condition, beside the usual ear and the ear's own recordings there.

    Parameters
    ----------
    row
        Which of ``responses``.
    usual
        [T] µV, mean over ears; None draws none.
    recorded
        Recordings of this ear under these conditions, on any time axis; None or empty draws none.
    """
    mean, sd, time_ms = responses.mean[row], responses.sd[row], responses.time_ms
    lines = band_lines(time_ms, mean, sd, theme)
    drawn = np.zeros(0)
    if recorded is not None and len(recorded):
        drawn = recorded.waveforms
        style = TRACE_STYLES[recorded.kind]
        x, y = joined(recorded.time_ms, drawn, np.zeros(len(drawn)))
        line = {"color": style.colour(theme), "width": 1.1, "dash": style.dash}
        many = f"{len(drawn)} recording{'s' if len(drawn) > 1 else ''} of this ear there ({style.label})"
        lines.append(trace_line(x, y, many, line, 0.85, rank=3))
    if usual is not None:
        line = {"color": MUTED[theme], "width": 1.6, "dash": "8px,3px"}
        lines.append(trace_line(time_ms, usual, USUAL, line, rank=2))
    line = {"color": TRACE_STYLES[Kind.GENERATED].colour(theme), "width": 2.6}
    lines.append(trace_line(time_ms, mean, "this ear (generated)", line, rank=1))
    lines += _waves(responses, row, theme)
    return ear_figure(lines, time_ms, half_range(mean, sd, drawn), theme, height)


def ear_series_figure(
    responses: EarResponses, level_db_nhl: float, recorded: Cohort | None, theme: str, *, height: int = 330
) -> go.Figure:
    """The ear's responses stacked by level, loudest on top, one gain, with its recordings over them."""
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    levels = responses.conditions[INTENSITY.name].to_numpy()
    order = np.argsort(levels)[::-1]
    levels, mean = levels[order], responses.mean[order]
    spacing = max(OVERLAP * spacing_uv(mean), SMALLEST_SPACING_UV)
    baselines = -spacing * np.arange(len(levels))
    lines = []
    if recorded is not None and len(recorded):
        at = {level: base for level, base in zip(levels.tolist(), baselines, strict=True)}
        own = recorded.table[INTENSITY.name].to_numpy(float)
        rows = np.flatnonzero([value in at for value in own.tolist()])
        if len(rows):
            style = TRACE_STYLES[recorded.kind]
            seen = recorded.time_ms <= responses.time_ms[-1]
            bases = np.array([at[value] for value in own[rows]])
            x, y = joined(recorded.time_ms[seen], recorded.waveforms[rows][:, seen], bases)
            line = {"color": style.colour(theme), "width": 1, "dash": style.dash}
            lines.append(trace_line(x, y, f"recordings of this ear ({style.label})", line, 0.8))
    for rows, width, opacity in ((levels != level_db_nhl, 1.4, 0.85), (levels == level_db_nhl, 2.6, 1.0)):
        x, y = joined(responses.time_ms, mean[rows], baselines[rows])
        of_samples = np.repeat(levels[rows], len(responses.time_ms) + 1)
        hover = "%{customdata:g} dB nHL<br>%{x:.2f} ms<extra></extra>"
        more = {"customdata": of_samples, "hovertemplate": hover, "showlegend": width < 2}
        lines.append(
            trace_line(x, y, "this ear (generated)", {"color": colour, "width": width}, opacity, rank=1, **more)
        )
    lines.append(_stacked_v(responses, order, baselines, theme))
    first, last = float(responses.time_ms[0]), float(responses.time_ms[-1])
    figure = figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="ms",
        y_unit="dB nHL",
        xaxis={
            "range": [first, last + 0.06 * (last - first)],
            "tickvals": time_ticks(responses.time_ms),
            "showgrid": False,
        },
        yaxis={
            "tickvals": baselines,
            "ticktext": [f"<b>{level_text(v)}</b>" if v == level_db_nhl else level_text(v) for v in levels],
            "showgrid": False,
            "range": [baselines[-1] - 1.8 * spacing, 2.0 * spacing],
        },
        margin_top=34,
        showlegend=False,
    )
    add_scale_bar(figure, responses.time_ms, baselines[-1] - 1.75 * spacing, spacing, theme)
    return figure


def ear_latency_figure(
    responses: EarResponses, usual_ms: np.ndarray, recorded, theme: str, *, height: int = 330
) -> go.Figure:
    """Wave V latency by level: this ear with its range, the usual ear, the ear's own marks.

    Parameters
    ----------
    usual_ms
        [C] latency of wave V of the usual ear at the levels of ``responses``, NaN where it is hardly marked.
    recorded
        Table of the ear's recordings; their marked waves V are drawn.
    """
    levels = responses.conditions[INTENSITY.name].to_numpy()
    seen = ~(responses.marked[:, V] < HARDLY_MARKED)
    latency = np.where(seen, responses.latency_ms[:, V], np.nan)
    low, high = (np.where(seen, x[:, V], np.nan) for x in (responses.latency_low, responses.latency_high))
    kept = np.isfinite(low) & np.isfinite(high)
    generated = TRACE_STYLES[Kind.GENERATED].colour(theme)
    hover = "%{x:g} dB nHL<br>%{y:.2f} ms<extra>%{fullData.name}</extra>"
    bars = {
        "type": "data", "symmetric": False, "array": np.where(kept, high - latency, 0),
        "arrayminus": np.where(kept, latency - low, 0), "color": generated, "thickness": 1, "width": 3,
    }  # fmt: skip
    lines = [
        go.Scatter(
            x=levels, y=usual_ms, mode="lines", name="usual ear", hovertemplate=hover,
            line={"color": MUTED[theme], "width": 1.6, "dash": "8px,3px"},
        ),
        go.Scatter(
            x=levels, y=latency, mode="lines+markers", name="this ear (generated)", hovertemplate=hover, error_y=bars,
            line={"color": generated, "width": 2.2}, marker={"size": 5},
        ),
    ]  # fmt: skip
    if recorded is not None and len(recorded):
        marked = recorded.table[recorded.table[latency_column("V")].notna()]
        style = TRACE_STYLES[recorded.kind]
        if len(marked):
            lines.append(
                go.Scatter(
                    x=marked[INTENSITY.name], y=marked[latency_column("V")], mode="markers", hovertemplate=hover,
                    marker={"symbol": "cross-thin-open", "size": 9, "color": style.colour(theme), "line": {"width": 2}},
                    name=f"marked ({style.label})",
                )
            )  # fmt: skip
    return figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="dB nHL",
        y_unit="ms, wave V",
        xaxis={"range": [float(levels.min()) - 3, float(levels.max()) + 3], "dtick": 20},
        yaxis={"dtick": 1},
        x_unit_below_ticks=True,
        margin_top=34,
        legend={"font": {"size": 10, "color": MUTED[theme]}, "x": 1, "xanchor": "right", "entrywidth": 0},
    )


def blend_figure(responses: EarResponses, row: int, theme: str, *, height: int = 330) -> go.Figure:
    """One step of a blend (``row``) over both ends, which are the first and the last of ``responses``."""
    time_ms, colour = responses.time_ms, TRACE_STYLES[Kind.GENERATED].colour(theme)
    lines = band_lines(time_ms, responses.mean[row], responses.sd[row], theme)
    for end, name, dash in ((0, "first ear", "8px,3px"), (-1, "second ear", "2px,3px")):
        line = {"color": MUTED[theme], "width": 1.5, "dash": dash}
        lines.append(trace_line(time_ms, responses.mean[end], f"{name} (generated)", line, rank=2))
    line = {"color": colour, "width": 2.6}
    lines.append(trace_line(time_ms, responses.mean[row], "between (generated)", line, rank=1))
    lines += _waves(responses, row, theme)
    ends = responses.mean[[0, -1]]
    return ear_figure(lines, time_ms, half_range(responses.mean[row], responses.sd[row], ends), theme, height)


def _waves(responses: EarResponses, row: int, theme: str) -> list[go.Scatter]:
    """Waves of the response: named; in brackets where seldom marked; absent where hardly ever."""
    latency, marked = responses.latency_ms[row], responses.marked[row]
    shown = np.flatnonzero(np.isfinite(latency) & ~(marked < HARDLY_MARKED))
    if not len(shown):
        return []
    names = [f"({WAVES[k]})" if marked[k] < SURELY_MARKED else WAVES[k] for k in shown]
    return [
        go.Scatter(
            x=latency[shown],
            y=np.interp(latency[shown], responses.time_ms, responses.mean[row]),
            mode="markers+text",
            text=names,
            textposition="top center",
            textfont={"color": INK[theme], "size": 13},
            marker={"size": 6, "color": INK[theme]},
            name="waves",
            showlegend=False,
            hovertemplate="wave %{text}: %{x:.2f} ms<extra></extra>",
        )
    ]


def _stacked_v(responses: EarResponses, order: np.ndarray, baselines: np.ndarray, theme: str) -> go.Scatter:
    latency, marked = responses.latency_ms[order, V], responses.marked[order, V]
    shown = np.flatnonzero(np.isfinite(latency) & ~(marked < SURELY_MARKED))
    heights = [np.interp(latency[k], responses.time_ms, responses.mean[order[k]]) + baselines[k] for k in shown]
    return go.Scatter(
        x=latency[shown],
        y=heights,
        mode="markers",
        marker={"color": INK[theme], "size": 6},
        name="wave V",
        showlegend=False,
        hovertemplate="wave V: %{x:.2f} ms<extra></extra>",
    )
