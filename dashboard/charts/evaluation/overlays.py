"""Distributions of held-out and generated recordings over one another, a panel a quantity; their mean spectra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from abr_model.evaluation.overlay import Overlaid, Overlay
from abr_model.schema import Kind
from dashboard.charts.evaluation.sides import evaluation_layout, side_line, side_steps
from dashboard.charts.small_multiples import Grid
from dashboard.charts.unit_axes import FONT
from dashboard.style import GRID, MUTED

COLUMNS, PANEL_PX = 3, 118


def overlays(found: Sequence[tuple[Overlaid, Overlay | None]], kind: Kind, theme: str) -> go.Figure:
    """A panel a quantity; above it its name and the distances, beside them those of real against real.

    Parameters
    ----------
    found
        Each quantity, and its distributions where there are enough values.
    """
    rows = -(-len(found) // COLUMNS)
    grid = Grid(rows, COLUMNS, gap=0.06, row_gap=0.62)
    first = True
    for place, (quantity, over) in enumerate(found):
        row, column = divmod(place, COLUMNS)
        highest = 1.0 if over is None else float(max(over.real.max(), over.generated.max()))
        x = {"showgrid": False, "nticks": 6, "showline": True, "linecolor": GRID[theme]}
        if over is not None:
            x["range"] = [float(over.edges[0]), float(over.edges[-1])]
        grid.panel(
            row,
            column,
            x=x,
            y={"range": [0, 1.1 * highest], "nticks": 3, "ticksuffix": " %"},
        )
        low = grid.axes["xaxis" if place == 0 else f"xaxis{place + 1}"]["domain"][0]
        top = grid.axes["yaxis" if place == 0 else f"yaxis{place + 1}"]["domain"][1]
        words = f"<b>{quantity.name}</b>, {quantity.unit}"
        words += "" if over is None else f"<br>{distance_words(over, theme)}"
        grid.note(low, top, words, xanchor="left", yanchor="bottom", yshift=4, align="left")  # fmt: skip
        if over is None:
            grid.note(*grid.centre(row, column), "too few values", font={"size": 11, "color": MUTED[theme]})
            continue
        for shares, of, n in ((over.real, kind, over.n_real), (over.generated, Kind.GENERATED, over.n_generated)):
            trace = side_steps(
                over.edges, np.round(shares, 4), of, theme, showlegend=first,
                hovertemplate=f"%{{x:.3g}} {quantity.unit}: %{{y:.1f}} % of {n:,}<extra>%{{fullData.name}}</extra>",
            )  # fmt: skip
            grid.add(row, column, **trace.to_plotly_json())
        first = False
    figure = grid.figure(theme, height=92 + int(PANEL_PX * (rows + 0.62 * (rows - 1))))
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top", "x": 1, "xanchor": "right"})
    figure.update_layout(margin={"t": 84, "l": 42}, font={"family": FONT})
    return figure


def distance_words(over: Overlay, theme: str) -> str:
    """``"W 0.05 ms (0.04) · KS 0.06 (0.05)"``: Wasserstein and Kolmogorov–Smirnov distance."""
    unit = over.quantity.unit

    def number(value: float) -> str:
        return "–" if not np.isfinite(value) else f"{value:.2g}"

    limit = "–" if not np.isfinite(over.limit_ks) else f"{over.limit_ks:.2f}"
    words = f"W {number(over.wasserstein)} {unit} ({number(over.limit_wasserstein)}) · KS {over.ks:.2f} ({limit})"
    return f'<span style="color:{MUTED[theme]};font-size:11px">{words}</span>'


def spectra(
    frequency_hz: np.ndarray, real_db: np.ndarray, generated_db: np.ndarray, kind: Kind, theme: str
) -> go.Figure:
    """Mean power spectra, logarithmic frequency."""
    figure = go.Figure()
    for values, of in ((real_db, kind), (generated_db, Kind.GENERATED)):
        figure.add_trace(
            side_line(
                frequency_hz, np.round(values, 3), of, theme,
                hovertemplate="%{x:.0f} Hz: %{y:.1f} dB<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    evaluation_layout(figure, theme, height=300, x_title="Hz", y_title="Mean power, dB")
    figure.update_xaxes(type="log", tickvals=[100, 200, 500, 1000, 2000, 5000])
    figure.update_layout(margin={"l": 56, "r": 12, "t": 30, "b": 40})
    return figure
