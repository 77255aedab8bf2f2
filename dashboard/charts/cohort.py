"""Pictures of a cohort: one ear's level series as a clinician reads it, and the mean trace of each level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.averages import LevelMeans
from abr_model.cohort import Cohort
from abr_model.schema import INTENSITY, WAVES, latency_column
from dashboard.charts.traces import add_scale_bar, joined, level_text, spacing_uv
from dashboard.style import EAR_COLOURS, INK, MUTED, TRACE_STYLES, apply_layout, faded

VIEW_MS = 15.0
"""A click ABR is read in the first 15 ms; the rest of a recording is one drag of the axis away."""
REPETITIONS_ON_A_LINE = 2
EAR_TITLES = {"right": "Right ear", "left": "Left ear"}


def mean_by_level(
    means: LevelMeans, theme: str, *, height: int = 520, band: bool = True, until_ms: float = VIEW_MS
) -> go.Figure:
    """Mean trace of each level, loudest on top, one gain, with a band of ± 1 SD between recordings.

    Parameters
    ----------
    means
        From :func:`abr_model.averages.level_means`.
    band
        Draw the ± 1 SD band; off for a small picture.
    until_ms
        Right end of the time axis. The traces go on behind it: drag the axis to see more.
    """
    style = TRACE_STYLES[means.kind]
    colour = style.colour(theme)
    spacing = spacing_uv(means.mean[:, means.time_ms <= until_ms], 0.6)
    if band and np.isfinite(means.sd).any():
        spacing = max(spacing, 2.1 * float(np.nanquantile(means.sd[:, means.time_ms <= until_ms], 0.75)))
    baselines = -spacing * np.arange(len(means.levels))
    figure = go.Figure()
    if band and len(means.levels):
        x, upper = joined(means.time_ms, means.mean + np.nan_to_num(means.sd), baselines)
        _, lower = joined(means.time_ms, means.mean - np.nan_to_num(means.sd), baselines)
        figure.add_trace(_band(x, lower, upper, colour, len(means.time_ms)))
    x, y = joined(means.time_ms, means.mean, baselines)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": 1.6, "dash": style.dash},
            name=f"{style.label}: mean of the recordings",
            customdata=np.repeat(means.levels, len(means.time_ms) + 1),
            hovertemplate="%{customdata:g} dB nHL<br>%{x:.2f} ms<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=height, x_title="Time after stimulus (ms)", y_title=INTENSITY.title)
    labels = [
        f"{level_text(level)}  (n = {count:,})" if band else level_text(level)
        for level, count in zip(means.levels, means.counts, strict=True)
    ]
    _level_axis(figure, baselines, labels, spacing)
    if len(means.levels):
        highest = means.mean[0] + (np.nan_to_num(means.sd[0]) if band else 0)
        top = float(highest[means.time_ms <= until_ms].max(initial=0)) + 0.1 * spacing
        figure.update_yaxes(range=[figure.layout.yaxis.range[0], min(max(top, spacing), 2.2 * spacing)])
        shown = _show_until(figure, means.time_ms, until_ms)
        add_scale_bar(figure, shown, baselines[-1] - 0.9 * spacing, spacing, theme)
    return figure


def _band(x, lower, upper, colour: str, samples: int) -> go.Scatter:
    """One closed area per level, all in one trace: out along the upper edge, back along the lower."""
    size = samples + 1
    outline_x, outline_y = [], []
    for start in range(0, len(x), size):
        part = slice(start, start + samples)
        outline_x += [*x[part], *x[part][::-1], None]
        outline_y += [*upper[part], *lower[part][::-1], None]
    return go.Scatter(
        x=outline_x,
        y=outline_y,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=faded(colour, 0.13),
        name="± 1 SD between recordings",
        hoverinfo="skip",
    )


def _show_until(figure, time_ms: np.ndarray, until_ms: float) -> np.ndarray:
    """Set the time axis to end at ``until_ms``, with room for the scale bar; the times that are shown."""
    shown = time_ms[time_ms <= until_ms] if (time_ms <= until_ms).any() else time_ms
    span = shown[-1] - shown[0] if len(shown) > 1 else 1.0
    figure.update_xaxes(range=[float(shown[0]), float(shown[-1] + 0.06 * span)], zeroline=False)
    return shown


def _level_axis(figure, baselines, labels, spacing, **place) -> None:
    figure.update_yaxes(
        tickvals=baselines,
        ticktext=labels,
        showgrid=False,
        range=[(baselines[-1] if len(baselines) else 0) - 1.15 * spacing, 1.2 * spacing],
        **place,
    )


def ear_series(
    cohort: Cohort,
    theme: str,
    *,
    ears: tuple[str, ...] = ("right", "left"),
    height: int | None = None,
    until_ms: float = VIEW_MS,
) -> go.Figure:
    """The recordings of one patient, stacked by level, loudest on top, one gain for all; one panel per ear.

    Two repetitions of a level lie on one another, further ones get a baseline of their own below. Marked waves carry
    a tick; V is a filled dot, as in the clinic.

    Parameters
    ----------
    cohort
        Recordings of one patient. Recordings without a level or an ear are not drawn.
    ears
        Which ears, in this order from left to right: right ear first, as on an audiogram form.
    """
    table = cohort.table
    drawable = table[INTENSITY.name].notna() & table["ear"].isin(ears)
    part = cohort.take(drawable.to_numpy())
    spacing = spacing_uv(part.waveforms[:, part.time_ms <= until_ms])
    slots = _slots(part.table)
    lines = sorted(set(slots), key=lambda slot: (-slot[0], slot[1]))
    baselines = -spacing * np.arange(len(lines))
    shift_of = np.array([baselines[lines.index(slot)] for slot in slots])
    figure = make_subplots(
        1, len(ears), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=[EAR_TITLES[e] for e in ears]
    )
    apply_layout(figure, theme, height=height or max(320, 120 + 46 * len(lines)), x_title="Time after stimulus (ms)")
    for col, ear in enumerate(ears, start=1):
        of_ear = (part.table["ear"] == ear).to_numpy(dtype=bool)
        _ear_panel(figure, part.take(of_ear), shift_of[of_ear], ear, theme, col)
        _level_axis(figure, baselines, [level_text(level) for level, _ in lines], spacing, row=1, col=col)
    figure.update_yaxes(title_text=INTENSITY.title, row=1, col=1)
    if lines:
        shown = _show_until(figure, part.time_ms, until_ms)
        add_scale_bar(figure, shown, baselines[-1] - 0.95 * spacing, spacing, theme, row=1, col=len(ears))
    for note in figure.layout.annotations[: len(ears)]:
        ear = next(e for e in ears if EAR_TITLES[e] == note.text)
        note.update(font={"size": 13, "color": EAR_COLOURS[ear][theme]}, x=note.x, xanchor="center")
    figure.update_layout(margin={"t": 34}, showlegend=False)
    return figure


def _slots(table: pd.DataFrame) -> list[tuple[float, int]]:
    """Level of each recording, and which line of that level it goes on: two repetitions of an ear share a line."""
    repetition = table.groupby(["ear", INTENSITY.name]).cumcount() // REPETITIONS_ON_A_LINE
    return list(zip(table[INTENSITY.name], repetition, strict=True))


def _ear_panel(figure, one: Cohort, shifts: np.ndarray, ear: str, theme: str, col: int) -> None:
    colour = EAR_COLOURS[ear][theme]
    x, y = joined(one.time_ms, one.waveforms, shifts)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": 1.2},
            name=EAR_TITLES[ear],
            customdata=np.repeat(one.table[INTENSITY.name].to_numpy(np.float32), one.samples + 1),
            hovertemplate="%{customdata:g} dB nHL<br>%{x:.2f} ms<extra></extra>",
        ),
        row=1,
        col=col,
    )
    marks = wave_marks(one, shifts)
    for wave, group in marks.groupby("wave", sort=False):
        figure.add_trace(
            go.Scatter(
                x=group["time_ms"],
                y=group["y"],
                mode="markers+text",
                marker={
                    "symbol": "circle" if wave == "V" else "line-ns-open",
                    "size": 6 if wave == "V" else 8,
                    "color": INK[theme],
                },
                text=_once_a_line(wave, group, shifts),
                textposition="top center",
                textfont={"size": 10, "color": MUTED[theme]},
                name=f"wave {wave}",
                hovertemplate=f"wave {wave}<br>%{{x:.2f}} ms<extra></extra>",
                cliponaxis=False,
            ),
            row=1,
            col=col,
        )


def wave_marks(cohort: Cohort, shifts: np.ndarray) -> pd.DataFrame:
    """Where the marked waves of ``cohort`` lie: ``wave``, ``time_ms``, ``y`` in µV (trace plus shift), ``row``.

    A wave that is not marked, or lies outside the recording, has no row.
    """
    time, rows = cohort.time_ms, np.arange(len(cohort))
    found = []
    for wave in WAVES:
        latency = cohort.table[latency_column(wave)].to_numpy()
        inside = np.isfinite(latency) & (latency >= time[0]) & (latency <= time[-1])
        for row in rows[inside]:
            y = float(np.interp(latency[row], time, cohort.waveforms[row])) + shifts[row]
            found.append((wave, float(latency[row]), y, row))
    return pd.DataFrame(found, columns=["wave", "time_ms", "y", "row"])


def _once_a_line(wave: str, marks: pd.DataFrame, shifts: np.ndarray) -> list[str]:
    """The wave's name beside the highest mark of each line; the repetition below it stays without text."""
    line = shifts[marks["row"]]
    highest = marks.groupby(line)["y"].transform("idxmax")
    return [wave if index == best else "" for index, best in zip(marks.index, highest, strict=True)]
