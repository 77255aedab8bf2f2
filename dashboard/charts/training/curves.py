"""A chart of a training run: one or more values over epochs, steps or minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.training.smoothing import smoothed
from dashboard.style import INK, MUTED, PRIMARY, faded, house_layout

AXIS_TITLES = {"epochs": "Epochs done", "steps": "Steps", "minutes": "Minutes of training"}
"""Titles of what a training's curves are drawn over."""
AXIS_UNITS = {"epochs": "epochs", "steps": "steps", "minutes": "min"}

WAVE_STYLES = {
    "I": ({"light": "#0072B2", "dark": "#56B4E9"}, "2px,2px"),
    "III": ({"light": "#B85000", "dark": "#F0A35E"}, "7px,3px"),
    "V": ({"light": "#1B2733", "dark": "#E6EBF0"}, "solid"),
}
"""Colours (blue, orange, ink: kept apart by colour-blind eyes) and dash of each wave's line."""

FEW = 20
"""A curve with no more points than this is drawn as it is, without a smoothed line."""
DOTS = 60
"""With more values of epochs than this, their dots would touch and are left out."""


@dataclass(frozen=True)
class Curve:
    """One line of a chart. ``style`` is ``"raw"``, ``"training"``, ``"validation"`` or ``"wave I"`` … ``"wave V"``."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: str = "training"
    steps: bool = False


@dataclass(frozen=True)
class Frame:
    """What all charts of a run share.

    Attributes
    ----------
    axis
        ``"epochs"``, ``"steps"`` or ``"minutes"``.
    since
        Left end of the axis; None: from the start. Earlier values, often much larger, would flatten the rest.
    log
        A logarithmic axis of values, where all are above 0.
    best
        Where the best epoch is on the axis, and its number; None before there is one.
    revision
        While this stays the same, the browser keeps what a person has zoomed to.
    """

    theme: str
    axis: str = "epochs"
    since: float | None = None
    log: bool = False
    best: tuple[float, int] | None = None
    revision: str = ""


def training_curves(x: np.ndarray, y: np.ndarray, smoothing: float) -> list[Curve]:
    """The values of the steps: faint as logged, and the line through them. A few values are drawn as they are.

    No more than a twentieth of the curve counts for a point of the line: in a short one more would be all of its past.
    """
    if not len(x):
        return []
    smoothing = min(smoothing, 1 - FEW / len(x))
    if smoothing <= 0:
        return [Curve("training", x, y)]
    return [Curve("training, as logged", x, y, "raw"), Curve("training", x, smoothed(y, smoothing))]


def chart(
    curves: Sequence[Curve],
    frame: Frame,
    *,
    unit: str,
    height: int,
    from_zero: bool = False,
    wide: bool = False,
    legend: str = "",
) -> go.Figure:
    """The curves in the house look. A chart of half the page's width or less has no room for words beside its lines.

    Parameters
    ----------
    curves
        Drawn in this order; those without a value are left out.
    unit
        Of the values, as it is said of a point; the chart's title above it names it.
    from_zero
        Start the axis of values at 0 (a value that cannot be below it).
    wide
        Say which epoch was the best, not only where it is.
    legend
        What the lines are of, before their names.
    """
    theme = frame.theme
    drawn = [_within(curve, frame.since) for curve in curves]
    drawn = [curve for curve in drawn if len(curve.x)]
    log = frame.log and all((c.y[np.isfinite(c.y)] > 0).all() for c in drawn)
    house = house_layout(theme, height)
    x_title = house["xaxis"]["title"] | {"text": AXIS_TITLES[frame.axis], "standoff": 4}
    own = {
        "showlegend": bool(drawn and drawn[0].name),
        "uirevision": frame.revision,
        "margin": house["margin"] | {"t": 26, "b": 40, "l": 44},
        "legend": house["legend"] | {"y": 1, "font": {"size": 12}, "title": {"text": legend, "font": {"size": 12}}},
        "xaxis": house["xaxis"]
        | {"title": x_title, "automargin": False, "visible": bool(drawn), "rangemode": "tozero"}
        | ({"rangemode": "normal"} if frame.since else {}),
        "yaxis": house["yaxis"] | {"automargin": False, "visible": bool(drawn)} | _scale(drawn, log, from_zero),
        "shapes": [],
        "annotations": [],
    }
    if not drawn:
        own["annotations"].append(_words("nothing measured yet", theme, x=0.5, y=0.5))
    elif frame.best is not None and (frame.since is None or frame.best[0] >= frame.since):
        own["shapes"].append(_best_line(frame.best[0], theme))
        if wide:
            own["annotations"].append(_best_words(frame.best, max(c.x[-1] for c in drawn), theme))
    if frame.log and drawn and not log:
        words = "linear: not all values are above 0"
        own["annotations"].append(_words(words, theme, x=0, y=1, xanchor="left", yanchor="top"))
    return go.Figure([_line(curve, theme, unit, frame.axis) for curve in drawn], house | own)


def _scale(curves: Sequence[Curve], log: bool, from_zero: bool) -> dict:
    if log:
        return {"type": "log", "dtick": _decades(curves), "exponentformat": "power"}
    small = all(np.nanmax(np.abs(c.y), initial=0) < 0.01 for c in curves)
    return {"type": "linear", "rangemode": "tozero" if from_zero else "normal"} | (
        {"exponentformat": "power"} if small else {}
    )


def _within(curve: Curve, since: float | None) -> Curve:
    if since is None:
        return curve
    kept = curve.x >= since
    return Curve(curve.name, curve.x[kept], curve.y[kept], curve.style, curve.steps)


def _line(curve: Curve, theme: str, unit: str, axis: str) -> go.Scatter:
    line, mode = _look(curve, theme)
    if curve.steps:
        line["shape"] = "hv"
    ahead = f"{curve.name}<br>" if curve.name else ""
    return go.Scatter(
        x=_rounded(curve.x),
        y=_rounded(curve.y),
        mode=mode,
        name=curve.name,
        line=line,
        showlegend=curve.style != "raw",
        marker={"size": 5},
        hovertemplate=f"{ahead}%{{y:.4g}} {unit} at %{{x:,.4~g}} {AXIS_UNITS[axis]}<extra></extra>",
    )


def _look(curve: Curve, theme: str) -> tuple[dict, str]:
    dots = "lines+markers" if len(curve.x) <= DOTS else "lines"
    if curve.style == "raw":
        return {"color": faded(PRIMARY[theme], 0.28), "width": 1}, "lines"
    if curve.style == "training":
        return {"color": PRIMARY[theme], "width": 2}, "lines+markers" if len(curve.x) < 3 else "lines"
    if curve.style == "validation":
        return {"color": INK[theme], "width": 1.4, "dash": "4px,2px"}, dots
    colours, dash = WAVE_STYLES[curve.style.removeprefix("wave ")]
    return {"color": colours[theme], "width": 1.8, "dash": dash}, dots


def _best_line(x: float, theme: str) -> dict:
    line = {"color": MUTED[theme], "width": 1, "dash": "1px,3px"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _best_words(best: tuple[float, int], end: float, theme: str) -> dict:
    """On the side of the line on which there is more room."""
    x, epoch = best
    right = x > end / 2
    side = {"xanchor": "right", "xshift": -3} if right else {"xanchor": "left", "xshift": 3}
    return _words(f"best: epoch {epoch}", theme, x=x, y=1, yanchor="top") | side | {"xref": "x"}


def _words(text: str, theme: str, **place) -> dict:
    font = {"color": MUTED[theme], "size": 12}
    return {"text": text, "xref": "paper", "yref": "paper", "showarrow": False, "font": font} | place


def _decades(curves: Sequence[Curve]) -> str | int:
    """Ticks of a logarithmic axis: 1, 2, 5 where it spans little, whole decades where it spans much."""
    values = np.concatenate([c.y[np.isfinite(c.y)] for c in curves] or [np.ones(1)])
    return 1 if len(values) and values.max() / values.min() > 1000 else "D2"


def _rounded(values: np.ndarray) -> np.ndarray:
    """Six significant digits: more cannot be seen, and the browser is sent less."""
    values = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 5 - np.floor(np.log10(np.abs(values)))
        factor = 10.0 ** np.where(np.isfinite(digits), np.clip(digits, -300, 300), 0)
        return np.where(np.isfinite(values), np.round(values * factor) / factor, np.nan)
