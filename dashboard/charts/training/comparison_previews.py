"""What several runs generate at one condition, panel by panel on one scale, each over its own held-out recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from abr_model.runs.previews import HeldOut, Preview
from abr_model.schema import Kind
from dashboard.charts.generation import half_range
from dashboard.charts.small_multiples import Grid
from dashboard.charts.training.comparison import look_of, short
from dashboard.charts.training.previews import band, mean_line, preview_words
from dashboard.style import MUTED, TRACE_STYLES

COLUMNS = 4
ROW_HEIGHT = 230


@dataclass(frozen=True)
class RunPreview:
    """The newest preview of one run at one condition (``place`` among those of ``held_out``).

    ``shown`` is the place of the run among those that are compared: its colour.
    """

    name: str
    shown: int
    held_out: HeldOut
    preview: Preview
    place: int

    @property
    def difference_uv(self) -> float:
        """Root mean square of generated mean minus held-out mean, µV."""
        return float(self.preview.difference_uv(self.held_out)[self.place])


def previews_side_by_side(previews: Sequence[RunPreview], theme: str) -> go.Figure:
    """A panel for each run: generated mean ± SD over the held-out mean ± SD, on one µV axis.

    Kinds of recordings have the colours that they have everywhere; the run's own colour is the bar before its name.
    """
    columns = min(COLUMNS, max(2, len(previews)))
    rows = -(-len(previews) // columns)
    grid = Grid(rows, columns, gap=0.05, row_gap=0.6)
    half = max(
        half_range(part.mean[p.place], part.sd[p.place], np.empty(0))
        for p in previews
        for part in (p.held_out, p.preview)
    )
    for i, shown in enumerate(previews):
        row, column = divmod(i, columns)
        time_ms = shown.held_out.time_ms
        grid.panel(
            row,
            column,
            x={"range": [float(time_ms[0]), float(time_ms[-1])], "ticksuffix": " ms", "nticks": 5},
            y={"range": [-half, half], "nticks": 5, "ticksuffix": " µV", "showticklabels": column == 0},
            title=_title(shown, theme),
        )
        recorded = TRACE_STYLES[shown.held_out.kind]
        for style, part in ((recorded, shown.held_out), (TRACE_STYLES[Kind.GENERATED], shown.preview)):
            mean, sd = part.mean[shown.place], part.sd[shown.place]
            whose = f"held-out ({recorded.label})" if part is shown.held_out else "generated"
            grid.add(row, column, **band(time_ms, mean, sd, style, theme))
            grid.add(row, column, **mean_line(time_ms, mean, style, f"{whose}: mean ± 1 SD", theme, i == 0))
    for note in grid.notes:
        note["align"] = "left"
    return grid.figure(
        theme,
        height=ROW_HEIGHT * rows + 60,
        margin={"l": 56, "r": 8, "t": 84, "b": 28},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container"},
    )


def _title(shown: RunPreview, theme: str) -> str:
    condition = shown.held_out.conditions[shown.place]
    bar = f"<span style='color:{look_of(shown.shown, theme)[0]}'>▬</span>"
    measured = f"n = {condition.n:,} held-out · means differ by {shown.difference_uv:.2f} µV"
    return (
        f"{bar} <b>{short(shown.name)}</b> · {preview_words(shown.preview)}<br>"
        f"<span style='color:{MUTED[theme]}'>{measured}</span>"
    )
