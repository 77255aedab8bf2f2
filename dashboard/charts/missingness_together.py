"""Pictures of what goes missing together: an UpSet plot of the combinations, and the tree of columns missing alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.missingness import NullityTree
from abr_model.schema import COLUMNS_BY_NAME, Kind
from dashboard.charts.missingness_words import column_label, pattern_words, percent, signed
from dashboard.style import GRID, INK, MUTED, PAPER, PRIMARY, TRACE_STYLES, apply_layout, faded

ROW_PX = 30


def upset_chart(
    patterns: pd.DataFrame,
    rows: Sequence[tuple[str, ...]],
    theme: str,
    *,
    most: int = 12,
    chosen: int | None = None,
) -> go.Figure:
    """UpSet plot: what is missing how often (left), in which combinations (dots) and how many recordings (top).

    After Lex et al. 2014, IEEE Trans Vis Comput Graph 20, 1983–1992. Each bar and each dot carries the number of its
    combination (row of ``patterns``) as ``customdata``.

    Parameters
    ----------
    patterns
        From :func:`abr_model.missingness.label_patterns`, most frequent first.
    rows
        Columns that are drawn as one row: from :func:`abr_model.missingness.same_nullity`.
    most
        How many combinations are drawn.
    chosen
        Number of a combination to emphasise.
    """
    rows = sorted(rows, key=lambda names: -int(patterns.loc[patterns[names[0]], "recordings"].sum()))
    labels = [column_label(names) for names in rows]
    shown = list(range(min(most, len(patterns))))
    if chosen is not None and chosen not in shown:
        shown[-1] = chosen
    part = patterns.iloc[shown]
    lacking = part[[names[0] for names in rows]].to_numpy(bool)
    figure = make_subplots(
        2,
        2,
        shared_xaxes="columns",
        row_heights=[0.45, 0.55],
        column_widths=[0.18, 0.82],
        vertical_spacing=0.03,
        horizontal_spacing=0.13,
    )
    colours = [_emphasis(theme, chosen is None or number == chosen) for number in shown]
    _intersections(figure, part, shown, lacking, labels, colours, theme)
    _dots(figure, part, shown, lacking, labels, colours, theme)
    _set_sizes(figure, patterns, rows, labels, theme)
    apply_layout(figure, theme, height=240 + ROW_PX * len(rows))
    top = float(part["share"].max()) if len(part) else 1.0
    figure.update_layout(showlegend=False, bargap=0.4, hovermode="closest", clickmode="event+select", dragmode=False)
    figure.update_yaxes(showgrid=False, range=[-0.5, len(rows) - 0.5], row=2)
    figure.update_yaxes(tickvals=np.arange(len(rows)), ticktext=labels, tickfont={"color": INK[theme]}, row=2, col=2)
    figure.update_yaxes(showticklabels=False, row=2, col=1)
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[0, 1.25 * top], row=1, col=2)
    figure.update_xaxes(showticklabels=False, showgrid=False, col=2)
    figure.update_xaxes(visible=False, row=1, col=1)
    figure.update_yaxes(visible=False, row=1, col=1)
    figure.update_xaxes(range=[1.5, 0], tickformat=".0%", tickvals=[0, 1], showgrid=False, row=2, col=1)
    figure.update_xaxes(title_text="share missing", row=2, col=1)
    figure.update_xaxes(showline=False)
    figure.update_yaxes(showline=False)
    return figure


def _emphasis(theme: str, strong: bool) -> str:
    return PRIMARY[theme] if strong else faded(PRIMARY[theme], 0.3)


def _intersections(figure, part, shown, lacking, labels, colours, theme: str) -> None:
    words = [pattern_words([label for label, lacks in zip(labels, row, strict=True) if lacks]) for row in lacking]
    figure.add_trace(
        go.Bar(
            x=np.arange(len(part)),
            y=part["share"],
            marker={"color": colours},
            text=[f"{n:,}" for n in part["recordings"]],
            textposition="outside",
            constraintext="none",
            textangle=0,
            textfont={"size": 11, "color": INK[theme]},
            cliponaxis=False,
            customdata=[[n, w, r] for n, w, r in zip(shown, words, part["recordings"], strict=True)],
            hovertemplate="%{customdata[1]}<br>%{customdata[2]:,} recordings (%{y:.2%})<extra></extra>",
            name="recordings",
            unselected={"marker": {"opacity": 1}},
        ),
        row=1,
        col=2,
    )


def _dots(figure, part, shown, lacking, labels, colours, theme: str) -> None:
    """Bands behind every other row, a line from the first to the last missing column, then the dots."""
    for i in range(0, len(labels), 2):
        figure.add_shape(
            type="rect", x0=-0.5, x1=len(part) - 0.5, y0=i - 0.5, y1=i + 0.5, fillcolor=GRID[theme], opacity=0.55,
            line_width=0, layer="below", row=2, col=2,
        )  # fmt: skip
    x, y = [], []
    for column, row in enumerate(lacking):
        where = np.flatnonzero(row)
        if len(where) > 1:
            x += [column, column, None]
            y += [where[0], where[-1], None]
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="lines", line={"color": faded(INK[theme], 0.55), "width": 2}, hoverinfo="skip", name="joined"
        ),
        row=2,
        col=2,
    )  # fmt: skip
    for filled, name in ((False, "known"), (True, "missing")):
        where = np.argwhere(lacking == filled)
        figure.add_trace(
            go.Scatter(
                x=where[:, 0],
                y=where[:, 1],
                mode="markers",
                marker={
                    "size": 12 if filled else 8,
                    "color": INK[theme] if filled else faded(MUTED[theme], 0.45),
                    "symbol": "circle" if filled else "circle-open",
                },
                customdata=[[shown[column], labels[row]] for column, row in where],
                hovertemplate="%{customdata[1]}: " + name + "<extra></extra>",
                name=name,
                unselected={"marker": {"opacity": 1}},
            ),
            row=2,
            col=2,
        )


def _set_sizes(figure, patterns, rows, labels, theme: str) -> None:
    total = max(1, int(patterns["recordings"].sum()))
    sizes = [int(patterns.loc[patterns[names[0]], "recordings"].sum()) for names in rows]
    figure.add_trace(
        go.Bar(
            x=[size / total for size in sizes],
            y=np.arange(len(rows)),
            orientation="h",
            marker={"color": MUTED[theme]},
            text=[percent(size / total) for size in sizes],
            textposition="outside",
            constraintext="none",
            textfont={"size": 11, "color": INK[theme]},
            cliponaxis=False,
            customdata=[[label, size] for label, size in zip(labels, sizes, strict=True)],
            hovertemplate="%{customdata[0]}: missing in %{customdata[1]:,}<extra></extra>",
            name="missing",
            unselected={"marker": {"opacity": 1}},
        ),
        row=2,
        col=1,
    )


def together_map(correlation: pd.DataFrame, theme: str, tree: NullityTree | None = None) -> go.Figure:
    """φ between "is missing" of each pair of columns, lower triangle; with ``tree`` in its order, and the tree beside.

    Parameters
    ----------
    correlation
        From :func:`abr_model.missingness.nullity_correlation`; at least two columns.
    tree
        From :func:`abr_model.missingness.nullity_tree` of the same correlation: columns that are missing alike are
        joined at the left end of the figure at 1 − φ.
    """
    names = list(tree.columns if tree is not None else correlation.columns)
    labels = [COLUMNS_BY_NAME[name].label if name in COLUMNS_BY_NAME else name for name in names]
    values = correlation.loc[names, names].to_numpy(float).copy()
    values[np.triu_indices(len(labels))] = np.nan
    heat = go.Heatmap(
        z=values,
        x=labels,
        y=np.arange(len(labels)),
        colorscale=[[0, TRACE_STYLES[Kind.SIMULATED].light], [0.5, PAPER[theme]], [1, PRIMARY["light"]]],
        zmin=-1,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        text=[["" if np.isnan(v) else signed(v, 1) for v in row] for row in values],
        texttemplate="%{text}",
        textfont={"size": 11},
        hoverongaps=False,
        customdata=[[[label] for _ in labels] for label in labels],
        hovertemplate="%{customdata[0]} and %{x}<br>φ = %{z:.2f}<extra></extra>",
        name="φ",
    )
    figure = make_subplots(1, 2, shared_yaxes=True, column_widths=[0.25, 0.75], horizontal_spacing=0.2)
    figure.add_trace(heat, row=1, col=2)
    if tree is not None:
        x, y = _branches(tree)
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                line={"color": INK[theme], "width": 1.4},
                hovertemplate="joined at 1 − φ = %{x:.2f}<extra></extra>",
                name="missing alike",
            ),
            row=1,
            col=1,
        )
    apply_layout(figure, theme, height=120 + 30 * len(labels))
    figure.update_layout(showlegend=False)
    farthest = max(1.0, float(tree.merges[:, 2].max())) if tree is not None else 1.0
    figure.update_xaxes(
        range=[1.06 * farthest, -0.04], title_text="1 − φ", showgrid=True, zeroline=False, nticks=3, row=1, col=1
    )
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False)
    figure.update_yaxes(showticklabels=False, row=1, col=1)
    figure.update_yaxes(
        tickvals=np.arange(len(labels)), ticktext=labels, showticklabels=True, tickfont={"color": INK[theme]},
        row=1, col=2,
    )  # fmt: skip
    figure.update_xaxes(showgrid=False, type="category", tickangle=-30, range=[-0.5, len(labels) - 1.5], row=1, col=2)
    return figure


def _branches(tree: NullityTree) -> tuple[list, list]:
    """The tree as one line with gaps; leaves at 0, 1, … in the order of ``tree.columns``."""
    from scipy.cluster.hierarchy import dendrogram

    drawn = dendrogram(tree.merges, no_plot=True)
    x, y = [], []
    for distances, places in zip(drawn["dcoord"], drawn["icoord"], strict=True):
        x += [*distances, None]
        y += [*((place - 5) / 10 for place in places), None]  # scipy puts leaves at 5, 15, 25, …
    return x, y
