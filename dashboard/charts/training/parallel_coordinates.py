"""Settings of several runs against what came of them: one axis a setting, one line a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.style import INK, MUTED, PAPER, apply_layout

SCALES = {
    "light": [[0.0, "#B45309"], [0.5, "#8A8F99"], [1.0, "#0B6E8F"]],
    "dark": [[0.0, "#F0A35E"], [0.5, "#8A939E"], [1.0, "#4CC3E6"]],
}
"""From the worse to the better end; orange against blue keep apart for colour-blind eyes."""
MOST_TICKS = 6
MUCH = 20
"""A setting above 0 whose largest value is so many times its smallest is laid out by its logarithm."""


@dataclass(frozen=True)
class Coordinate:
    """One vertical axis: ``values`` [R] one a run, as they stand on the axis, and the ticks that name them."""

    title: str
    values: np.ndarray
    ticks: np.ndarray
    names: tuple[str, ...]


def coordinate(title: str, values: Sequence) -> Coordinate:
    """The axis of one setting or figure.

    Numbers stand where they are (by their logarithm where they span much), anything else stands evenly spaced in the
    order of its words.

    Parameters
    ----------
    values
        [R] one a run: numbers, words, truth values; NaN or None is not there.
    """
    if all(_is_number(v) for v in values):
        numbers = np.array([float(v) for v in values])
        low, high = numbers.min(), numbers.max()
        by_log = low > 0 and high / low >= MUCH
        distinct = np.unique(numbers)
        ticks = distinct if len(distinct) <= MOST_TICKS else _spread(low, high, by_log)
        names = tuple(f"{tick:.3g}" for tick in ticks)
        return Coordinate(title, *(np.log10(a) if by_log else a for a in (numbers, ticks)), names)
    words = [str(v) for v in values]
    order = sorted(set(words), key=_numbers_first)
    places = {word: float(place) for place, word in enumerate(order)}
    return Coordinate(title, np.array([places[w] for w in words]), np.arange(len(order), dtype=float), tuple(order))


def _spread(low: float, high: float, by_log: bool) -> np.ndarray:
    return np.geomspace(low, high, MOST_TICKS) if by_log else np.linspace(low, high, MOST_TICKS)


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _numbers_first(word: str) -> tuple[int, float, str]:
    try:
        return 0, float(word), word
    except ValueError:
        return 1, 0.0, word


def parallel_coordinates(
    settings: Mapping[str, Sequence], figure_title: str, figures: Sequence[float], better: str | None, theme: str
) -> go.Figure:
    """A line a run through its settings to the figure it reached. Drag along an axis to see only the runs in between.

    Parameters
    ----------
    settings
        Words of a setting → [R] its value in each run.
    figure_title, figures
        What the runs are judged by, [R] finite; the last axis, and the colour.
    better
        ``"lower"``, ``"higher"`` or None: which end of the colours is the better one.
    """
    reached = np.asarray(figures, dtype=float)
    axes = [coordinate(title, values) for title, values in settings.items()]
    axes.append(coordinate(figure_title, list(reached)))
    trace = go.Parcoords(
        dimensions=[
            {
                "label": _wrapped(axis.title),
                "values": axis.values,
                "range": _range(axis.values),
                "tickvals": axis.ticks,
                "ticktext": [_cut(name) for name in axis.names],
            }
            for axis in axes
        ],
        line={
            "color": reached,
            "colorscale": SCALES[theme],
            "reversescale": better == "lower",
            "showscale": False,
        },
        labelfont={"color": INK[theme], "size": 12},
        tickfont={"color": MUTED[theme], "size": 11},
        rangefont={"color": "rgba(0,0,0,0)", "size": 1},
        unselected={"line": {"color": MUTED[theme], "opacity": 0.12}},
        labelside="top",
    )
    chart = apply_layout(go.Figure(trace), theme, height=360)
    return chart.update_layout(margin={"l": 110, "r": 70, "t": 58, "b": 16})


def parallel_css(theme: str) -> str:
    """What Plotly has no option for: the colour of the axes, and a halo in the page's colour around the numbers."""
    halo = ", ".join([f"0 0 3px {PAPER[theme]}"] * 4)
    return f"""<style>
.parcoords .axis .domain, .parcoords .axis .tick line {{stroke: {MUTED[theme]} !important; stroke-opacity: 0.7;}}
.parcoords .axis text, .parcoords .axis-title {{text-shadow: {halo} !important;}}
</style>"""


def _range(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return [low - 1, high + 1]
    return [low, high]


def _wrapped(title: str, width: int = 20) -> str:
    lines, line = [], ""
    for word in title.replace("&", "&amp;").replace("<", "&lt;").split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join([*lines, line])


def _cut(name: str, length: int = 16) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
