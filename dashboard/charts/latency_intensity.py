"""Latency–intensity function of a cohort: marked waves by level, beside a published or a person's own band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.norms import Norm
from abr_model.schema import INTENSITY, Kind
from dashboard.charts.norm_band import norm_area
from dashboard.style import INK, MUTED, TRACE_STYLES, apply_layout, faded

SYMBOLS = {
    "I": "triangle-up",
    "III": "square",
    "V": "circle",
    "I-III": "triangle-up",
    "III-V": "square",
    "I-V": "circle",
}
LINE_HEIGHT = 20


def latency_intensity(
    statistics: pd.DataFrame,
    points: pd.DataFrame,
    kind: Kind,
    theme: str,
    *,
    norm: Norm | None = None,
    age_years: float | None = None,
    height: int = 470,
) -> go.Figure:
    """Mean latency by level with ± 1 SD, median and quartiles, and n of each below the axis.

    Parameters
    ----------
    statistics
        From :func:`abr_model.exploration.latency_intensity.latency_by_level`.
    points
        Marked waves that are drawn one by one, ``wave``, ``level_db_nhl``, ``latency_ms``.
    kind
        Of the recordings: sets colour and dash.
    norm, age_years
        Band of mean ± 2 SD behind the waves that the norm knows, at this age (None: adult).
    """
    style = TRACE_STYLES[kind]
    waves = list(dict.fromkeys(statistics["wave"]))
    traces = []
    if norm is not None:
        traces += [t for wave in waves for t in _norm_band(norm, wave, age_years, theme)]
    for wave in waves:
        of_wave = statistics[(statistics["wave"] == wave) & (statistics["n"] > 0)]
        few = points[points["wave"] == wave]
        if len(of_wave):
            traces += _function(of_wave, wave, style, theme)
        if len(few):
            traces.append(_single(few, wave, style.colour(theme)))
    levels = np.unique(statistics["level_db_nhl"])
    traces += [_counts(statistics[statistics["wave"] == w], w, row, theme) for row, w in enumerate(waves)]
    figure = go.Figure(traces)
    apply_layout(figure, theme, height=height, y_title=_title(waves))
    strip = LINE_HEIGHT * len(waves) / (height - 60)
    step = _tick_step(levels)
    figure.update_layout(
        showlegend=False,
        yaxis={"domain": [strip + 0.13, 1]},
        yaxis2={
            "domain": [0, strip],
            "range": [len(waves) - 0.5, -0.5],
            "tickvals": list(range(len(waves))),
            "ticktext": [f"n of {_shown(w)} " for w in waves],
            "tickfont": {"color": MUTED[theme]},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        },
        xaxis={
            "range": [levels[0] - 3.5, levels[-1] + 6] if len(levels) else None,
            "dtick": step,
            "title": {"text": INTENSITY.title, "standoff": 6},
            "anchor": "y",
        },
    )
    return figure


def _title(waves: list[str]) -> str:
    return "Interval (ms)" if "-" in waves[0] else "Latency (ms)"


def _shown(wave: str) -> str:
    return wave.replace("-", "–")


def _tick_step(levels: np.ndarray) -> int:
    return 10 if len(levels) and np.ptp(levels) > 30 else 5


def _function(of_wave: pd.DataFrame, wave: str, style, theme: str) -> list[go.Scatter]:
    """Quartile bars and medians, then means with ± 1 SD joined by a line; the wave's name at the right end."""
    colour, level = style.colour(theme), of_wave["level_db_nhl"].to_numpy()
    bars_x = np.repeat(level, 3)
    bars_y = np.column_stack([of_wave["p25_ms"], of_wave["p75_ms"], np.full(len(level), np.nan)]).ravel()
    boxes = go.Scatter(
        x=bars_x,
        y=np.round(bars_y, 3),
        mode="lines",
        line={"color": faded(colour, 0.35), "width": 7},
        name=f"quartiles {_shown(wave)}",
        hoverinfo="skip",
    )
    medians = go.Scatter(
        x=level,
        y=of_wave["median_ms"].round(3),
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 11, "color": INK[theme], "line": {"width": 1.5}},
        name=f"median {_shown(wave)}",
        hoverinfo="skip",
    )
    words = [
        f"wave {_shown(wave)} at {r.level_db_nhl:g} dB nHL<br>mean {r.mean_ms:.2f} ms, SD {r.sd_ms:.2f}<br>"
        f"median {r.median_ms:.2f}, quartiles {r.p25_ms:.2f} to {r.p75_ms:.2f}<br>n = {r.n:,}".replace("SD nan", "SD –")
        for r in of_wave.itertuples()
    ]
    means = go.Scatter(
        x=level,
        y=of_wave["mean_ms"].round(3),
        error_y={"array": of_wave["sd_ms"].fillna(0).round(3), "color": colour, "thickness": 1, "width": 3},
        mode="lines+markers+text",
        line={"color": colour, "width": 1.6, "dash": style.dash},
        marker={"symbol": SYMBOLS[wave], "size": 7, "color": colour},
        text=[""] * (len(level) - 1) + [f"\u2002{_shown(wave)}"],
        textposition="middle right",
        textfont={"color": INK[theme], "size": 13},
        name=f"{style.label} {_shown(wave)}",
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )
    return [boxes, medians, means]


def _single(few: pd.DataFrame, wave: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=few["level_db_nhl"],
        y=few["latency_ms"].round(3),
        mode="markers",
        marker={"symbol": "cross-thin-open", "size": 6, "color": colour, "line": {"width": 1}},
        name=f"single {_shown(wave)}",
        hovertemplate=f"wave {_shown(wave)}, one recording<br>%{{x:g}} dB nHL, %{{y:.2f}} ms<extra></extra>",
    )


def _norm_band(norm: Norm, wave: str, age_years: float | None, theme: str) -> list[go.Scatter]:
    levels = norm.tabulated(wave, age_years)
    mean, sd = norm.band(wave, levels, age_years)
    known = np.isfinite(mean) & np.isfinite(sd)
    if not known.any():
        return []
    levels, mean, sd = levels[known], mean[known], sd[known]
    area = norm_area(levels, mean, sd, theme, f"norm {_shown(wave)}: mean ± 2 SD", opacity=0.2)
    middle = go.Scatter(
        x=levels,
        y=np.round(mean, 3),
        mode="lines",
        line={"color": MUTED[theme], "width": 1},
        name=f"norm {_shown(wave)}: mean",
        hovertemplate=f"{norm.name}, wave {_shown(wave)}<br>%{{x:g}} dB nHL, %{{y:.2f}} ms<extra></extra>",
    )
    return [area, middle]


def _counts(of_wave: pd.DataFrame, wave: str, row: int, theme: str) -> go.Scatter:
    """A line of numbers below the axis: how many recordings had the wave marked at each level."""
    return go.Scatter(
        x=of_wave["level_db_nhl"],
        y=np.full(len(of_wave), row),
        yaxis="y2",
        mode="text",
        text=[_short(n) if n else "" for n in of_wave["n"]],
        textfont={"size": 11, "color": MUTED[theme]},
        name=f"n {_shown(wave)}",
        customdata=np.column_stack([of_wave["n"], of_wave["recordings"]]),
        hovertemplate=f"wave {_shown(wave)}: %{{customdata[0]:,}} of %{{customdata[1]:,}} recordings<extra></extra>",
        cliponaxis=False,
    )


def _short(n: int) -> str:
    """A count that fits between two levels: ``"2,315"`` → ``"2.3k"``."""
    return f"{n:,}" if n < 1000 else f"{n / 1000:.1f}k" if n < 100_000 else f"{n / 1000:.0f}k"
