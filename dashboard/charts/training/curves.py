"""Curves of a training run: loss, its terms, KL and β, over epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.style import INK, PRIMARY, apply_layout, faded

TERM_LABELS = {
    "loss": "Loss",
    "kl": "KL (nats)",
    "waveform": "Waveform term",
    "latency": "Latency term",
    "amplitude": "Amplitude term",
    "marked": "Which waves are marked",
    "static": "Condition term",
    "rmse_uv": "Error (µV RMS)",
}
"""Titles of what training minimises; a term without an entry is shown by its own name."""

SMOOTHING = 0.9
"""Weight of the past in the smoothed training curve (exponential moving average, bias corrected)."""


def history_table(rows: list[dict], steps_per_epoch: int | None) -> pd.DataFrame:
    """Rows of ``metrics.jsonl`` (without abandoned ones) as a table, with their place on the axis: ``epochs_done``.

    Without ``steps_per_epoch`` the 0-based epoch of the row is used, plus 1 for a row at an epoch's end.
    """
    table = pd.DataFrame(rows)
    if table.empty:
        return pd.DataFrame({"kind": [], "epoch": [], "step": [], "epochs_done": []})
    at_end = table["kind"] == "epoch"
    if steps_per_epoch:
        table["epochs_done"] = np.where(at_end, table["epoch"] + 1.0, table["step"] / steps_per_epoch)
    else:
        table["epochs_done"] = table["epoch"] + at_end.astype(float)
    return table


def terms(table: pd.DataFrame) -> list[str]:
    """What was logged for training, ``loss`` first, then ``kl``, then the others by name."""
    names = [c.removeprefix("train_") for c in table.columns if c.startswith("train_")]
    rank = {"loss": 0, "kl": 1}
    return sorted((n for n in names if table[f"train_{n}"].notna().any()), key=lambda n: (rank.get(n, 2), n))


def smoothed(values: np.ndarray, weight: float = SMOOTHING) -> np.ndarray:
    """Exponential moving average, corrected for its start: the first value is the first of ``values``."""
    out, mean, norm = np.empty(len(values)), 0.0, 0.0
    for i, value in enumerate(values):
        if np.isfinite(value):
            mean, norm = weight * mean + (1 - weight) * value, weight * norm + (1 - weight)
        out[i] = mean / norm if norm else np.nan
    return out


def title_of(term: str) -> str:
    """Axis title of a term."""
    return TERM_LABELS.get(term, term.replace("_", " ").capitalize())


def curve(table: pd.DataFrame, term: str, theme: str, *, height: int = 300, since: float = 0.0) -> go.Figure:
    """Training (faint: each logged step; line: smoothed) and validation (dots, dashed) of one term over epochs.

    Parameters
    ----------
    table
        From :func:`history_table`.
    term
        ``"loss"``, ``"kl"`` or another of :func:`terms`.
    since
        Left end of the time axis in epochs: earlier values, often much larger, would flatten the rest.
    """
    figure = go.Figure()
    colour = PRIMARY[theme]
    x, y = _points(table, f"train_{term}", "step", since)
    if not len(x):
        x, y = _points(table, f"train_{term}", "epoch", since)
    line = {"color": colour, "width": 2}
    if len(x) > 20:
        raw = {"color": faded(colour, 0.28), "width": 1}
        figure.add_trace(_line(x, y, "training, each logged step", raw))
        figure.add_trace(_line(x, np.round(smoothed(y), 5), "training, smoothed", line))
    else:
        figure.add_trace(_line(x, y, "training", line, mode="lines+markers" if len(x) < 3 else "lines"))
    x, y = _points(table, f"validation_{term}", "epoch", since)
    if len(x):
        dashed = {"color": INK[theme], "width": 1.4, "dash": "4px,2px"}
        figure.add_trace(_line(x, y, "validation, each epoch", dashed, mode="lines+markers"))
    apply_layout(figure, theme, height=height, x_title="Epochs done", y_title=title_of(term))
    figure.update_xaxes(rangemode="tozero" if since <= 0 else "normal")
    figure.update_layout(showlegend=True)  # also when there is one line only: it must not move when the second comes
    return figure


def beta_curve(table: pd.DataFrame, theme: str, *, height: int = 240, since: float = 0.0) -> go.Figure:
    """β, the weight of the KL, over epochs."""
    x, y = _points(table, "beta", None, since)
    figure = go.Figure(_line(x, y, "β", {"color": PRIMARY[theme], "width": 2, "shape": "hv"}))
    apply_layout(figure, theme, height=height, x_title="Epochs done", y_title="β")
    figure.update_yaxes(exponentformat="power", rangemode="tozero")
    figure.update_layout(showlegend=False)
    return figure


def _points(table: pd.DataFrame, column: str, kind: str | None, since: float) -> tuple[np.ndarray, np.ndarray]:
    if column not in table.columns:
        return np.empty(0), np.empty(0)
    chosen = table[column].notna() & (table["epochs_done"] >= since)
    if kind is not None:
        chosen &= table["kind"] == kind
    part = table.loc[chosen]
    return np.round(part["epochs_done"].to_numpy(float), 4), part[column].to_numpy(float)


def _line(x, y, name: str, line: dict, mode: str = "lines") -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode=mode, name=name, line=line, marker={"size": 5}, hovertemplate="%{x:.2f} epochs<br>%{y:.5g}"
    )
