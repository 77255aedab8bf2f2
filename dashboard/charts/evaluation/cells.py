"""Cells of level × age × hearing class: a heat map of how far off each is, and the traces of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.evaluation.conditions.cell_grid import CELL_COLUMNS
from abr_model.realism.ears import AGE_WORDS
from abr_model.schema import HEARING_LOSSES, Kind
from dashboard.charts.evaluation.sides import evaluation_layout, side_band, side_line
from dashboard.style import GRID, INK, MUTED, PAPER

ROW_PX = 40
BLUE, ORANGE = {"light": "#0B6E8F", "dark": "#4CC3E6"}, {"light": "#B45309", "dark": "#F0A35E"}
CLASSES = {h.code: h.short_label for h in HEARING_LOSSES}


@dataclass(frozen=True)
class CellFigure:
    """A number of each cell. ``full``: how far from 0 is fully coloured; None: from the smallest to the largest."""

    column: str
    title: str
    unit: str
    digits: int
    full: float | None
    signed: bool = True
    about: str = ""


CELL_FIGURES = (
    CellFigure(
        "wave_v_error_ms", "Wave V latency of the mean response, error", "ms", 2, 0.3,
        about="Generated minus true (simulated recordings) or recorded mean; later is positive.",
    ),
    CellFigure(
        "wave_v_error_uv", "Wave V amplitude of the mean response, error", "µV", 3, 0.1,
        about="Peak to following trough, generated minus true or recorded mean.",
    ),
    CellFigure(
        "latency_V_difference", "Marked wave V latency, difference of the means", "ms", 2, 0.4,
        about="Generated minus held-out, of recordings in which wave V is marked.",
    ),
    CellFigure(
        "amplitude_V_difference", "Marked wave V amplitude, difference of the means", "µV", 3, 0.15,
        about="Generated minus held-out, of recordings in which wave V is marked.",
    ),
    CellFigure("i_v_difference", "Interval I–V, difference of the means", "ms", 2, 0.4, about="Where both are marked."),
    CellFigure(
        "marked_V_difference", "Share with wave V marked, difference", "points", 0, 20.0,
        about="Percentage points, generated minus held-out.",
    ),
    CellFigure(
        "trace_rmse_nv", "Mean trace, root mean square difference", "nV", 0, None, signed=False,
        about="Of the generated and the recorded mean trace; residual noise alone makes some.",
    ),
    CellFigure(
        "latency_V_ks", "Marked wave V latency, Kolmogorov–Smirnov distance", "", 2, None, signed=False,
        about="0: the same distribution; 1: no overlap. Two small samples of one distribution differ, too.",
    ),
    CellFigure("n", "Held-out recordings", "", 0, None, signed=False, about="Cells with fewer than 20 are left out."),
)  # fmt: skip


def cell_name(cell: dict | pd.Series) -> str:
    """``"80 dB nHL, adults, normal"``."""
    return (
        f"{cell['level_db_nhl']:g} dB nHL, {AGE_WORDS.get(cell['age_band'], cell['age_band'])}, "
        f"{CLASSES.get(cell['hearing_loss'], cell['hearing_loss']).lower()}"
    )


def cell_key(cell: dict | pd.Series) -> str:
    """For an address: ``"80-adults-normal"``; groups of patients, nobody's own."""
    return f"{cell['level_db_nhl']:g}-{cell['age_band']}-{cell['hearing_loss']}"


def cell_map(cells: pd.DataFrame, of: CellFigure, chosen: str, theme: str) -> go.Figure:
    """Levels across, a row an age band of a class; each cell with its number, and how many recordings on pointing.

    Parameters
    ----------
    cells
        The table ``cells`` of the section of that name.
    chosen
        Key of the cell that is framed (:func:`cell_key`).
    """
    levels = sorted(cells["level_db_nhl"].unique())
    groups = list(dict.fromkeys(zip(cells["hearing_loss"], cells["age_band"], strict=True)))
    values = np.full((len(groups), len(levels)), np.nan)
    keys = np.full(values.shape, "", dtype=object)
    words = np.full(values.shape, "", dtype=object)
    frame = None
    for cell in cells.to_dict("records"):
        row, column = groups.index((cell["hearing_loss"], cell["age_band"])), levels.index(cell["level_db_nhl"])
        value = cell.get(of.column, np.nan)
        values[row, column] = np.nan if value is None else value
        keys[row, column] = cell_key(cell)
        shown = number(values[row, column], of)
        words[row, column] = f"<b>{cell_name(cell)}</b><br>{shown} {of.unit}<br>n = {cell['n']:,.0f}"
        if keys[row, column] == chosen:
            frame = (row, column)
    known = values[np.isfinite(values)]
    low, high = (-of.full, of.full) if of.full else (0.0, float(known.max()) if len(known) else 1.0)
    there = keys != ""
    # What is there and cannot be told is drawn, too: it can be opened.
    heat = np.where(there & ~np.isfinite(values), 0.0 if of.signed else low, values)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(there, np.clip(heat, low, high), np.nan), x=list(range(len(levels))), y=list(range(len(groups))),
            zmin=low, zmax=high, customdata=keys, text=words, hovertemplate="%{text}<extra></extra>",
            hoverongaps=False, xgap=2, ygap=2, colorscale=_colours(of, theme), showscale=False,
        )
    )  # fmt: skip
    # A heat map takes no clicks in the browser: invisible marks over its cells do.
    rows, columns = np.nonzero(there)
    figure.add_scatter(
        x=columns, y=rows, mode="markers", marker={"size": 30, "opacity": 0, "symbol": "square"},
        customdata=[keys[r, c] for r, c in zip(rows, columns, strict=True)],
        text=[words[r, c] for r, c in zip(rows, columns, strict=True)],
        hovertemplate="%{text}<extra></extra>", showlegend=False,
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
    )  # fmt: skip
    figure.update_layout(
        annotations=[
            {"x": c, "y": r, "text": number(values[r, c], of), "showarrow": False,
             "font": {"size": 12, "color": _ink(values[r, c], low, high, theme)}}
            for r, c in zip(rows, columns, strict=True)
        ]
    )  # fmt: skip
    evaluation_layout(figure, theme, height=52 + ROW_PX * len(groups))
    figure.update_layout(margin={"l": 232, "r": 8, "t": 4, "b": 46}, clickmode="event+select")
    figure.update_xaxes(
        tickvals=list(range(len(levels))), ticktext=[f"{v:g}" for v in levels], showgrid=False, automargin=False,
        title={"text": "dB nHL", "standoff": 4}, fixedrange=True, range=[-0.5, len(levels) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(groups))), showgrid=False, automargin=False, fixedrange=True,
        ticktext=[f"{CLASSES.get(c, c)}, {AGE_WORDS.get(a, a)}" for c, a in groups],
        range=[len(groups) - 0.5, -0.5], tickfont={"color": INK[theme], "size": 12},
    )  # fmt: skip
    if frame is not None:
        row, column = frame
        figure.add_shape(
            type="rect", x0=column - 0.48, x1=column + 0.48, y0=row - 0.46, y1=row + 0.46,
            line={"color": INK[theme], "width": 2.5},
        )  # fmt: skip
    return figure


def number(value: float, of: CellFigure) -> str:
    """A cell's number, with its sign where it is a difference; – where it cannot be told."""
    if not np.isfinite(value):
        return "–"
    value = round(float(value), of.digits) or 0.0  # never −0.00
    words = f"{value:+.{of.digits}f}" if of.signed else f"{value:,.{of.digits}f}"
    return words.replace("-", "−")


def cell_traces(
    real: np.ndarray, generated: np.ndarray, time_ms: np.ndarray, kind: Kind, theme: str, *,
    show: str = "mean", seed: int = 0, wave_v_ms: float = float("nan"),
) -> go.Figure:  # fmt: skip
    """Held-out and generated traces of one cell, one axis for both.

    Parameters
    ----------
    real, generated
        [n, T], [m, T] µV.
    show
        ``"mean"``: both means ± SD over one another. ``"traces"``: single traces beside one another, at most
        :data:`SINGLE` of each, drawn at random by ``seed``.
    wave_v_ms
        Where wave V of the true mean is; NaN: not known.
    """
    figure = go.Figure()
    axis = {"gridcolor": GRID[theme], "zeroline": True, "zerolinecolor": GRID[theme], "automargin": False}
    sides = (("real", real, kind), ("generated", generated, Kind.GENERATED))
    hover = "%{x:.1f} ms: %{y:.3f} µV<extra>%{fullData.name}</extra>"
    evaluation_layout(figure, theme, height=330, x_title="ms", y_title="µV")
    for place, (_, traces, of) in enumerate(sides):
        if show == "mean":
            mean, sd = traces.mean(0), traces.std(0)
            figure.add_trace(side_band(time_ms, mean - sd, mean + sd, of, theme))
            figure.add_trace(side_line(time_ms, mean, of, theme, hovertemplate=hover))
            continue
        rows = np.random.default_rng(seed).permutation(len(traces))[:SINGLE]
        for number_, row in enumerate(np.sort(rows)):
            figure.add_trace(
                side_line(
                    time_ms, traces[row], of, theme, width=0.9, opacity=0.75, showlegend=number_ == 0,
                    xaxis="x2" if place else "x", yaxis="y2" if place else "y", hovertemplate=hover,
                )
            )  # fmt: skip
    if show != "mean":
        largest = max(float(np.quantile(np.abs(traces), 0.999)) for _, traces, _ in sides) * 1.1
        muted = {"tickfont": {"color": MUTED[theme]}}
        figure.update_layout(
            xaxis={"domain": [0, 0.485]},
            xaxis2=axis | muted | {"domain": [0.515, 1], "anchor": "y2", "title": {"text": "ms"}},
            yaxis={"range": [-largest, largest]},
            yaxis2=axis | muted | {"anchor": "x2", "range": [-largest, largest], "showticklabels": False},
        )
    elif np.isfinite(wave_v_ms):
        figure.add_vline(
            x=wave_v_ms, line={"color": MUTED[theme], "width": 1, "dash": "1px,3px"}, annotation_text="V",
            annotation_font={"color": MUTED[theme], "size": 12},
        )  # fmt: skip
    figure.update_layout(margin={"l": 50, "r": 10, "t": 30, "b": 40})
    return figure


SINGLE = 12
"""Single traces of each side that are drawn."""


def _colours(of: CellFigure, theme: str):
    paper = PAPER[theme]
    if not of.signed:
        return [[0, paper], [1, BLUE[theme]]]
    return [[0, BLUE[theme]], [0.5, paper], [1, ORANGE[theme]]]


def _ink(value: float, low: float, high: float, theme: str) -> str:
    """Ink that can be read on the cell's colour."""
    if not np.isfinite(value):
        return MUTED[theme]
    strength = abs(value) / max(abs(low), abs(high)) if max(abs(low), abs(high)) else 0.0
    strong = "#FFFFFF" if theme == "light" else "#12171D"
    return strong if strength > 0.62 else INK[theme]


def rows_of(places: pd.DataFrame, cell: dict | pd.Series) -> np.ndarray:
    """[n] which recordings lie in a cell; ``places`` as :func:`abr_model.evaluation.conditions.cell_grid.cell_columns`
    gives them."""
    inside = np.ones(len(places), dtype=bool)
    for column in CELL_COLUMNS:
        inside &= (places[column] == cell[column]).to_numpy()
    return inside
