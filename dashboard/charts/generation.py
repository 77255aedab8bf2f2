"""What the figures of generated traces share: a line, the µV axis, how surely a wave is marked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from abr_model.generation.response import Response

SURELY_MARKED = 0.5
"""From this probability on a wave's mark is drawn in full; below, faded: most clinicians would not mark it."""
HARDLY_MARKED = 0.05
"""Below this probability a wave is not drawn at all."""


def half_range(mean: np.ndarray, sd: np.ndarray | float, recordings: np.ndarray) -> float:
    """Half the height of a µV axis that holds ``mean ± 2 SD`` and nearly all of ``recordings``, rounded up to 0.1 µV
    (0.2 from 1 µV on, 0.5 from 2 µV on).

    Rounded coarsely, so that the gain does not jump while a slider moves.
    """
    largest = float(np.max(np.abs(mean) + 2 * np.asarray(sd)))
    if np.size(recordings):
        largest = max(largest, float(np.quantile(np.abs(recordings), 0.98)))
    step = 0.1 if largest < 1 else 0.2 if largest < 2 else 0.5 if largest < 5 else 5.0
    return max(0.3, float(np.ceil(1.08 * largest / step) * step))


def seldom_marked(response: Response) -> list[str]:
    """Waves whose name stands in brackets: drawn, but marked in fewer than half of such recordings."""
    marked = response.waves["marked"]
    return list(response.waves.index[(marked >= HARDLY_MARKED) & (marked < SURELY_MARKED)])


def trace_line(x, y, name: str, line: dict, opacity: float = 1.0, rank: int = 1000, **more) -> go.Scatter:
    """A line of µV over ms, as every figure of traces draws it; ``rank`` orders the legend."""
    more = {"hovertemplate": "%{x:.2f} ms<br>%{y:.3f} µV<extra>%{fullData.name}</extra>"} | more
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, opacity=opacity, legendrank=rank, **more)
