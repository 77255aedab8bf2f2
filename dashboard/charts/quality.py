"""Quality of recordings: distributions of Fmp, residual noise and sweeps; Fmp by level; noise against sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.exploration.distributions import Binned
from abr_model.exploration.quality import EXPECTED_SLOPE, NoiseAgainstSweeps
from abr_model.schema import FMP, INTENSITY, RESIDUAL_NOISE, Kind
from dashboard.charts.small_multiples import Grid, bin_axis, bin_names
from dashboard.style import GRID, INK, MUTED, TRACE_STYLES, apply_layout, faded

FMP_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)
SWEEP_TICKS = (250, 500, 1000, 2000, 4000, 8000, 16000)


def quality_distributions(columns: list[Binned], kind: Kind, theme: str, *, height: int = 230) -> go.Figure:
    """Recordings in each bin, one panel a quality figure."""
    grid = Grid(1, len(columns), gap=0.07)
    colour = faded(TRACE_STYLES[kind].colour(theme), 0.75)
    for col, values in enumerate(columns):
        counts = values.counts()
        y_axis = {"tickformat": "~s", "nticks": 4, "rangemode": "tozero", "gridcolor": GRID[theme]}
        title = f"<b>{values.title}</b>" + (" <span>log axis</span>" if values.logarithmic else "")
        grid.panel(0, col, x=bin_axis(values), y=y_axis, title=title)
        grid.add(
            0,
            col,
            type="bar",
            x=values.centres,
            y=counts,
            width=values.width * 0.94,
            marker={"color": colour},
            name=values.title,
            customdata=bin_names(values),
            hovertemplate="%{customdata}<br>%{y:,} recordings<extra></extra>",
        )
        if not counts.sum():
            grid.note(*grid.centre(0, col), "not known", font={"size": 12, "color": MUTED[theme]})
    return grid.figure(theme, height=height, showlegend=False)


def fmp_by_level(statistics: pd.DataFrame, kind: Kind, theme: str, *, height: int = 300) -> go.Figure:
    """Median of Fmp with its quartiles at each level, log axis; dotted: 1, where response and noise weigh the same."""
    known = statistics[statistics["n"] > 0]
    style = TRACE_STYLES[kind]
    colour = style.colour(theme)
    words = [
        f"{r.level_db_nhl:g} dB nHL, n = {r.n:,}<br>median {r.median:.2f}<br>quartiles {r.p25:.2f} to {r.p75:.2f}"
        for r in known.itertuples()
    ]
    figure = go.Figure(
        [*_quartile_band(known["level_db_nhl"], known, colour), _line(known, "level_db_nhl", style, theme)]
    )
    figure.data[-1].update(customdata=words, hovertemplate="%{customdata}<extra></extra>")
    apply_layout(figure, theme, height=height, x_title=INTENSITY.title, y_title=FMP.title)
    figure.update_yaxes(type="log", tickvals=FMP_TICKS, ticktext=[f"{v:g}" for v in FMP_TICKS])
    figure.add_hline(y=1, line={"color": MUTED[theme], "width": 1, "dash": "dot"})
    figure.update_xaxes(dtick=20)
    figure.update_layout(showlegend=False, margin={"t": 12})
    return figure


def noise_against_sweeps(noise: NoiseAgainstSweeps, kind: Kind, theme: str, *, height: int = 300) -> go.Figure:
    """Median residual noise with its quartiles by number of sweeps, both log; dashed: falling with their root."""
    style = TRACE_STYLES[kind]
    bins = noise.bins.sort_values("sweeps")
    traces = []
    if len(bins):
        ends = np.array([bins["sweeps"].min() * 0.85, bins["sweeps"].max() * 1.18])
        traces.append(
            go.Scatter(
                x=ends,
                y=noise.expected_nv(ends),
                mode="lines",
                line={"color": INK[theme], "width": 1.2, "dash": "dash"},
                name=f"expected: slope {EXPECTED_SLOPE:g}".replace("-", "−"),
                hovertemplate="%{x:.0f} sweeps<br>%{y:.0f} nV if noise falls with 1/√sweeps<extra></extra>",
            )
        )
        middle = _line(bins, "sweeps", style, theme, mode="markers")
        words = [
            f"about {r.sweeps:,.0f} sweeps, n = {r.n:,}<br>median {r.median:.0f} nV"
            f"<br>quartiles {r.p25:.0f} to {r.p75:.0f}"
            for r in bins.itertuples()
        ]
        middle.update(
            name="measured: median and quartiles",
            customdata=words,
            hovertemplate="%{customdata}<extra></extra>",
            error_y={
                "type": "data",
                "symmetric": False,
                "array": bins["p75"] - bins["median"],
                "arrayminus": bins["median"] - bins["p25"],
                "color": faded(style.colour(theme), 0.5),
                "thickness": 5,
                "width": 0,
            },
        )
        traces.append(middle)
    figure = go.Figure(traces)
    apply_layout(figure, theme, height=height, x_title="Sweeps accepted", y_title=RESIDUAL_NOISE.title)
    figure.update_xaxes(type="log", tickvals=SWEEP_TICKS, ticktext=[f"{v:,}" for v in SWEEP_TICKS])
    figure.update_yaxes(type="log", tickvals=[10, 20, 50, 100, 200, 500, 1000], nticks=5)
    return figure


def _line(part: pd.DataFrame, x: str, style, theme: str, mode: str = "lines+markers") -> go.Scatter:
    colour = style.colour(theme)
    return go.Scatter(
        x=part[x],
        y=part["median"].round(3),
        mode=mode,
        line={"color": colour, "width": 1.6, "dash": style.dash},
        marker={"color": colour, "size": 7},
        name=f"{style.label}: median",
    )


def _quartile_band(x, part: pd.DataFrame, colour: str) -> list[go.Scatter]:
    x = x.to_numpy()
    return [
        go.Scatter(
            x=np.concatenate([x, x[::-1]]),
            y=np.concatenate([part["p25"], part["p75"][::-1]]).round(3),
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=faded(colour, 0.16),
            name="quartiles",
            hoverinfo="skip",
        )
    ]
