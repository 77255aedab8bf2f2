"""The first recordings of a file as the present settings read them: a wrong unit, rate or polarity is seen at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.cohort import Cohort
from abr_model.schema import INTENSITY, latency_column
from dashboard.charts.cohort import wave_marks
from dashboard.charts.traces import add_scale_bar, joined, level_text, spacing_uv
from dashboard.style import INK, MUTED, PRIMARY, apply_layout, faded

VIEW_MS = 15.0
LOUD_DB = 60.0
"""A mean from here up shows a wave V in most ears."""
SINGLE_TRACES = 5
SMALLEST_SPAN_UV = 0.3
"""The µV axis shows at least this much either way: traces in a unit that is too small are then a flat line."""


@dataclass(frozen=True)
class LoudMean:
    """Mean of the loud recordings.

    ``mean_uv`` [T]; ``n`` recordings; ``levels`` lowest and highest level in it and ``middle_level`` the median, None
    where no level is known;
    ``wave_v_ms`` median of the marked latencies, None without marks; ``peak_to_peak_uv`` in the part that is shown.
    """

    mean_uv: np.ndarray
    n: int
    levels: tuple[float, float] | None
    middle_level: float | None
    wave_v_ms: float | None
    peak_to_peak_uv: float

    @property
    def title(self) -> str:
        """``"Mean of 14 recordings at 80 dB nHL"``."""
        words = f"Mean of {self.n:,} recordings" if self.n > 1 else "One recording"
        if self.levels is None:
            return f"{words}, level not known"
        low, high = map(level_text, self.levels)
        return f"{words} at {low if low == high else f'{low} to {high}'} dB nHL"


def loud_mean(cohort: Cohort, until_ms: float = VIEW_MS) -> LoudMean:
    """Mean of the recordings of 60 dB nHL and more (of the loudest, where all are softer); of all without levels."""
    level = cohort.table[INTENSITY.name].to_numpy(dtype=float)
    rows = np.arange(len(cohort))
    levels = middle = None
    if np.isfinite(level).any():
        rows = np.flatnonzero(level >= min(LOUD_DB, np.nanmax(level)))
        levels = (float(level[rows].min()), float(level[rows].max()))
        middle = float(np.median(level[rows]))
    mean = cohort.waveforms[rows].mean(axis=0, dtype=np.float64)
    marked = cohort.table[latency_column("V")].to_numpy(dtype=float)[rows]
    wave_v = float(np.nanmedian(marked)) if np.isfinite(marked).any() else None
    shown = _shown(cohort.time_ms, until_ms)
    return LoudMean(mean, len(rows), levels, middle, wave_v, float(np.ptp(mean[shown])))


def single_rows(cohort: Cohort, count: int = SINGLE_TRACES) -> np.ndarray:
    """Positions of a few recordings from loud to soft, those with a marked wave V first; soft ones last."""
    level = cohort.table[INTENSITY.name].to_numpy(dtype=float)
    marked = np.isfinite(cohort.table[latency_column("V")].to_numpy(dtype=float))
    candidates = np.flatnonzero(marked) if marked.sum() >= count else np.arange(len(cohort))
    order = candidates[np.argsort(-np.nan_to_num(level[candidates], nan=-np.inf), kind="stable")]
    return order[np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))]


def import_preview(
    cohort: Cohort,
    theme: str,
    *,
    expected_v_ms: tuple[float, float] | None = None,
    height: int = 470,
    until_ms: float = VIEW_MS,
) -> go.Figure:
    """Mean of the loud recordings on an axis in µV; below it a few single ones with their marked wave V.

    Parameters
    ----------
    cohort
        The first recordings of a file, as read with the present settings; at least one.
    expected_v_ms
        Earliest and latest wave V that is usual at the level of the mean; drawn as a band.
    """
    time, mean = cohort.time_ms, loud_mean(cohort, until_ms)
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.46, 0.54])
    apply_layout(figure, theme, height=height)
    shown = _shown(time, until_ms)
    line = {"color": INK[theme], "width": 1.8}
    figure.add_trace(_line(time, mean.mean_uv, line, "mean"), row=1, col=1)
    if mean.wave_v_ms is not None and time[0] <= mean.wave_v_ms <= time[-1]:
        y = float(np.interp(mean.wave_v_ms, time, mean.mean_uv))
        figure.add_trace(_dots([mean.wave_v_ms], [y], INK[theme]), row=1, col=1)
    reach = max(SMALLEST_SPAN_UV, 1.1 * float(np.abs(mean.mean_uv[shown]).max()))
    figure.update_yaxes(
        title_text="µV, vertex positive up", range=[-reach, reach], zeroline=True,
        zerolinecolor=faded(MUTED[theme], 0.4), row=1, col=1,
    )  # fmt: skip
    _stack(figure, cohort, single_rows(cohort), shown, theme)
    if expected_v_ms is not None:
        figure.add_vrect(
            *expected_v_ms, fillcolor=faded(PRIMARY[theme], 0.12), line_width=0, layer="below", row="all", col=1
        )  # fmt: skip
        figure.add_annotation(
            x=sum(expected_v_ms) / 2, y=1, yref="y domain", yanchor="bottom", text="V expected", showarrow=False,
            font={"size": 11, "color": MUTED[theme]},
        )  # fmt: skip
    span = (float(time[shown][0]), float(time[shown][-1]))
    figure.update_xaxes(range=[span[0], span[1] + 0.06 * (span[1] - span[0])])
    figure.update_xaxes(title_text="Time after stimulus (ms)", row=2, col=1)
    figure.update_layout(showlegend=False, margin={"t": 22})
    return figure


def _stack(figure: go.Figure, cohort: Cohort, rows: np.ndarray, shown: np.ndarray, theme: str) -> None:
    part = cohort.take(rows)
    spacing = spacing_uv(part.waveforms[:, shown])
    baselines = -spacing * np.arange(len(part))
    x, y = joined(part.time_ms, part.waveforms, baselines)
    figure.add_trace(_line(x, y, {"color": INK[theme], "width": 1.1}, "single recordings"), row=2, col=1)
    marks = wave_marks(part, baselines)
    marks = marks[marks["wave"] == "V"]
    figure.add_trace(_dots(marks["time_ms"], marks["y"], PRIMARY[theme]), row=2, col=1)
    levels = part.table[INTENSITY.name].to_numpy(dtype=float)
    names = [f"{level_text(level)} dB" if np.isfinite(level) else "level ?" for level in levels]
    bottom = baselines[-1] - 1.1 * spacing
    top = max(1.1 * spacing, 1.05 * float(part.waveforms[0, shown].max()))
    figure.update_yaxes(
        tickvals=baselines, ticktext=names, showgrid=False, range=[bottom, top], row=2, col=1
    )  # fmt: skip
    add_scale_bar(figure, part.time_ms[shown], baselines[-1] - 0.9 * spacing, spacing, theme, row=2, col=1)


def _line(x, y, line: dict, name: str) -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hovertemplate="%{x:.2f} ms<extra></extra>")


def _dots(x, y, colour: str) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="markers", marker={"size": 7, "color": colour}, name="wave V as marked", cliponaxis=False,
        hovertemplate="wave V as marked<br>%{x:.2f} ms<extra></extra>",
    )  # fmt: skip


def _shown(time_ms: np.ndarray, until_ms: float) -> np.ndarray:
    """[T] which samples are in the picture; all where the recording begins later."""
    shown = time_ms <= until_ms
    return shown if shown.sum() > 1 else np.ones(len(time_ms), dtype=bool)


def finding_examples(cohort: Cohort, rows: np.ndarray, theme: str, *, height: int = 150) -> go.Figure:
    """A few recordings that a check is about, one below the other, with their marked waves.

    ``rows`` are their positions; at least one.
    """
    part = cohort.take(rows)
    shown = _shown(part.time_ms, VIEW_MS)
    figure = go.Figure()
    apply_layout(figure, theme, height=height)
    spacing = spacing_uv(part.waveforms[:, shown], 1.0)
    baselines = -spacing * np.arange(len(part))
    x, y = joined(part.time_ms, part.waveforms, baselines)
    figure.add_trace(_line(x, y, {"color": INK[theme], "width": 1.1}, "recordings"))
    marks = wave_marks(part, baselines)
    marks = marks[marks["wave"] == "V"]
    figure.add_trace(_dots(marks["time_ms"], marks["y"], PRIMARY[theme]))
    time = part.time_ms[shown]
    figure.update_xaxes(range=[float(time[0]), float(time[-1] + 0.08 * (time[-1] - time[0]))], ticksuffix=" ms")
    figure.update_yaxes(visible=False, range=[baselines[-1] - 1.5 * spacing, 0.8 * spacing])
    add_scale_bar(figure, time, baselines[-1] - 1.4 * spacing, spacing, theme)
    figure.update_layout(showlegend=False, margin={"t": 4, "b": 4})
    return figure
