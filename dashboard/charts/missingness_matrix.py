"""All recordings at a glance: what is missing, in rows of a few hundred recordings."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.missingness import MissingMatrix
from abr_model.schema import COLUMNS_BY_NAME
from dashboard.style import GRID, INK, MUTED, PRIMARY, apply_layout

MATRIX_TICKS = 8


def matrix_map(matrix: MissingMatrix, theme: str, *, sort_title: str = "", names: dict | None = None) -> go.Figure:
    """All recordings at a glance: a row is a bin of recordings, a column one of the table, dark is missing.

    Parameters
    ----------
    matrix
        From :func:`abr_model.missingness.missing_matrix`.
    sort_title
        What the rows are sorted by, with its unit; lowest at the bottom.
    names
        What classes of the sorting column are called.
    """
    labels = [COLUMNS_BY_NAME[name].label if name in COLUMNS_BY_NAME else name for name in matrix.columns]
    ends = [_span(first, last, names or {}) for first, last in zip(matrix.first, matrix.last, strict=True)]
    edges = np.concatenate([[0], np.cumsum(matrix.recordings)])
    middle = (edges[:-1] + edges[1:]) / 2
    hover = [f"{span}<br>{n:,} recordings" for span, n in zip(ends, matrix.recordings, strict=True)]
    figure = make_subplots(1, 2, shared_yaxes=True, column_widths=[0.88, 0.12], horizontal_spacing=0.025)
    figure.add_trace(
        go.Heatmap(
            z=matrix.share,
            x=np.arange(len(labels)),
            y=edges,
            colorscale=[[0, GRID[theme]], [1, PRIMARY["light"] if theme == "light" else PRIMARY["dark"]]],
            zmin=0,
            zmax=1,
            xgap=3,
            colorbar={
                "title": {"text": "missing", "font": {"color": MUTED[theme], "size": 12}},
                "tickformat": ".0%",
                "tickfont": {"color": MUTED[theme]},
                "thickness": 10,
                "outlinewidth": 0,
                "len": 0.5,
            },
            customdata=np.dstack([np.tile(np.array(hover, dtype=object)[:, None], (1, len(labels)))]),
            hovertemplate="%{customdata[0]}<br>missing in %{z:.1%}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=matrix.complete,
            y=middle,
            mode="lines",
            line={"color": INK[theme], "width": 1.2},
            customdata=hover,
            hovertemplate="%{customdata}<br>nothing missing in %{x:.1%}<extra></extra>",
            name="nothing missing",
        ),
        row=1,
        col=2,
    )
    apply_layout(figure, theme, height=520)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(title_text=sort_title or "Recordings, in the order of the file", row=1, col=1)
    figure.update_xaxes(
        tickvals=np.arange(len(labels)),
        ticktext=[_two_lines(label) for label in labels],
        side="top",
        showgrid=False,
        tickfont={"color": INK[theme]},
        row=1,
        col=1,
    )
    most = max(0.05, 1.1 * float(matrix.complete.max(initial=0)))
    figure.update_xaxes(
        range=[0, most], side="top", tickformat=".0%", nticks=3, title_text="nothing missing", title_standoff=4,
        row=1, col=2,
    )  # fmt: skip
    vals, texts = _ticks(matrix, middle, edges, names or {})
    figure.update_yaxes(tickvals=vals, ticktext=texts, showgrid=False, range=[0, float(edges[-1])])
    return figure


def _ticks(matrix: MissingMatrix, middle, edges, names: dict) -> tuple[list, list]:
    """Labels of some bins: each class in its middle, else some values spread over the height."""
    if all(value is None for value in matrix.first):  # not sorted: count the recordings
        whole = int(edges[-1]) if len(edges) else 0
        vals = np.linspace(0, whole, 6)[1:].round().astype(int).tolist()
        return vals, [f"{v:,}" for v in vals]
    texts, vals = [], []
    if any(isinstance(value, str) for value in matrix.first):
        middle_of: dict = {}
        for place, value in zip(middle, matrix.first, strict=True):
            middle_of.setdefault(value, []).append(place)
        return [float(np.mean(v)) for v in middle_of.values()], [_value(k, names) for k in middle_of]
    step = max(1, round(len(middle) / MATRIX_TICKS))
    known = [i for i, value in enumerate(matrix.first) if value is not None]
    for i in known[step // 2 :: step]:
        if not texts or texts[-1] != _value(matrix.first[i], names):
            vals.append(float(middle[i]))
            texts.append(_value(matrix.first[i], names))
    unknown = [middle[i] for i, value in enumerate(matrix.first) if value is None]
    if unknown:
        vals.append(float(np.mean(unknown)))
        texts.append("not known")
    return vals, texts


def _span(first, last, names: dict) -> str:
    if first is None:
        return "not known" if last is None else ""
    if first == last:
        return _value(first, names)
    return f"{_value(first, names)} to {_value(last, names)}"


def _value(value, names: dict) -> str:
    if value is None:
        return "not known"
    return names.get(value, value) if isinstance(value, str) else f"{value:.3g}"


def _two_lines(label: str) -> str:
    words = label.split()
    return label if len(words) < 2 else f"{' '.join(words[:-1])}<br>{words[-1]}"
