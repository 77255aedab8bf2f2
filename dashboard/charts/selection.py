"""How many recordings are left after each rule of the selection, and what it does to everything else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.exploration.distributions import Binned
from abr_model.schema import WAVES
from dashboard.charts.small_multiples import Grid, bin_axis, bin_names, share_axis
from dashboard.style import GRID, INK, MUTED, PRIMARY, apply_layout, faded


def funnel_chart(funnel: pd.DataFrame, theme: str) -> go.Figure:
    """Horizontal bars, one a rule: kept in the accent colour, removed by this rule in grey, both with their numbers.

    Parameters
    ----------
    funnel
        ``rule``, ``removed``, ``kept`` of :func:`abr_model.preparation.select`.
    """
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            y=funnel["rule"],
            x=funnel["kept"],
            orientation="h",
            name="kept",
            marker={"color": PRIMARY[theme]},
            hovertemplate="%{y}<br>kept %{x:,}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Bar(
            y=funnel["rule"],
            x=funnel["removed"],
            orientation="h",
            name="removed by this rule",
            marker={"color": GRID[theme], "line": {"color": PRIMARY[theme], "width": 0.5}},
            text=[_numbers(row) for row in funnel.itertuples()],
            textposition="outside",
            textfont={"color": INK[theme], "size": 12},
            cliponaxis=False,
            hovertemplate="%{y}<br>removed %{x:,}<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=90 + 38 * len(funnel), x_title="Recordings")
    figure.update_layout(barmode="stack", bargap=0.45, legend_traceorder="normal")
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    figure.update_xaxes(range=[0, 1.5 * float(funnel["kept"].max() or 1)], tickformat=",")
    return figure


def _numbers(row) -> str:
    return f"{row.kept:,}" + (f"  (−{row.removed:,})" if row.removed else "")


def marginals_chart(
    columns: list[Binned],
    before: np.ndarray,
    after: np.ndarray,
    marked: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
    theme: str,
    *,
    height: int = 430,
) -> go.Figure:
    """What a selection does to age, level, rate, hearing and wave V latency: shares in two selections, wide and pale
    before, narrow and full after; last panel: share of recordings with each wave marked.

    Parameters
    ----------
    columns
        Five quantities in bins.
    before, after
        [N] bool, the recordings of each selection.
    marked
        [3] share with wave I, III, V marked, before and after.
    names
        What the two are called.
    """
    grid = Grid(2, 3, gap=0.06, row_gap=0.5)
    for i, values in enumerate(columns):
        counts = [values.counts(rows) for rows in (before, after)]
        shares = [c / max(c.sum(), 1) for c in counts]
        _pair(grid, divmod(i, 3), values.centres, values.width, shares, bin_names(values), names, theme, counts)
        highest = max(float(s.max(initial=0)) for s in shares)
        grid.panel(*divmod(i, 3), x=bin_axis(values), y=share_axis(highest, theme), title=f"<b>{values.title}</b>")
    waves = [f"wave {w}" for w in WAVES]
    shares = [np.nan_to_num(m) for m in marked]
    _pair(grid, (1, 2), np.arange(3.0), 1.0, shares, waves, names, theme)
    axis = {"tickvals": [0, 1, 2], "ticktext": list(WAVES), "range": [-0.6, 2.6], "showgrid": False}
    y_axis = share_axis(max(0.01, *shares[0], *shares[1]), theme)
    grid.panel(1, 2, x=axis, y=y_axis, title="<b>Wave marked</b>")
    legend = {"orientation": "h", "x": 0, "y": 1.09, "yanchor": "bottom", "font": {"color": INK[theme]}}
    figure = grid.figure(theme, height=height, showlegend=True, barmode="overlay", legend=legend)
    figure.update_layout(margin={"t": 58})
    return figure


def _pair(grid, place, x, width, shares, bins, names, theme, counts=None) -> None:
    looks = ((0.94, faded(MUTED[theme], 0.38)), (0.5, PRIMARY[theme]))
    for i, ((wide, colour), share, name) in enumerate(zip(looks, shares, names, strict=True)):
        numbers = counts[i] if counts else [None] * len(x)
        grid.add(
            *place,
            type="bar",
            x=x,
            y=np.round(share, 5),
            width=width * wide,
            marker={"color": colour},
            name=name,
            legendgroup=name,
            showlegend=place == (0, 0),
            customdata=[
                f"{b}: {s:.1%}" + (f" ({n:,})" if n is not None else "")
                for b, s, n in zip(bins, share, numbers, strict=True)
            ],
            hovertemplate=f"%{{customdata}}<extra>{name}</extra>",
        )
