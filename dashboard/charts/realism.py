"""Figures of the Realism page: rows of checks, the average trace, wave V by level. Data in, Plotly figure out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.norms import Norm
from abr_model.realism.check import Check
from abr_model.schema import Kind
from dashboard.charts.norm_band import norm_area
from dashboard.charts.unit_axes import FONT, figure_with_units, time_ticks
from dashboard.style import EAR_COLOURS, GRID, INK, MUTED, PAPER, TRACE_STYLES, apply_layout, faded

FARTHEST = 3.0
"""Half the width of a row's axis, in tolerances; what is farther is drawn at its end as an arrow."""
OPEN_SCALE = {"points": 10.0}
"""One tolerance where a limit is open to one side and nothing was published, by unit."""
ROW_PX, HEAD_PX = 25, 34
NAME_PX, COLUMNS_PX = 306, (74, 150, 230, 374, 442)
"""Width of the names; right ends of the columns after the dots: published, here, unit, allowed, n."""
UNMET = {theme: colour for theme, colour in EAR_COLOURS["right"].items()}


def position(check: Check) -> float:
    """Where ``measured`` lies: 0 at the published number or in the middle of the band, ±1 at the limits."""
    if not check.required:
        return float("nan")
    low, high = check.low, check.high
    both = np.isfinite(low) and np.isfinite(high)
    if not both and not np.isfinite(check.published):
        scale = OPEN_SCALE.get(check.unit, 1.0)
        return (check.measured - low) / scale - 1 if np.isfinite(low) else 1 - (high - check.measured) / scale
    centre = check.published if np.isfinite(check.published) else (low + high) / 2
    off = check.measured - centre
    reach = (high if off > 0 else low) - centre
    if not np.isfinite(reach):
        reach = np.copysign((high - centre) if np.isfinite(high) else (centre - low), off)
    if abs(reach) < 1e-6 * max(abs(centre), 1.0):
        return 0.0 if abs(off) <= 2e-6 * max(abs(centre), 1.0) else float(np.copysign(np.inf, off))
    return float(np.sign(off) * off / reach) if off else 0.0


def number(value: float, unit: str = "") -> str:
    """A number with three significant digits; thousands are whole."""
    if not np.isfinite(value):
        return "–"
    words = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{words.replace('-', '−')}{' ' + unit if unit else ''}"


def check_rows(checks: Sequence[Check], kind: Kind, theme: str) -> go.Figure:
    """Checks one below the other: name, where the cohort lies within what is allowed, and the numbers.

    The band is what is allowed, the line in it the published number (or the middle of the pass band). A filled dot is
    met, a cross is not met, an open dot cannot be told.
    """
    colour = TRACE_STYLES[kind].colour(theme)
    looks = {
        "met": {"symbol": "circle", "color": colour, "size": 10, "line": {"width": 0}},
        "not met": {"symbol": "x", "color": UNMET[theme], "size": 10, "line": {"width": 0}},
        "cannot be told": {"symbol": "circle-open", "color": MUTED[theme], "size": 9, "line": {"width": 1.5}},
    }
    rows = np.arange(len(checks))
    figure = go.Figure()
    for name, look in looks.items():
        of = [i for i in rows if _outcome(checks[i]) == name and np.isfinite(checks[i].measured)]
        at = np.array([position(checks[i]) for i in of])
        beyond = np.abs(at) > FARTHEST
        symbols = np.where(beyond, np.where(at > 0, "triangle-right", "triangle-left"), look["symbol"])
        figure.add_scatter(
            x=np.clip(at, -FARTHEST, FARTHEST),
            y=of,
            mode="markers",
            marker=look | {"symbol": symbols.tolist()},
            name=name,
            text=[_hover(checks[i]) for i in of],
            hovertemplate="%{text}<extra></extra>",
        )
    apply_layout(figure, theme, height=HEAD_PX + ROW_PX * len(checks) + 6)
    figure.update_layout(
        margin={"l": NAME_PX, "r": COLUMNS_PX[-1] + 12, "t": HEAD_PX, "b": 6},
        shapes=[shape for i in rows for shape in _bands(checks[i], i, theme)],
        annotations=[*_head(theme), *(note for i in rows for note in _texts(checks[i], i, theme))],
        showlegend=False,
        font={"family": FONT, "size": 13, "color": INK[theme]},
    )
    figure.update_xaxes(range=[-FARTHEST - 0.25, FARTHEST + 0.25], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(checks) - 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def _outcome(check: Check) -> str:
    return {True: "met", False: "not met"}.get(check.met, "cannot be told")


def _bands(check: Check, row: int, theme: str) -> list[dict]:
    """The allowed band, the line of the published number, and the rule below the row."""
    across = {"type": "line", "xref": "paper", "y0": row + 0.5, "y1": row + 0.5, "layer": "below"}
    across["line"] = {"color": GRID[theme], "width": 1}
    beside = {"xsizemode": "pixel", "x0": 0}
    rules = [
        across | {"x0": 0, "x1": 1},
        across | beside | {"xanchor": 0, "x1": -NAME_PX},
        across | beside | {"xanchor": 1, "x1": COLUMNS_PX[-1]},
    ]
    if not check.required:
        return rules
    # Where one side is open, the published number is the best there can be (a correlation of 1, a difference of 0).
    end = 0.0 if np.isfinite(check.published) else FARTHEST
    left = -1.0 if np.isfinite(check.low) else -end
    right = 1.0 if np.isfinite(check.high) else end
    band = {
        "type": "rect", "x0": left, "x1": right, "y0": row - 0.3, "y1": row + 0.3, "layer": "below",
        "line": {"width": 0}, "fillcolor": faded(MUTED[theme], 0.2),
    }  # fmt: skip
    shapes = [*rules, band]
    if np.isfinite(check.published):
        ink = {"color": INK[theme], "width": 2}
        shapes.append({"type": "line", "x0": 0, "x1": 0, "y0": row - 0.3, "y1": row + 0.3, "line": ink})
    return shapes


def _head(theme: str) -> list[dict]:
    """Titles of the columns."""
    titles = ("published", "here", "", "allowed", "n")
    return [
        _text(title, 1, 1, shift, theme, muted=True, head=True)
        for title, shift in zip(titles, COLUMNS_PX, strict=True)
        if title
    ]


def _texts(check: Check, row: int, theme: str) -> list[dict]:
    published, here, _, allowed, n = COLUMNS_PX
    faint = check.met is None and check.required
    told = (check.untold if faint else check.allowed).replace("-", "−")
    name = _text(check.name, 0, row, -NAME_PX, theme, anchor="left")
    outcome = UNMET[theme] if check.met is False else None
    measured = _text(f"<b>{number(check.measured)}</b>", 1, row, here, theme, muted=faint, colour=outcome)
    return [
        name,
        _text(number(check.published) if np.isfinite(check.published) else "", 1, row, published, theme, muted=True),
        measured,
        _text(check.unit.replace("ms per 10 dB", "ms/10 dB"), 1, row, here + 8, theme, muted=True, anchor="left"),
        _text(told.removesuffix("ms per 10 dB").strip(), 1, row, allowed, theme, muted=True),
        _text(f"{check.n:,}", 1, row, n, theme, muted=True),
    ]


def _text(text, x, y, shift, theme, *, muted=False, head=False, anchor="right", colour=None) -> dict:
    return {
        "text": text,
        "x": x,
        "xref": "paper",
        "xshift": shift,
        "xanchor": anchor,
        "y": 1 if head else y,
        "yref": "paper" if head else "y",
        "yanchor": "bottom" if head else "middle",
        "yshift": 6 if head else 0,
        "showarrow": False,
        "align": anchor,
        "font": {"size": 12 if head else 13, "color": colour or (MUTED if muted else INK)[theme]},
    }


def _hover(check: Check) -> str:
    words = [f"<b>{check.name}</b>", f"here {number(check.measured, check.unit)}"]
    if np.isfinite(check.published):
        words.append(f"published {number(check.published, check.unit)}")
    if check.required:
        words.append(f"allowed {check.allowed}")
    if check.error is not None:
        words.append(f"standard error {number(check.error, check.unit)}")
    words.append(f"n = {check.n:,} {check.of}")
    return "<br>".join([*words, *_wrapped(check.note), *_wrapped(check.source)])


def _wrapped(text: str, width: int = 70) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def trace_overlay(
    time_ms: np.ndarray,
    published: tuple[np.ndarray, np.ndarray],
    here: tuple[np.ndarray, np.ndarray],
    n: tuple[int, int],
    kind: Kind,
    theme: str,
    *,
    height: int = 330,
) -> go.Figure:
    """Mean ± SD of the kept recordings, published and of the cohort, each (mean [T], SD [T]) in µV over ``time_ms``
    [T]; ``n`` recordings of each."""
    style = TRACE_STYLES[kind]
    looks = (
        ("published clinic", INK[theme], "dot", published, n[0]),
        (f"{style.label} cohort", style.colour(theme), "solid", here, n[1]),
    )
    lines = []
    for name, colour, dash, (mean, sd), _ in looks:
        lines.append(
            go.Scatter(
                x=np.concatenate([time_ms, time_ms[::-1]]),
                y=np.round(np.concatenate([mean - sd, (mean + sd)[::-1]]), 4),
                fill="toself",
                mode="lines",
                line={"width": 0.8, "color": colour, "dash": dash},
                fillcolor=faded(colour, 0.10) if colour.startswith("#") else colour,
                name=f"± SD, {name}",
                showlegend=False,
                hoverinfo="skip",
            )
        )
    for name, colour, dash, (mean, _), count in looks:
        lines.append(
            go.Scatter(
                x=time_ms,
                y=np.round(mean, 4),
                mode="lines",
                line={"width": 2.2, "color": colour, "dash": dash},
                name=f"{name} (n = {count:,})",
                hovertemplate="%{x:.2f} ms<br>%{y:.3f} µV<extra>" + name + "</extra>",
            )
        )
    return figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="ms",
        y_unit="µV",
        xaxis={"range": [float(time_ms[0]), float(time_ms[-1])], "tickvals": time_ticks(time_ms)},
        yaxis={"zeroline": True, "zerolinecolor": GRID[theme]},
        margin_top=34,
        legend={"x": 0.02},
    )


def wave_v_by_level(
    functions: dict[str, pd.DataFrame], ages: dict[str, float], norm: Norm, kind: Kind, theme: str, *, height: int = 330
) -> go.Figure:
    """Wave V latency by level, mean ± SD per age group, over a published band at each group's median age.

    Parameters
    ----------
    functions
        Per group ``level``, ``mean``, ``sd``, ``n`` (:func:`abr_model.realism.ears.wave_v_function`).
    ages
        Median age of each group in years.
    """
    colour = TRACE_STYLES[kind].colour(theme)
    symbols, dashes = ("circle", "diamond-open", "square-open"), ("solid", "dash", "dot")
    lines = []
    for name in functions:
        levels = norm.tabulated("V", ages[name])
        mean, sd = norm.band("V", levels, ages[name])
        title = f"{norm.name}, {name}"
        lines.append(norm_area(levels, mean, sd, theme, title, opacity=0.16, showlegend=False))
    for (name, function), symbol, dash in zip(functions.items(), symbols, dashes, strict=False):
        lines.append(
            go.Scatter(
                x=function["level"],
                y=function["mean"].round(3),
                error_y={"type": "data", "array": function["sd"].round(3), "width": 2, "thickness": 1},
                mode="lines+markers",
                line={"color": colour, "width": 1.6, "dash": dash},
                marker={"symbol": symbol, "size": 7, "color": colour, "line": {"width": 1.5, "color": colour}},
                name=name,
                customdata=function["n"],
                hovertemplate="%{x:g} dB nHL<br>%{y:.2f} ms ± %{error_y.array:.2f}<br>%{customdata:,} ears"
                f"<extra>{name}</extra>",
            )
        )
    return figure_with_units(
        lines,
        theme,
        height=height,
        x_unit="dB nHL",
        y_unit="ms",
        xaxis={"range": [-3, 103], "dtick": 20},
        yaxis={"dtick": 1},
        x_unit_below_ticks=True,
        margin_top=34,
        legend={"x": 0.02},
        paper_bgcolor=faded(PAPER[theme], 0.0),
    )
