"""Building blocks of every stack of traces: baselines, one gain, one line per group, a µV scale bar.

Pure functions: numbers in, arrays or figure parts out.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.style import INK, MUTED

VIEW_MS = 15.0
"""A click ABR is read in the first 15 ms; the rest of a recording is one drag of the axis away."""
SCALE_BARS_UV = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def joined(time_ms: np.ndarray, waveforms: np.ndarray, baselines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Waveforms [N, T] as one line with a gap after each trace, shifted to their ``baselines`` [N], both in µV.

    One line instead of N keeps a page with a hundred traces quick.
    """
    x = np.tile(np.append(time_ms, np.nan), len(waveforms))
    y = np.column_stack([waveforms + np.asarray(baselines)[:, None], np.full(len(waveforms), np.nan)]).ravel()
    return x.astype(np.float32), y.astype(np.float32)  # half the bytes to the browser


def spacing_uv(waveforms: np.ndarray, share: float = 0.8) -> float:
    """Distance in µV between two baselines: ``share`` of a large trace's height, so that neighbours hardly touch."""
    if not waveforms.size:
        return 1.0
    span = np.quantile(np.ptp(waveforms, axis=1), 0.9)
    return float(span) * share if span > 0 else 1.0


def scale_bar_uv(spacing: float) -> float:
    """Length of the scale bar: the largest round number of µV that is not longer than the distance of baselines."""
    return max((bar for bar in SCALE_BARS_UV if bar <= spacing), default=SCALE_BARS_UV[0])


def add_scale_bar(figure: go.Figure, time_ms: np.ndarray, bottom: float, spacing: float, theme: str, **place) -> None:
    """A vertical bar at the right end of the time axis with its length in µV. ``place`` is ``row`` and ``col``."""
    length = scale_bar_uv(spacing)
    x = float(time_ms[-1] + 0.035 * (time_ms[-1] - time_ms[0]))
    figure.add_trace(
        go.Scatter(
            x=[x, x],
            y=[bottom, bottom + length],
            mode="lines",
            line={"color": INK[theme], "width": 2},
            name="scale bar",
            showlegend=False,
            hoverinfo="skip",
        ),
        **place,
    )
    figure.add_annotation(
        x=x,
        y=bottom + length / 2,
        text=f"{length:g} µV",
        showarrow=False,
        xanchor="right",
        xshift=-6,
        font={"size": 11, "color": MUTED[theme]},
        **place,
    )


def show_until(figure, time_ms: np.ndarray, until_ms: float) -> np.ndarray:
    """Set the time axis to end at ``until_ms``, with room for the scale bar; the times that are shown."""
    shown = time_ms[time_ms <= until_ms] if (time_ms <= until_ms).any() else time_ms
    span = shown[-1] - shown[0] if len(shown) > 1 else 1.0
    figure.update_xaxes(range=[float(shown[0]), float(shown[-1] + 0.06 * span)], zeroline=False)
    return shown


def stack_axis(figure, baselines: np.ndarray, labels: list[str], spacing: float, **place) -> None:
    """The y axis of a stack: a label at each baseline instead of numbers, room above the first and below the last."""
    figure.update_yaxes(
        tickvals=baselines,
        ticktext=labels,
        showgrid=False,
        range=[(baselines[-1] if len(baselines) else 0) - 1.15 * spacing, 1.2 * spacing],
        **place,
    )


def level_text(level: float) -> str:
    """A level as an axis tick: ``"80"``; without a decimal where it has none."""
    return f"{level:g}"
