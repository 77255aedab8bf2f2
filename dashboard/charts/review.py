"""What came out of an expert review: accuracy of each reviewer, ratings, ROC, Bland–Altman, the items themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from abr_model.review.analysis.results import Cell, LatencyAgreement, ReviewResults
from abr_model.schema import Kind
from dashboard.charts.small_multiples import Grid
from dashboard.style import GRID, INK, MUTED, PRIMARY, TRACE_STYLES, apply_layout, faded

RATING_TICKS = ("surely", "likely", "maybe", "maybe", "likely", "surely")
SYMBOLS = {False: "circle-open", True: "cross-thin-open"}
"""Recorded and generated items are told apart by symbol, too."""
ROW_PX = 30


def accuracy_figure(results: ReviewResults, theme: str) -> go.Figure:
    """Right answers of each reviewer with the 95 % interval, and of all; the band is the margin of equivalence."""
    rows = [(r.code, r.accuracy, r.interval) for r in results.reviewers if r.accuracy is not None]
    rows.append(("<b>all</b>", results.accuracy, results.accuracy_interval))
    return _intervals(rows, theme, (0.5 - results.margin, 0.5 + results.margin))


def cells_figure(cells: Sequence[Cell], margin: float, theme: str) -> go.Figure:
    """Right answers within each band of the conditions, with the 95 % interval."""
    rows = [(f"{cell.condition}: {cell.band} (n = {cell.answers})", cell.accuracy, cell.interval) for cell in cells]
    return _intervals(rows, theme, (0.5 - margin, 0.5 + margin))


def _intervals(rows, theme: str, band: tuple[float, float]) -> go.Figure:
    names = [name for name, *_ in rows]
    values = np.array([value for _, value, _ in rows], dtype=float)
    low, high = (np.array([interval[k] for *_, interval in rows], dtype=float) for k in (0, 1))
    words = [
        f"{name}: {value:.0%} right ({a:.0%} to {b:.0%})"
        for name, value, a, b in zip(names, values, low, high, strict=True)
    ]
    points = go.Scatter(
        x=values,
        y=names,
        mode="markers",
        marker={"size": 9, "color": PRIMARY[theme]},
        error_x={
            "type": "data",
            "symmetric": False,
            # of a few answers the exact interval of all and the mean of both kinds need not enclose one another
            "array": np.maximum(high - values, 0),
            "arrayminus": np.maximum(values - low, 0),
            "thickness": 1.5,
            "width": 5,
            "color": PRIMARY[theme],
        },
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    figure = apply_layout(go.Figure(points), theme, height=70 + ROW_PX * len(rows), x_title="right answers")
    figure.add_vrect(x0=band[0], x1=band[1], fillcolor=faded(MUTED[theme], 0.16), line_width=0, layer="below")
    figure.add_vline(x=0.5, line={"color": MUTED[theme], "width": 1.2, "dash": "dash"})
    figure.update_xaxes(range=[-0.02, 1.04], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    return figure


def ratings_figure(results: ReviewResults, theme: str) -> go.Figure:
    """How often each of the six ratings was given, in shares of the answers on recorded and on generated items."""
    figure = apply_layout(go.Figure(), theme, height=260, y_title="share of answers")
    for name, kind in (("recorded", results.kind), ("generated", Kind.GENERATED)):
        counts = np.array(results.ratings[name], dtype=float)
        style = TRACE_STYLES[kind]
        colour = style.colour(theme)
        figure.add_bar(
            x=np.arange(1, 7),
            y=counts / max(counts.sum(), 1),
            name=f"{_recorded(results.kind) if name == 'recorded' else 'generated'} items (n = {int(counts.sum())})",
            marker={
                "color": faded(colour, 0.75),
                "line": {"color": colour, "width": 1},
                "pattern": {"shape": "" if name == "generated" else "/", "fgcolor": colour, "size": 5},
            },
            customdata=counts,
            hovertemplate="%{customdata} answers (%{y:.0%})<extra></extra>",
        )
    ticks = [f"{word}<br>{_recorded(results.kind) if k < 3 else 'generated'}" for k, word in enumerate(RATING_TICKS)]
    figure.update_xaxes(tickvals=np.arange(1, 7), ticktext=ticks, showgrid=False, tickfont={"size": 11})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=4)
    return figure


def roc_figure(results: ReviewResults, theme: str) -> go.Figure:
    """Hits against false alarms of each reviewer, the limit set at each of the ratings; the diagonal is chance."""
    figure = apply_layout(
        go.Figure(), theme, height=340, x_title="recorded items rated so high", y_title="generated items rated so high"
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED[theme], "dash": "dash", "width": 1}, name="chance"
    )
    symbols = ("circle", "square", "diamond", "triangle-up", "x", "star")
    for k, (code, points) in enumerate(results.roc.items()):
        x, y = zip(*points, strict=True)
        figure.add_scatter(x=x, y=y, mode="lines+markers", name=code, marker={"symbol": symbols[k % 6], "size": 7})
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.25)
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.25)
    return figure


def bland_altman_figure(
    mean_ms: np.ndarray,
    difference_ms: np.ndarray,
    generated: np.ndarray,
    limits: LatencyAgreement,
    kind: Kind,
    theme: str,
) -> go.Figure:
    """Differences of two markings against their means, with bias, limits of agreement and their 95 % intervals.

    ``mean_ms``, ``difference_ms``, ``generated`` [n]: pairs, and whether the item is generated.
    """
    figure = apply_layout(
        go.Figure(), theme, height=320, x_title="mean of both (ms)", y_title=f"{limits.one} − {limits.other} (ms)"
    )
    for value, interval, words in (
        (limits.upper, limits.upper_interval, "+1.96 SD"),
        (limits.bias, limits.bias_interval, "bias"),
        (limits.lower, limits.lower_interval, "−1.96 SD"),
    ):
        dash = "solid" if words == "bias" else "dash"
        figure.add_hrect(
            y0=interval[0], y1=interval[1], fillcolor=faded(MUTED[theme], 0.13), line_width=0, layer="below"
        )
        figure.add_hline(
            y=value,
            line={"color": MUTED[theme], "width": 1.2, "dash": dash},
            annotation={
                "text": f"{words} {value:+.2f}",
                "font": {"size": 11, "color": MUTED[theme]},
                "xanchor": "right",
            },
        )
    for is_generated in (False, True):
        rows = np.asarray(generated, dtype=bool) == is_generated
        if rows.any():
            style = TRACE_STYLES[Kind.GENERATED if is_generated else kind]
            figure.add_scatter(
                x=np.asarray(mean_ms)[rows],
                y=np.asarray(difference_ms)[rows],
                mode="markers",
                marker={
                    "symbol": SYMBOLS[is_generated],
                    "size": 8,
                    "color": style.colour(theme),
                    "line": {"width": 1.4},
                },
                name="generated items" if is_generated else f"{_recorded(kind)} items",
                hovertemplate="mean %{x:.2f} ms, difference %{y:+.2f} ms<extra></extra>",
            )
    return figure


def items_figure(
    titles: Sequence[str], traces: Sequence[np.ndarray], time_ms: np.ndarray, kinds: Sequence[Kind], theme: str
) -> go.Figure:
    """Items in small panels, one gain for all; ``traces`` of each [k, T] µV, stacked where there are several."""
    columns = min(4, max(len(titles), 1))
    rows = -(-len(titles) // columns) or 1
    grid = Grid(rows, columns, gap=0.03, row_gap=0.42)
    spacing = max((float(np.quantile(np.ptp(one, axis=1), 0.9)) for one in traces), default=1.0)
    deepest = max((len(one) for one in traces), default=1)
    for k, (title, one, kind) in enumerate(zip(titles, traces, kinds, strict=True)):
        row, column = divmod(k, columns)
        style = TRACE_STYLES[kind]
        grid.panel(
            row,
            column,
            title=title,
            x={"showgrid": False, "dtick": 2, "range": [float(time_ms[0]), float(time_ms[-1])]},
            y={"visible": False, "range": [-(deepest - 0.3) * spacing, 0.9 * spacing]},
        )
        for line, uv in enumerate(one):
            grid.add(
                row,
                column,
                type="scatter",
                mode="lines",
                x=time_ms,
                y=uv - line * spacing,
                line={"color": style.colour(theme), "width": 1.5, "dash": style.dash},
                showlegend=False,
                hovertemplate="%{x:.2f} ms<extra></extra>",
            )
    return grid.figure(theme, height=rows * (150 + 28 * (deepest - 1)) + 40, showlegend=False)


def noticed_figure(results: ReviewResults, theme: str) -> go.Figure:
    """How often each thing was ticked, in shares of the answers on recorded and on generated items."""
    figure = apply_layout(go.Figure(), theme, height=80 + 38 * len(results.noticed), x_title="share of answers")
    for name, kind in (("recorded", results.kind), ("generated", Kind.GENERATED)):
        answers = max(sum(results.ratings[name]), 1)
        counts = np.array([getattr(one, name) for one in results.noticed], dtype=float)
        colour = TRACE_STYLES[kind].colour(theme)
        figure.add_bar(
            orientation="h",
            x=counts / answers,
            y=[one.what for one in results.noticed],
            name=f"on {_recorded(results.kind) if name == 'recorded' else 'generated'} items",
            marker={
                "color": faded(colour, 0.75),
                "pattern": {"shape": "" if name == "generated" else "/", "fgcolor": colour, "size": 5},
            },
            customdata=counts,
            hovertemplate="%{customdata} of " + str(answers) + "<extra></extra>",
        )
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, gridcolor=GRID[theme], tickfont={"color": INK[theme]})
    return figure


def _recorded(kind: Kind) -> str:
    return "simulated" if kind == Kind.SIMULATED else "real"
