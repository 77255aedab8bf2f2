"""Grids of small panels, each with axes of its own: distributions of several quantities side by side.

Laid out by hand: Plotly's own subplots take a tenth of a second for a grid of twenty.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.exploration.distributions import Binned
from dashboard.style import GRID, INK, MUTED, apply_layout

TICKS_THAT_FIT = 7
SHORT_LABEL = 7
"""Names of classes that are longer are turned: they would run into one another."""


class Grid:
    """Panels in ``rows`` × ``columns``; traces are collected with :meth:`add` and drawn by :meth:`figure`.

    ``left`` and ``gap`` are shares of the figure's width: room for the labels of rows, and between columns.
    """

    def __init__(self, rows: int, columns: int, *, left: float = 0.0, gap: float = 0.06, row_gap: float = 0.25):
        self.rows, self.columns = rows, columns
        self.traces: list[dict] = []
        self.axes: dict[str, dict] = {}
        self.notes: list[dict] = []
        width = (1 - left - gap * (columns - 1)) / columns
        self._x = [(left + c * (width + gap), left + c * (width + gap) + width) for c in range(columns)]
        height = 1 / (rows + (rows - 1) * row_gap)
        self._y = [(1 - r * height * (1 + row_gap) - height, 1 - r * height * (1 + row_gap)) for r in range(rows)]

    def panel(self, row: int, column: int, *, x: dict | None = None, y: dict | None = None, title: str = "") -> None:
        """Give a panel its axes; ``x`` and ``y`` are Plotly's options, ``title`` stands above it on the left."""
        number = self._number(row, column)
        low, high = np.clip(self._x[column], 0, 1)
        bottom, top = np.clip(self._y[row], 0, 1)
        self.axes[f"xaxis{number}"] = {"domain": [low, high], "anchor": f"y{number}"} | (x or {})
        self.axes[f"yaxis{number}"] = {"domain": [bottom, top], "anchor": f"x{number}"} | (y or {})
        if title:
            self.note(low, top, title, xanchor="left", yanchor="bottom", yshift=4)

    def row_label(self, row: int, text: str) -> None:
        """Text left of a row of panels."""
        bottom, top = self._y[row]
        self.note(0, (bottom + top) / 2, text, xanchor="left", yanchor="middle", align="left")

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Middle of a panel, as shares of the figure."""
        return sum(self._x[column]) / 2, sum(self._y[row]) / 2

    def note(self, x: float, y: float, text: str, **more) -> None:
        """Text at a place of the figure (0 to 1)."""
        self.notes.append({"x": x, "y": y, "xref": "paper", "yref": "paper", "text": text, "showarrow": False} | more)

    def add(self, row: int, column: int, **trace) -> None:
        """A trace (Plotly's options, with its ``type``) in a panel."""
        number = self._number(row, column)
        self.traces.append({"xaxis": f"x{number}", "yaxis": f"y{number}"} | trace)

    def figure(self, theme: str, *, height: int, **layout) -> go.Figure:
        """All of it in the house look."""
        house = apply_layout(go.Figure(), theme, height=height).to_dict()["layout"]
        house.pop("template", None)
        axis_of = {"x": house.pop("xaxis"), "y": house.pop("yaxis")}
        # Titles would be given to every panel; where one is wanted it is among the panel's own options.
        axes = {
            name: {k: v for k, v in axis_of[name[0]].items() if k != "title"}
            | {"automargin": False}
            | options
            | {"tickfont": {"size": 11, "color": MUTED[theme]} | options.get("tickfont", {})}
            for name, options in self.axes.items()
        }
        notes = [{"font": {"size": 12, "color": INK[theme]}} | note for note in self.notes]
        turned = any(options.get("tickangle") for options in self.axes.values())
        house["margin"] = {"l": 8 if self._x[0][0] else 42, "r": 8, "t": 30, "b": 62 if turned else 30}
        return go.Figure(data=self.traces, layout=house | axes | {"annotations": notes} | layout)

    def _number(self, row: int, column: int) -> str:
        number = row * self.columns + column + 1
        return "" if number == 1 else str(number)


def bin_axis(values: Binned) -> dict:
    """Plotly's options of an axis of bins: names of classes, decades of a log axis, or numbers."""
    if values.labels:
        ticks = values.ticks or tuple(enumerate(values.labels))
        return {
            "tickvals": [place for place, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "tickangle": 30 if not values.ticks and max(map(len, values.labels)) > SHORT_LABEL else 0,
            "tickfont": {"size": 10},
            "range": [-0.6, len(values) - 0.4],
            "showgrid": False,
        }
    if not len(values):
        return {"showgrid": False}
    limits = [values.centres[0] - 0.6 * values.width, values.centres[-1] + 0.6 * values.width]
    if not values.logarithmic:
        return {"range": limits, "showgrid": False, "nticks": TICKS_THAT_FIT}
    decades = np.arange(np.ceil(limits[0]), limits[1])
    return {
        "range": limits,
        "tickvals": decades,
        "ticktext": [f"{10.0**d:g}" for d in decades],
        "showgrid": False,
    }


def bin_names(values: Binned) -> list[str]:
    """What each bin holds, for a pointer and a table: ``"6.2–6.4"``, ``"1–3 months"``."""
    if values.labels:
        return list(values.labels)
    half = values.width / 2
    if values.logarithmic:
        return [f"{10 ** (c - half):.3g}–{10 ** (c + half):.3g}" for c in values.centres]
    digits = max(0, int(np.ceil(-np.log10(values.width)))) if values.width < 1 else 0
    if values.width == 5.0 and np.allclose(values.centres % 5, 0):  # levels
        return [f"{c:g}" for c in values.centres]
    return [f"{c - half:.{digits}f}–{c + half:.{digits}f}" for c in values.centres]


def share_axis(highest: float, theme: str) -> dict:
    """Plotly's options of an axis of shares from 0 to ``highest``."""
    return {"range": [0, 1.12 * highest or 1], "tickformat": ".0%", "nticks": 3, "gridcolor": GRID[theme]}
