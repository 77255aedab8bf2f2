"""Several training runs in one chart: a metric of each laid over one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from abr_model.runs.history import thinned
from dashboard.charts.training.curves import AXIS_TITLES, AXIS_UNITS
from dashboard.charts.training.smoothing import smoothed
from dashboard.style import MUTED, apply_layout, faded

COLOURS = {
    "light": ("#0B6E8F", "#B45309", "#6D3FA0", "#2B7A3D", "#B8265F", "#7A6400", "#1F5FBF", "#5B6470"),
    "dark": ("#4CC3E6", "#F0A35E", "#C3A3EC", "#7CCB8B", "#F58FB8", "#D9C15A", "#7FB0FF", "#B4BEC9"),
}
"""Of the runs in the order in which they are shown; with more runs than colours the dash changes as well."""
DASHES = ("solid", "7px,3px", "2px,2px", "9px,3px,2px,3px")
POINTS = 1000
"""Points of a line at most; each bin keeps its smallest and its largest value, so a peak is never lost."""
ALL_POINTS = 30_000
"""Points of a chart in all: more are no longer fluid in a browser."""
FEWEST_POINTS = 300
FEW_RUNS = 8
"""With more runs the faint lines of what was logged would cover one another, and a legend the chart."""
MANY_DOTS = 60
NAME_LENGTH = 34


@dataclass(frozen=True)
class RunLine:
    """What one run logged of a metric.

    Parameters
    ----------
    name
        Of the run, for a person.
    x, y
        [n] on the axis, and the smoothed values.
    raw_x, raw_y
        [m] what was logged, where it is drawn faintly behind; else empty.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    raw_x: np.ndarray = field(default_factory=lambda: np.empty(0))
    raw_y: np.ndarray = field(default_factory=lambda: np.empty(0))


def points_of_each(runs: int) -> int:
    """How many points a line may have when so many runs are drawn."""
    return int(np.clip(ALL_POINTS // max(1, runs), FEWEST_POINTS, POINTS))


def run_line(name: str, x: np.ndarray, y: np.ndarray, smoothing: float, runs: int) -> RunLine:
    """The line of one run: smoothed over all that was logged first, and only then thinned.

    Parameters
    ----------
    x, y
        [N] as :meth:`abr_model.runs.history.History.series` gives them.
    smoothing
        Weight of the past from 0 to just below 1.
    runs
        How many are drawn together.
    """
    points = points_of_each(runs)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    # A resumed training counts its minutes on from its checkpoint: what is drawn goes to the right only.
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if smoothing <= 0 or len(x) < 3:
        return RunLine(name, *_small(*thinned(x, y, points)))
    line = _small(*thinned(x, smoothed(y, smoothing), points))
    raw = _small(*thinned(x, y, points)) if runs <= FEW_RUNS else (np.empty(0), np.empty(0))
    return RunLine(name, *line, *raw)


def _small(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In 32 bits: seven digits are more than can be seen, and the browser is sent half."""
    return x.astype(np.float32), y.astype(np.float32)


def look_of(place: int, theme: str) -> tuple[str, str]:
    """Colour and dash of the run at ``place`` (from 0) among those that are shown."""
    colours = COLOURS[theme]
    return colours[place % len(colours)], DASHES[place // len(colours) % len(DASHES)]


def overlay(
    lines: Sequence[RunLine],
    theme: str,
    *,
    axis: str,
    y_title: str,
    log: bool = False,
    height: int = 420,
) -> go.Figure:
    """One line a run, each with its colour and dash; what was logged stands faintly behind a smoothed line.

    Parameters
    ----------
    lines
        In the order of the runs; one without a value keeps its colour for when it has some.
    axis
        ``"epochs"``, ``"steps"`` or ``"minutes"``.
    log
        Logarithmic axis of values; linear where not all are above 0, and the axis says so.
    """
    possible = log and all((np.concatenate([line.y, line.raw_y]) > 0).all() for line in lines)
    traces, width = [], 2 if len(lines) <= FEW_RUNS else 1.4
    for place, line in enumerate(lines):
        if not len(line.x):
            continue
        colour, dash = look_of(place, theme)
        name = short(line.name)
        if len(line.raw_x):
            traces.append(_trace(line.raw_x, line.raw_y, name, {"color": faded(colour, 0.22), "width": 1}, False))
        traces.append(_trace(line.x, line.y, name, {"color": colour, "width": width, "dash": dash}, True, axis))
    figure = go.Figure(traces)
    title = f"{y_title}, log axis" if possible else f"{y_title}, linear: not all are above 0" if log else y_title
    apply_layout(figure, theme, height=height, x_title=AXIS_TITLES[axis], y_title=title)
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(type="log" if possible else "linear")
    figure.update_layout(showlegend=len(lines) <= FEW_RUNS)
    if not traces:
        figure.add_annotation(
            text="None of these runs has logged this yet.", showarrow=False, font={"color": MUTED[theme], "size": 13}
        )
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
    return figure


def _trace(x, y, name: str, line: dict, main: bool, axis: str = "epochs") -> dict:
    """A plain dictionary: the checks of ``go.Scatter`` would take longer than all the rest for 50 runs."""
    few = len(x) <= MANY_DOTS
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines+markers" if main and few else "lines",
        "name": name,
        "line": line,
        "marker": {"size": 5},
        "showlegend": main,
        "hoverinfo": "all" if main else "skip",
        "hovertemplate": f"{name}<br>%{{y:.5~g}} at %{{x:,.5~g}} {AXIS_UNITS[axis]}<extra></extra>" if main else None,
    }


def short(name: str) -> str:
    """A label of a run, cut so that a legend stays readable; without what Plotly would take for formatting."""
    name = name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
