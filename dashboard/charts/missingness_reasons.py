"""Pictures of what missing labels depend on: differences, rates along a value, and how predictable they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.missingness import Differences, Predictability
from abr_model.missingness.differences import DELTA_SIZES, V_SIZES
from abr_model.schema import AGE, COLUMNS_BY_NAME, FMP, HEARING_LOSSES, RESIDUAL_NOISE
from dashboard.charts.missingness_words import in_sentence, number, percent, signed
from dashboard.style import INK, MUTED, PRIMARY, TRACE_STYLES, apply_layout, faded

ROW_PX = 27
LOGARITHMIC = (AGE.name, FMP.name, RESIDUAL_NOISE.name, "sweeps_accepted", "sweeps_rejected")
"""Columns whose values spread over orders of magnitude."""
_HEARING = {h.code: h.short_label for h in HEARING_LOSSES}


def differences_chart(found: Differences, label: str, theme: str) -> go.Figure:
    """Effect sizes with their 95 % intervals: numbers (Cliff's δ) above, classes (Cramér's V) below.

    On the right what stands behind each: the medians, or the share of the class that differs most, without | with
    the label.

    Parameters
    ----------
    found
        With at least one comparison.
    label
        Name of the label.
    """
    panels = [p for p in ("δ", "V") if (found.table["measure"] == p).any()]
    sizes = [int((found.table["measure"] == p).sum()) for p in panels]
    figure = make_subplots(
        len(panels), 1, row_heights=sizes, vertical_spacing=0.17 if sum(sizes) > 8 else 0.25
    )  # fmt: skip
    apply_layout(figure, theme, height=100 + ROW_PX * sum(sizes) + 60 * (len(panels) - 1))
    for row, measure in enumerate(panels, start=1):
        part = found.table[found.table["measure"] == measure].iloc[::-1].reset_index(drop=True)
        _panel(figure, part, measure, row, theme)
    figure.update_layout(showlegend=False, margin={"r": 150, "t": 24})
    figure.add_annotation(
        text=f"without | with {in_sentence(label)}", xref="paper", yref="paper", x=1.01, y=1, xanchor="left",
        yanchor="bottom", showarrow=False, font={"size": 11, "color": MUTED[theme]},
    )  # fmt: skip
    return figure


def _panel(figure, part: pd.DataFrame, measure: str, row: int, theme: str) -> None:
    labels = [COLUMNS_BY_NAME[name].label for name in part["variable"]]
    symbol = "circle" if measure == "δ" else "diamond"
    effect, low, high = (part[name].to_numpy(float) for name in ("effect", "low", "high"))
    figure.add_trace(
        go.Scatter(
            x=effect,
            y=np.arange(len(part)),
            mode="markers",
            marker={
                "color": [PRIMARY[theme] if s != "negligible" else MUTED[theme] for s in part["strength"]],
                "size": 9,
                "symbol": symbol,
            },
            error_x={
                "array": np.nan_to_num(high - effect),
                "arrayminus": np.nan_to_num(effect - low),
                "color": MUTED[theme],
                "thickness": 1.4,
                "width": 0,
            },
            customdata=[
                [text, f"{signed(r.low)} to {signed(r.high)}" if np.isfinite(r.low) else "not estimable", r.strength]
                for text, r in zip(labels, part.itertuples(), strict=True)
            ],
            hovertemplate="%{customdata[0]}: "
            + measure
            + " = %{x:.2f}<br>95 %: %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
            name="Cliff’s δ" if measure == "δ" else "Cramér’s V",
        ),
        row=row,
        col=1,
    )
    signs = (-1, 1) if measure == "δ" else (1,)
    for edge in DELTA_SIZES if measure == "δ" else V_SIZES:
        for sign in signs:
            figure.add_vline(
                x=sign * edge, line={"color": faded(MUTED[theme], 0.35), "width": 1}, layer="below", row=row, col=1
            )
    figure.add_vline(x=0, line={"color": MUTED[theme], "width": 1}, layer="below", row=row, col=1)
    for place, r in enumerate(part.itertuples()):
        figure.add_annotation(
            text=_sides(r), xref="paper", x=1.01, y=place, xanchor="left", showarrow=False,
            font={"size": 11, "color": INK[theme]}, row=row, col=1,
        )  # fmt: skip
    figure.update_annotations(xref="paper", x=1.01)
    title = "Cliff’s δ: lower ← without the label → higher" if measure == "δ" else "Cramér’s V"
    lowest = -1.02 if measure == "δ" else -0.02
    figure.update_xaxes(range=[lowest, 1.02], title_text=title, showgrid=False, row=row, col=1)
    figure.update_yaxes(
        tickvals=np.arange(len(part)), ticktext=labels, tickfont={"color": INK[theme]}, showgrid=False,
        range=[-0.7, len(part) - 0.3], row=row, col=1,
    )  # fmt: skip


def _sides(r) -> str:
    if r.measure == "δ":
        unit = COLUMNS_BY_NAME[r.variable].unit
        sides = f"{number(r.missing_median, r.variable)} | {number(r.present_median, r.variable)}"
        return f"{sides} {unit}" if unit else sides
    name = _HEARING.get(r.category, r.category) if r.variable == "hearing_loss" else r.category
    return f"{percent(r.missing_share)} | {percent(r.present_share)} {name.lower()}"


def rate_along_chart(along: pd.DataFrame, variable: str, label: str, theme: str) -> go.Figure:
    """Share of recordings in which a label is missing, along the values of a column, with 95 % intervals.

    Parameters
    ----------
    along
        From :func:`abr_model.missingness.rate_along`.
    """
    column = COLUMNS_BY_NAME[variable]
    numbers = column.kind == "number"
    x = along["value"] if numbers else [_HEARING.get(v, v) if variable == "hearing_loss" else v for v in along["value"]]
    rate = along["rate"].to_numpy(float)
    if numbers:
        spans = [
            f"{number(r.first, variable)}" + (f" to {number(r.last, variable)}" if r.last > r.first else "")
            for r in along.itertuples()
        ]
    else:
        spans = list(x)
    figure = go.Figure(
        go.Scatter(
            x=x,
            y=rate,
            mode="lines+markers" if numbers else "markers",
            line={"color": PRIMARY[theme], "width": 2},
            marker={"color": PRIMARY[theme], "size": 8},
            error_y={
                "array": along["high"].to_numpy(float) - rate,
                "arrayminus": rate - along["low"].to_numpy(float),
                "color": faded(PRIMARY[theme], 0.55),
                "thickness": 1.4,
                "width": 0,
            },
            customdata=[
                [span, int(m), int(n), int(p)]
                for span, m, n, p in zip(spans, along["missing"], along["recordings"], along["patients"], strict=True)
            ],
            hovertemplate="%{customdata[0]}<br>missing in %{customdata[1]:,} of %{customdata[2]:,}"
            "<br>%{customdata[3]:,} patients<extra></extra>",
            name=f"{label} missing",
        )
    )
    apply_layout(figure, theme, height=300, x_title=column.title, y_title=f"{label} missing")
    top = float(np.nanmax(along["high"])) if len(along) else 1.0
    figure.update_yaxes(range=[0, min(1.02, 1.15 * top) if top > 0 else 1], tickformat=".0%", rangemode="tozero")
    if numbers and variable in LOGARITHMIC and len(along) and along["value"].min() > 0:
        figure.update_xaxes(type="log", dtick=1)
    elif not numbers:
        figure.update_xaxes(type="category")
    return figure


def prediction_chart(results: Sequence[tuple[str, Predictability]], theme: str) -> go.Figure:
    """AUC of each label with its 95 % interval; 0.5 is by lot. Dot: gradient boosting, square: logistic regression.

    Parameters
    ----------
    results
        Name of the label and what was found, top to bottom.
    """
    labels = [name for name, _ in results]
    figure = go.Figure()
    orange = TRACE_STYLES["simulated"].colour(theme)
    looks = (
        ("gradient boosting", "auc", "low", "high", PRIMARY[theme], "circle", -0.13),
        ("logistic regression", "linear_auc", "linear_low", "linear_high", orange, "square-open", 0.13),
    )
    for name, mean, low, high, colour, symbol, shift in looks:
        middle = np.array([getattr(r, mean) for _, r in results])
        figure.add_trace(
            go.Scatter(
                x=middle,
                y=np.arange(len(labels)) + shift,
                mode="markers",
                marker={"color": colour, "size": 9, "symbol": symbol},
                error_x={
                    "array": np.array([getattr(r, high) for _, r in results]) - middle,
                    "arrayminus": middle - np.array([getattr(r, low) for _, r in results]),
                    "color": colour,
                    "thickness": 1.4,
                    "width": 0,
                },
                customdata=[[label, getattr(r, low), getattr(r, high)] for label, r in results],
                hovertemplate="%{customdata[0]}, " + name + "<br>AUC %{x:.2f}, 95 %: %{customdata[1]:.2f} to "
                "%{customdata[2]:.2f}<extra></extra>",
                name=name,
            )
        )
    apply_layout(figure, theme, height=110 + 46 * len(labels), x_title="AUC in patients not seen before")
    figure.add_vline(x=0.5, line={"color": MUTED[theme], "width": 1, "dash": "dot"}, layer="below")
    lowest = min([0.45, *(r.low - 0.02 for _, r in results), *(r.linear_low - 0.02 for _, r in results)])
    figure.update_xaxes(range=[max(0, lowest), 1.01])
    figure.update_yaxes(
        tickvals=np.arange(len(labels)), ticktext=labels, range=[len(labels) - 0.5, -0.5], showgrid=False,
        tickfont={"color": INK[theme]},
    )  # fmt: skip
    return figure


def importance_chart(found: Predictability, theme: str) -> go.Figure:
    """By how much the AUC falls when the values of one variable are shuffled, with 95 % intervals."""
    part = found.importance.iloc[::-1]
    drop = part["drop"].to_numpy(float)
    figure = go.Figure(
        go.Bar(
            x=drop,
            y=[COLUMNS_BY_NAME[name].label for name in part["variable"]],
            orientation="h",
            marker={"color": faded(PRIMARY[theme], 0.75)},
            error_x={
                "array": part["high"].to_numpy(float) - drop,
                "arrayminus": drop - part["low"].to_numpy(float),
                "color": MUTED[theme],
                "thickness": 1.4,
                "width": 0,
            },
            hovertemplate="%{y}: AUC falls by %{x:.3f}<extra></extra>",
            name="importance",
        )
    )
    apply_layout(figure, theme, height=90 + ROW_PX * len(part), x_title="Fall of the AUC without this variable")
    figure.update_layout(bargap=0.45)
    figure.add_vline(x=0, line={"color": MUTED[theme], "width": 1})
    figure.update_yaxes(showgrid=False, tickfont={"color": INK[theme]})
    return figure
