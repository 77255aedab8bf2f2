"""The area of a norm behind a latency–intensity function."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.style import MUTED, faded

BAND_SD = 2.0


def norm_area(
    levels: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    theme: str,
    name: str,
    *,
    opacity: float,
    showlegend: bool | None = None,
) -> go.Scatter:
    """Mean ± 2 SD [L] in ms of a published latency, over ``levels`` [L] in dB nHL."""
    low, high = mean - BAND_SD * sd, mean + BAND_SD * sd
    return go.Scatter(
        x=np.concatenate([levels, levels[::-1]]),
        y=np.round(np.concatenate([low, high[::-1]]), 3),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=faded(MUTED[theme], opacity),
        name=name,
        showlegend=showlegend,
        hoverinfo="skip",
    )
