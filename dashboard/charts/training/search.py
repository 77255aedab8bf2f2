"""How a search went: what each trial reached, which settings matter, and what each trial's training looked like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.search.space import Choices, Dimension, Space
from abr_model.search.trials import TrialRow
from dashboard.style import INK, MUTED, PRIMARY, apply_layout, faded

COLUMNS = 3
"""Small charts beside one another."""
_HEIGHT, _SMALL = 300, 220


def history_chart(rows: Sequence[TrialRow], title: str, theme: str) -> go.Figure:
    """What each trial reached, and the best so far as a line. Trials that ended early stand where they ended.

    The axis is that of the finished trials: what is far above them is an arrow at the upper edge.

    Parameters
    ----------
    rows
        Of all trials, in their order.
    title
        The figure that the search makes small, with its unit.
    """
    done = [row for row in rows if row.value is not None]
    early = [row for row in rows if row.state == "ended early" and row.course]
    top = upper_edge([row.value for row in done] or [_last(row) for row in early])
    figure = go.Figure()
    if done:
        numbers = [row.number for row in done]
        best = np.minimum.accumulate([row.value for row in done])
        figure.add_trace(
            go.Scatter(
                x=numbers,
                y=best,
                mode="lines",
                name="best so far",
                line={"color": INK[theme], "width": 1.4, "dash": "4px,2px", "shape": "hv"},
                hoverinfo="skip",
            )
        )
        figure.add_trace(_points(done, [row.value for row in done], top, "done", PRIMARY[theme], "circle"))
    if early:
        figure.add_trace(_points(early, [_last(row) for row in early], top, "ended early", MUTED[theme], "circle-open"))
    apply_layout(figure, theme, height=_HEIGHT, x_title="Trial", y_title=title)
    last = max((row.number for row in rows), default=0)
    figure.update_xaxes(tickformat="d", range=[-0.5, last + 0.5])
    if math.isfinite(top):
        low = min([row.value for row in done] + [_last(row) for row in early])
        room = 0.06 * (top - low) or 0.05 * abs(low) or 1.0
        figure.update_yaxes(range=[low - room, top + room])
    return figure.update_layout(showlegend=True)


def importance_chart(importances: Mapping[str, float], theme: str) -> go.Figure:
    """How much of the difference between trials each setting explains: bars, the most important on top.

    Parameters
    ----------
    importances
        Words of a setting → its share, together 1.
    """
    ordered = sorted(importances.items(), key=lambda item: item[1])
    shares = [share for _, share in ordered]
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=[name for name, _ in ordered],
            orientation="h",
            marker={"color": PRIMARY[theme]},
            text=[f"{share:.0%}" for share in shares],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}<br>%{x:.1%}<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=90 + 34 * len(ordered), x_title="Share of the differences explained")
    figure.update_xaxes(tickformat=".0%", range=[0, max([*shares, 0.1]) * 1.15])
    return figure.update_layout(showlegend=False)


def settings_chart(
    rows: Sequence[TrialRow], space: Space, names: Mapping[str, str], title: str, theme: str
) -> go.Figure:
    """What was reached at each value of each setting: one small chart a setting, later trials fuller.

    Each axis spans all that was allowed, so that a best value at its end is seen as such.

    Parameters
    ----------
    space
        Between which values each setting was searched.
    names
        Setting → words, in the order of the charts.
    """
    done = [row for row in rows if row.value is not None]
    columns = min(COLUMNS, len(names))
    lines = math.ceil(len(names) / columns)
    figure = make_subplots(lines, columns, shared_yaxes=True, horizontal_spacing=0.05, vertical_spacing=0.3 / lines)
    top = upper_edge([row.value for row in done])
    last = max((row.number for row in done), default=1) or 1
    shades = [faded(PRIMARY[theme], 0.3 + 0.7 * row.number / last) for row in done]
    apply_layout(figure, theme, height=40 + (_SMALL + 20) * lines)
    for place, (setting, words) in enumerate(names.items()):
        line, column = place // columns + 1, place % columns + 1
        dimension = space[setting]
        x = [row.settings[setting] for row in done]
        figure.add_trace(
            go.Scatter(
                x=[str(value) for value in x] if isinstance(dimension, Choices) else x,
                y=[min(row.value, top) for row in done],
                mode="markers",
                marker={"color": shades, "size": 8, "line": {"width": 1, "color": PRIMARY[theme]}},
                customdata=[[row.number, row.value] for row in done],
                hovertemplate=f"trial %{{customdata[0]}}<br>{words}: %{{x}}<br>%{{customdata[1]:.5g}}<extra></extra>",
                showlegend=False,
            ),
            line,
            column,
        )
        figure.update_xaxes(title_text=words, row=line, col=column, **_axis(dimension))
        if column == 1:
            figure.update_yaxes(title_text=title, row=line, col=column)
    return figure


def _axis(dimension: Dimension) -> dict:
    if isinstance(dimension, Choices):
        order = [str(choice) for choice in dimension.choices]
        return {"type": "category", "categoryorder": "array", "categoryarray": order, "range": [-0.5, len(order) - 0.5]}
    room = 0.04
    if not dimension.log:
        room *= dimension.high - dimension.low
        return {"range": [dimension.low - room, dimension.high + room]}
    low, high = math.log10(dimension.low), math.log10(dimension.high)
    room *= high - low
    steps = (1, 2, 5) if high - low < 2 else (1,)
    ticks = [step * 10.0**decade for decade in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    return {
        "type": "log",
        "range": [low - room, high + room],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def courses_chart(rows: Sequence[TrialRow], title: str, theme: str) -> go.Figure:
    """The figure of each trial over its epochs: the best one strong, those that ended early dashed."""
    done = [row for row in rows if row.value is not None]
    best = min(done, key=lambda row: row.value).number if done else None
    shown = sorted((row for row in rows if row.course), key=lambda row: row.number == best)
    figure = go.Figure()
    for row in shown:
        is_best, early = row.number == best, row.state == "ended early"
        colour = PRIMARY[theme] if is_best else faded(MUTED[theme], 0.75)
        name = f"trial {row.number}" + (", the best" if is_best else f", {row.state}" if row.state != "done" else "")
        figure.add_trace(
            go.Scatter(
                x=[epoch + 1 for epoch in row.course],
                y=list(row.course.values()),
                mode="lines+markers" if len(row.course) < 3 else "lines",
                name=name,
                line={"color": colour, "width": 2.4 if is_best else 1.2, "dash": "4px,3px" if early else "solid"},
                hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.5g}}<extra></extra>",
            )
        )
    apply_layout(figure, theme, height=_HEIGHT, x_title="Epochs done", y_title=title)
    top = upper_edge([value for row in shown for value in row.course.values()])
    if math.isfinite(top):
        values = [min(value, top) for row in shown for value in row.course.values()]
        room = 0.04 * (max(values) - min(values)) or 1.0
        figure.update_yaxes(range=[min(values) - room, max(values) + room])
    figure.update_xaxes(tickformat="d")
    return figure.update_layout(showlegend=False)


def _points(rows: Sequence[TrialRow], values: list[float], top: float, name: str, colour: str, symbol: str):
    return go.Scatter(
        x=[row.number for row in rows],
        y=[min(value, top) for value in values],
        mode="markers",
        name=name,
        marker={
            "color": colour,
            "size": 9,
            "symbol": [symbol.replace("circle", "triangle-up") if value > top else symbol for value in values],
            "line": {"width": 1.4, "color": colour},
        },
        customdata=values,
        hovertemplate="trial %{x}<br>%{customdata:.5g}" + f" ({name})<extra></extra>",
    )


def _last(row: TrialRow) -> float:
    return list(row.course.values())[-1]


def upper_edge(values: Sequence[float]) -> float:
    """The largest value that would not flatten the others (within Tukey's far fence); infinite without values."""
    if not len(values):
        return math.inf
    if len(values) < 4:
        return float(max(values))
    low, high = np.quantile(values, [0.25, 0.75])
    edge = high + 3 * (high - low)
    return float(max(value for value in values if value <= edge))
