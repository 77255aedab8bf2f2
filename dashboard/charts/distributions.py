"""Distributions by hearing-loss class: one column of panels a quantity, one row a class, shares within the class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.exploration.distributions import Binned
from abr_model.exploration.grouping import Groups
from abr_model.schema import Kind
from dashboard.charts.small_multiples import Grid, bin_axis, bin_names, share_axis
from dashboard.style import GRID, MUTED, TRACE_STYLES, faded

PANEL_HEIGHT = 76
LEFT = 0.175


def distributions_by_class(columns: list[Binned], classes: Groups, kind: Kind, theme: str) -> go.Figure:
    """Share of the recordings of each class in each bin; the first row holds all recordings.

    Parameters
    ----------
    columns
        Quantities in bins.
    classes
        Hearing-loss classes that occur, of the same recordings.
    """
    rows = len(classes) + 1
    grid = Grid(rows, len(columns), left=LEFT, gap=0.055, row_gap=0.22)
    colour = TRACE_STYLES[kind].colour(theme)
    sizes = [len(classes.codes), *classes.counts]
    names = ["All recordings", *classes.labels]
    for row, (name, size) in enumerate(zip(names, sizes, strict=True)):
        share = "" if row == 0 else f", {_percent(size / max(sizes[0], 1))}"
        muted = f'<span style="color:{MUTED[theme]};font-size:11px">n = {size:,}{share}</span>'
        grid.row_label(row, f"<b>{name}</b><br>{muted}")
    for col, values in enumerate(columns):
        counts = np.vstack([values.counts(), values.counts_by(classes.codes, len(classes))])
        known = counts.sum(axis=1, keepdims=True)
        shares = counts / np.maximum(known, 1)
        x_axis, y_axis = bin_axis(values), share_axis(float(shares.max(initial=0)), theme)
        for row, name in enumerate(names):
            last = row == rows - 1
            grid.panel(
                row,
                col,
                x=x_axis | {"showticklabels": last, "linecolor": GRID[theme], "showline": True},
                y=y_axis,
                title=f"<b>{values.title}</b>" if row == 0 else "",
            )
            grid.add(
                row,
                col,
                type="bar",
                x=values.centres,
                y=np.round(shares[row], 5),
                width=values.width * 0.94,
                marker={"color": faded(colour, 0.75) if row else MUTED[theme]},
                name=name,
                customdata=[
                    [b, int(n), int(known[row, 0])] for b, n in zip(bin_names(values), counts[row], strict=True)
                ],
                hovertemplate="%{customdata[0]}<br>%{customdata[1]:,} of %{customdata[2]:,} (%{y:.1%})"
                f"<extra>{name}</extra>",
            )
            if not known[row, 0]:
                _say_unknown(grid, row, col, theme)
    return grid.figure(theme, height=70 + int(PANEL_HEIGHT * (rows + 0.22 * (rows - 1))), showlegend=False)


def _say_unknown(grid: Grid, row: int, col: int, theme: str) -> None:
    x, y = grid.centre(row, col)
    grid.note(x, y, "not known", font={"size": 11, "color": MUTED[theme]})


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
