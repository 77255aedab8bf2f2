"""How many recordings are left after each rule of the selection."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboard.style import GRID, INK, PRIMARY, apply_layout


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
    figure.update_xaxes(range=[0, 1.22 * float(funnel["kept"].max() or 1)], tickformat=",")
    return figure


def _numbers(row) -> str:
    return f"{row.kept:,}" + (f"  (−{row.removed:,})" if row.removed else "")
