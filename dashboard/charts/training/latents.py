"""What each latent unit says about a recording, over the epochs of a training."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.style import GRID, MUTED, PRIMARY, apply_layout

COLUMNS = 240
"""Epochs are taken together when there are more than this: narrower columns cannot be seen."""
NAMED_UNITS = 40
ROW_PX, LEAST_PX, MOST_PX = 13, 200, 520


def latent_map(
    epochs: np.ndarray, kl: np.ndarray, theme: str, *, since: float | None = None, revision: str = ""
) -> go.Figure:
    """KL of each latent unit (rows) at each epoch (columns); the unit that says most in the end is on top.

    Parameters
    ----------
    epochs
        [E] epochs done.
    kl
        [E, L] in nats, mean over the validation recordings.
    since
        First epoch shown; None: from the start.
    """
    if since is not None:
        kept = epochs >= since
        epochs, kl = epochs[kept], kl[kept]
    order = by_last_value(kl)
    epochs, kl = _in_columns(epochs, kl[:, order])
    units = [f"{unit + 1}" for unit in order]
    rows = np.arange(len(units))
    figure = go.Figure(
        go.Heatmap(
            x=epochs,
            y=rows,
            z=np.round(kl.T, 4),
            zmin=0,
            zmax=max(float(np.nanmax(kl)) if kl.size and np.isfinite(kl).any() else 0.0, 0.01),
            colorscale=[[0, GRID[theme]], [1, PRIMARY["light"] if theme == "light" else "#4CC3E6"]],
            colorbar={
                "title": {"text": "nats", "font": {"color": MUTED[theme], "size": 12}},
                "tickfont": {"color": MUTED[theme]},
                "thickness": 10,
                "outlinewidth": 0,
            },
            customdata=np.tile(np.array(units, dtype=object)[:, None], (1, len(epochs))),
            hovertemplate="unit %{customdata}: %{z:.3f} nats after %{x:.0f} epochs<extra></extra>",
        )
    )
    height = int(np.clip(60 + ROW_PX * len(units), LEAST_PX, MOST_PX))
    apply_layout(figure, theme, height=height, x_title="Epochs done", y_title="Latent unit")
    named = len(units) <= NAMED_UNITS
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        tickvals=rows if named else [],
        ticktext=units if named else [],
        tickfont={"size": 10},
    )
    figure.update_xaxes(showgrid=False, tickformat="d")
    figure.update_layout(uirevision=revision)
    return figure


def by_last_value(kl: np.ndarray) -> np.ndarray:
    """Order of the latent units [L]: by their last known value, the largest first; unknown ones last."""
    if not len(kl):
        return np.arange(kl.shape[1] if kl.ndim == 2 else 0)
    last = np.where(np.isfinite(kl[-1]), kl[-1], -np.inf)
    return np.argsort(-last, kind="stable")


def _in_columns(epochs: np.ndarray, kl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over neighbouring epochs, so that no more than :data:`COLUMNS` are left; each at its last epoch."""
    if len(epochs) <= COLUMNS:
        return epochs, kl
    groups = np.array_split(np.arange(len(epochs)), COLUMNS)
    return np.array([epochs[g[-1]] for g in groups]), np.array([kl[g].mean(0) for g in groups])
