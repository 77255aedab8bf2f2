"""Previews of a training: generated against held-out recordings at fixed conditions, and wave V by level."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.runs.previews import FixedCondition, HeldOut, Preview
from abr_model.schema import INTENSITY, Kind
from dashboard.charts.small_multiples import Grid
from dashboard.style import INK, MUTED, TRACE_STYLES, TraceStyle, apply_layout, faded

COLUMNS = 2
ROW_HEIGHT = 245
EARLIER_SHOWN = 5
MOST_LABELS = 8
GENERATED = TRACE_STYLES[Kind.GENERATED]


def preview_traces(held_out: HeldOut, preview: Preview, theme: str) -> go.Figure:
    """Generated mean and band over the held-out mean and band, a panel for each fixed condition.

    Each panel has a µV axis of its own: soft levels give small responses.
    """
    rows = -(-len(held_out.conditions) // COLUMNS)
    grid = Grid(rows, COLUMNS, gap=0.1, row_gap=0.68)
    recorded, difference = TRACE_STYLES[held_out.kind], preview.difference_uv(held_out)
    for i, condition in enumerate(held_out.conditions):
        row, column = divmod(i, COLUMNS)
        half = _half_range(np.abs(held_out.mean[i]) + held_out.sd[i], np.abs(preview.mean[i]) + preview.sd[i])
        last = i + COLUMNS >= len(held_out.conditions)
        grid.panel(
            row,
            column,
            x={"range": [float(held_out.time_ms[0]), float(held_out.time_ms[-1])], "ticksuffix": " ms" if last else ""},
            y={"range": [-half, half], "nticks": 5, "ticksuffix": " µV", "showticksuffix": "last"},
            title=_panel_title(condition, difference[i], theme),
        )
        words = (f"held-out ({recorded.label}), mean ± SD", "generated, mean ± SD")
        sides = (
            (recorded, held_out.mean[i], held_out.sd[i], words[0]),
            (GENERATED, preview.mean[i], preview.sd[i], words[1]),
        )
        for style, mean, sd, _ in sides:
            grid.add(row, column, **band(held_out.time_ms, mean, sd, style, theme))
        for style, mean, _, name in sides:
            grid.add(row, column, **mean_line(held_out.time_ms, mean, style, name, theme, showlegend=i == 0))
    figure = grid.figure(
        theme,
        height=ROW_HEIGHT * rows + 40,
        margin={"l": 56, "r": 8, "t": 108, "b": 26},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container"},
    )
    return figure.update_annotations(align="left")


def latency_as_it_forms(
    held_out: HeldOut, earlier: list[Preview], shown: Preview, theme: str, *, height: int = 430
) -> go.Figure:
    """Wave V by level: generated after more and more epochs, over the held-out median and quartiles.

    Parameters
    ----------
    earlier
        Previews before the one shown, ascending; drawn fainter the earlier they are.
    shown
        Drawn in full.
    """
    recorded = TRACE_STYLES[held_out.kind]
    ink, levels = recorded.colour(theme), held_out.levels
    low, median, high = held_out.latency_ms.T
    traces = [
        go.Scatter(
            x=np.repeat(levels, 3),
            y=np.round(np.column_stack([low, high, np.full(len(levels), np.nan)]).ravel(), 3),
            mode="lines",
            line={"color": faded(ink, 0.35), "width": 9},
            name=f"held-out ({recorded.label}): quartiles",
            hoverinfo="skip",
        ),
        go.Scatter(
            x=levels,
            y=np.round(median, 3),
            mode="markers",
            marker={"symbol": "line-ew-open", "size": 13, "color": INK[theme], "line": {"width": 2}},
            name="held-out: median",
            customdata=np.column_stack([held_out.marked, low, high]),
            hovertemplate="held-out, %{x:g} dB nHL<br>median %{y:.2f} ms, quartiles %{customdata[1]:.2f} to "
            "%{customdata[2]:.2f}<br>n = %{customdata[0]:,}<extra></extra>",
        ),
    ]
    for i, preview in enumerate(earlier):
        opacity = 0.2 + 0.4 * i / max(1, len(earlier) - 1)
        legend = {"name": "generated, earlier epochs", "showlegend": i == len(earlier) - 1}
        traces.append(_function(levels, preview, {"width": 1.2}, theme, opacity=opacity, **legend))
    traces.append(_function(levels, shown, {"width": 2.6}, theme, marker={"size": 7}))
    figure = apply_layout(go.Figure(traces), theme, height=height, y_title="Wave V latency (ms)")
    labelled = _labelled(levels)
    figure.update_xaxes(
        tickvals=levels[labelled],
        ticktext=[f"{v:g}<br>{n:,}" for v, n in zip(levels[labelled], held_out.marked[labelled], strict=True)],
        tickangle=0,
        title_text=INTENSITY.title,
        range=[levels[0] - 4, levels[-1] + 4] if len(levels) else None,
    )
    return figure


def _labelled(levels: np.ndarray) -> list[int]:
    """Positions of the levels whose labels fit below the axis."""
    apart = max(10.0, np.ptp(levels) / MOST_LABELS) if len(levels) else 0.0
    labelled: list[int] = []
    for i, level in enumerate(levels):
        if not labelled or level - levels[labelled[-1]] >= apart:
            labelled.append(i)
    return labelled


def earlier_epochs(epochs: list[int], shown: int) -> list[int]:
    """Up to :data:`EARLIER_SHOWN` of the epochs before ``shown``: the first, and others evenly spread."""
    before = [epoch for epoch in epochs if epoch < shown]
    if len(before) <= EARLIER_SHOWN:
        return before
    return [before[i] for i in np.linspace(0, len(before) - 1, EARLIER_SHOWN).round().astype(int)]


def preview_words(preview: Preview) -> str:
    """``"epoch 4"``, or ``"final model"`` for what the fitted sampler drew."""
    return "final model" if preview.drawn_from == "sampler" else f"epoch {preview.epoch}"


def traces_table(held_out: HeldOut, preview: Preview) -> pd.DataFrame:
    """The numbers of :func:`preview_traces`: a row for each condition and time."""
    parts = [
        pd.DataFrame(
            {
                "condition": condition.words,
                "held_out_n": condition.n,
                "time_ms": np.round(held_out.time_ms, 4),
                "held_out_mean_uv": held_out.mean[i],
                "held_out_sd_uv": held_out.sd[i],
                "generated_mean_uv": preview.mean[i],
                "generated_sd_uv": preview.sd[i],
            }
        )
        for i, condition in enumerate(held_out.conditions)
    ]
    return pd.concat(parts, ignore_index=True)


def latency_table(held_out: HeldOut, previews: list[Preview]) -> pd.DataFrame:
    """The numbers of :func:`latency_as_it_forms`: a row for each level."""
    low, median, high = held_out.latency_ms.T
    return pd.DataFrame(
        {
            "level_db_nhl": held_out.levels,
            "held_out_n": held_out.marked,
            "held_out_p25_ms": low,
            "held_out_median_ms": median,
            "held_out_p75_ms": high,
        }
        | {f"generated_{preview_words(preview).replace(' ', '_')}_ms": preview.latency_ms for preview in previews}
    )


def _panel_title(condition: FixedCondition, difference_uv: float, theme: str) -> str:
    """The condition, how many recordings of how many patients, how far the two means are apart; narrow lines."""
    patients = f"{condition.patients:,} patient{'s' if condition.patients > 1 else ''}"
    return (
        f"<b>{condition.level}, {condition.hearing.lower()}</b><br>"
        f"<span style='color:{MUTED[theme]}'>{condition.ages}, {condition.rate}<br>n = {condition.n:,} ({patients})<br>"
        f"means differ by {difference_uv:.2f} µV</span>"
    )


def _half_range(*extents: np.ndarray) -> float:
    """Half the height of a µV axis that holds all of them; rounded up, so that it seldom changes between previews."""
    largest = 1.05 * max(float(extent.max()) for extent in extents)
    step = 0.05 if largest < 0.5 else 0.1 if largest < 1 else 0.5
    return max(0.1, float(np.ceil(largest / step) * step))


def band(time_ms: np.ndarray, mean: np.ndarray, sd: np.ndarray, style: TraceStyle, theme: str) -> dict:
    """A trace of Plotly: mean ± SD [T] µV."""
    return {
        "type": "scatter",
        "x": np.round(np.concatenate([time_ms, time_ms[::-1]]), 3),
        "y": np.round(np.concatenate([mean - sd, (mean + sd)[::-1]]), 4),
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": faded(style.colour(theme), 0.16),
        "showlegend": False,
        "hoverinfo": "skip",
    }


def mean_line(
    time_ms: np.ndarray, mean: np.ndarray, style: TraceStyle, name: str, theme: str, showlegend: bool
) -> dict:
    """A trace of Plotly: mean [T] µV; what stands before the first comma or colon of ``name`` shows on hover."""
    return {
        "type": "scatter",
        "x": np.round(time_ms, 3),
        "y": np.round(mean, 4),
        "mode": "lines",
        "line": {"color": style.colour(theme), "width": 2, "dash": style.dash},
        "name": name,
        "showlegend": showlegend,
        "legendgroup": style.label,
        "hovertemplate": "%{x:.2f} ms<br>%{y:.3f} µV<extra>" + re.split("[,:]", name)[0] + "</extra>",
    }


def _function(levels: np.ndarray, preview: Preview, line: dict, theme: str, **more) -> go.Scatter:
    name = f"generated, {preview_words(preview)}"
    return go.Scatter(
        x=levels,
        y=np.round(preview.latency_ms, 3),
        mode="lines+markers",
        line={"color": GENERATED.colour(theme)} | line,
        hovertemplate=name + ", %{x:g} dB nHL<br>%{y:.2f} ms<extra></extra>",
        **({"marker": {"size": 4}, "name": name} | more),
    )
