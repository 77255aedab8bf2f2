"""Pictures of a cohort: one ear's level series as a clinician reads it, and the mean trace of each level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.cohort import Cohort
from abr_model.exploration.level_means import LevelMeans
from abr_model.schema import INTENSITY, WAVES, latency_column, response_column
from dashboard.charts.stacked_means import stacked_means
from dashboard.charts.traces import (
    VIEW_MS,
    add_scale_bar,
    joined,
    level_text,
    show_until,
    spacing_uv,
    stack_axis,
)
from dashboard.style import EAR_COLOURS, INK, MUTED, apply_layout

REPETITIONS_ON_A_LINE = 2
EAR_TITLES = {"right": "Right ear", "left": "Left ear"}
CLICK_EVERY_MS = 0.6
"""Distance of the invisible points that a click or a pointer finds on a trace."""
NO_RESPONSE = "NR"
"""What a clinician writes beside a trace without a response."""
NR_WIDTH_MS = 1.5
"""So much of the time axis the two letters cover."""


def mean_by_level(
    means: LevelMeans, theme: str, *, height: int = 520, band: bool = True, until_ms: float = VIEW_MS
) -> go.Figure:
    """Mean trace of each level, loudest on top, one gain, with a band of ± 1 SD between recordings.

    Parameters
    ----------
    means
        From :func:`abr_model.exploration.level_means.level_means`.
    band
        Draw the ± 1 SD band and n; off for a small picture.
    until_ms
        Right end of the time axis.
    """
    labels = [
        f"{level_text(level)}  (n = {count:,})" if band else level_text(level)
        for level, count in zip(means.levels, means.counts, strict=True)
    ]
    names = [f"{level_text(level)} dB nHL" for level in means.levels]
    return stacked_means(
        labels, means.mean, means.sd, means.time_ms, means.kind, theme,
        title=INTENSITY.title, names=names, height=height, band=band, until_ms=until_ms,
    )  # fmt: skip


def ear_series(
    cohort: Cohort,
    theme: str,
    *,
    ears: tuple[str, ...] = ("right", "left"),
    chosen: str | None = None,
    height: int | None = None,
    until_ms: float = VIEW_MS,
) -> go.Figure:
    """The recordings of one patient, stacked by level, loudest on top, one gain for all; one panel per ear.

    Two repetitions of a level lie on one another, further ones get a baseline of their own below. Marked waves carry
    a tick; V is a filled dot, as in the clinic. "NR" stands where wave V was said to be absent. Points that a click
    selects carry the recording's id as ``customdata``.

    Parameters
    ----------
    cohort
        Recordings of one patient. Recordings without a level or an ear are not drawn.
    ears
        Which ears, in this order from left to right: right ear first, as on an audiogram form.
    chosen
        Id of the recording to draw bold.
    """
    table = cohort.table
    drawable = table[INTENSITY.name].notna() & table["ear"].isin(ears)
    part = cohort.take(drawable.to_numpy())
    spacing = spacing_uv(part.waveforms[:, part.time_ms <= until_ms])
    slots = _slots(part.table)
    lines = sorted(set(slots), key=lambda slot: (-slot[0], slot[1]))
    baselines = -spacing * np.arange(len(lines))
    line_of = {slot: i for i, slot in enumerate(lines)}
    shift_of = np.array([baselines[line_of[slot]] for slot in slots])
    figure = make_subplots(
        1, len(ears), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=[EAR_TITLES[e] for e in ears]
    )
    apply_layout(figure, theme, height=height or max(320, 120 + 46 * len(lines)), x_title="Time after stimulus (ms)")
    labels = [level_text(level) for level, _ in lines]
    for col, ear in enumerate(ears, start=1):
        of_ear = (part.table["ear"] == ear).to_numpy(dtype=bool)
        traces = _ear_traces(part.take(of_ear), shift_of[of_ear], ear, theme, chosen, until_ms)
        figure.add_traces(traces, rows=1, cols=col)
        stack_axis(figure, baselines, labels, spacing, row=1, col=col)
    figure.update_yaxes(title_text=INTENSITY.title, row=1, col=1)
    if lines:
        shown = show_until(figure, part.time_ms, until_ms)
        add_scale_bar(figure, shown, baselines[-1] - 0.95 * spacing, spacing, theme, row=1, col=len(ears))
    for note in figure.layout.annotations[: len(ears)]:
        ear = next(e for e in ears if EAR_TITLES[e] == note.text)
        note.update(font={"size": 13, "color": EAR_COLOURS[ear][theme]}, x=note.x, xanchor="center")
    figure.update_layout(margin={"t": 34}, showlegend=False, clickmode="event+select", dragmode="zoom")
    return figure


def _slots(table: pd.DataFrame) -> list[tuple[float, int]]:
    """Level of each recording, and which line of that level it goes on: two repetitions of an ear share a line."""
    repetition = table.groupby(["ear", INTENSITY.name]).cumcount() // REPETITIONS_ON_A_LINE
    return list(zip(table[INTENSITY.name], repetition, strict=True))


def _ear_traces(one: Cohort, shifts, ear: str, theme: str, chosen: str | None, until_ms: float) -> list[go.Scatter]:
    colour = EAR_COLOURS[ear][theme]
    bold = (one.table["recording_id"] == chosen).to_numpy(dtype=bool)
    traces = []
    for rows, width in ((~bold, 1.2), (bold, 2.6)):
        if rows.any():
            x, y = joined(one.time_ms, one.waveforms[rows], shifts[rows])
            line = {"color": colour, "width": width}
            traces.append(go.Scatter(x=x, y=y, mode="lines", line=line, name=EAR_TITLES[ear], hoverinfo="skip"))
    if len(one):
        traces.append(_click_points(one, shifts, until_ms))
        if (absent := _no_response(one, shifts, theme, until_ms)) is not None:
            traces.append(absent)
    return traces + _mark_traces(one, shifts, theme)


def _click_points(one: Cohort, shifts: np.ndarray, until_ms: float) -> go.Scatter:
    """Invisible points on the traces: Plotly lets points be clicked, lines not. Few, each is an element of the page."""
    visible = np.flatnonzero(one.time_ms <= until_ms)
    every = max(1, round(CLICK_EVERY_MS * one.sampling.rate_hz / 1000))
    columns = visible[::every] if len(visible) else np.arange(0, one.samples, every)
    level = one.table[INTENSITY.name].to_numpy(dtype=float)
    return go.Scatter(
        x=np.tile(one.time_ms[columns], len(one)).astype(np.float32),
        y=(one.waveforms[:, columns] + shifts[:, None]).ravel().astype(np.float32),
        mode="markers",
        marker={"size": 9, "opacity": 0, "color": "#888888"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        name="recording",
        customdata=np.repeat(one.table["recording_id"].to_numpy(dtype=object), len(columns)),
        text=np.repeat([f"{level_text(v)} dB nHL" for v in level], len(columns)),
        hovertemplate="%{text}<br>%{x:.2f} ms<br>click for details<extra></extra>",
    )


def _no_response(one: Cohort, shifts: np.ndarray, theme: str, until_ms: float) -> go.Scatter | None:
    """ "NR" at the end of the lines where wave V was said to be absent, above the traces that lie there."""
    absent = (one.table[response_column("V")] == "absent").to_numpy(dtype=bool)
    if not absent.any():
        return None
    lines = np.unique(shifts[absent])
    end = float(one.time_ms[one.time_ms <= until_ms][-1]) if (one.time_ms <= until_ms).any() else one.time_ms[-1]
    below = (one.time_ms <= end) & (one.time_ms > end - NR_WIDTH_MS)
    heights = [line + one.waveforms[np.ix_(shifts == line, below)].max() for line in lines]
    return go.Scatter(
        x=np.full(len(lines), end),
        y=heights,
        mode="text",
        text=NO_RESPONSE,
        textposition="top left",
        textfont={"size": 11, "color": MUTED[theme]},
        name="no response",
        hoverinfo="skip",
        cliponaxis=False,
    )


def _mark_traces(one: Cohort, shifts: np.ndarray, theme: str) -> list[go.Scatter]:
    marks = wave_marks(one, shifts)
    return [
        go.Scatter(
            x=group["time_ms"],
            y=group["y"],
            mode="markers+text",
            marker={
                "symbol": "circle" if wave == "V" else "line-ns-open",
                "size": 6 if wave == "V" else 8,
                "color": INK[theme],
            },
            unselected={"marker": {"opacity": 1}, "textfont": {"color": MUTED[theme]}},
            text=_once_a_line(wave, group, shifts),
            textposition="top center",
            textfont={"size": 10, "color": MUTED[theme]},
            name=f"wave {wave}",
            customdata=one.table["recording_id"].to_numpy(dtype=object)[group["row"]],
            hovertemplate=f"wave {wave}<br>%{{x:.2f}} ms<extra></extra>",
            cliponaxis=False,
        )
        for wave, group in marks.groupby("wave", sort=False)
    ]


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
