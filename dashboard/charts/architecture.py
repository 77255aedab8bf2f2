"""What flows through a model for one recording: its trace cut into tokens, attention over time, latent code.

Pure functions: numbers in, a figure out.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.diagrams.flow import Flow
from abr_model.network.trace import Attention
from abr_model.schema import Kind
from dashboard.style import INK, MUTED, PAPER, TRACE_STYLES, apply_layout, faded

HEAT = {"light": [[0, "#FFFFFF"], [1, "#0B4F67"]], "dark": [[0, "#12171D"], [1, "#9BE3F7"]]}
"""From nothing to the largest: rising lightness, so it prints in grey, too."""
LARGEST_MAP = 256
"""Channels or tokens of a part that are drawn at most."""


def trace_figure(flow: Flow, kind: Kind, theme: str, tokens: bool = True) -> go.Figure:
    """The recording, the response decoded from it, and where the tokens lie.

    Parameters
    ----------
    kind
        Of the recording: its colour, line and name.
    tokens
        Whether the tokens' edges are drawn.
    """
    figure = go.Figure()
    _add_traces(figure, flow, kind, theme)
    if tokens:
        _add_edges(figure, flow, theme)
    return apply_layout(figure, theme, height=300, x_title="ms", y_title="µV")


def attention_figure(
    flow: Flow, layers: list[Attention], kind: Kind, theme: str, chosen: tuple[int, int] | None = None
) -> go.Figure:
    """The trace, and below it a strip for each head of each layer: how much each token is looked at.

    Parameters
    ----------
    layers
        Self-attention of encoder or decoder, layer by layer; its tokens lie on the trace.
    chosen
        Layer and head (from 1) that is marked.
    """
    rows = [(a.layer, head + 1, a.received[0, head]) for a in layers for head in range(a.weights.shape[1])]
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.52, 0.48], vertical_spacing=0.04)
    _add_traces(figure, flow, kind, theme, row=1, col=1)
    _add_edges(figure, flow, theme, row=1, col=1)
    names = [f"layer {layer}, head {head}" for layer, head, _ in rows]
    received = np.array([values for *_, values in rows])
    middles = (flow.edges_ms[1:] + flow.edges_ms[:-1]) / 2
    figure.add_trace(
        go.Heatmap(
            x=middles, y=names, z=100 * received, colorscale=HEAT[theme], zmin=0,
            zmax=float(100 * received.max()), xgap=1, ygap=2,
            colorbar={"title": {"text": "% of the attention", "side": "right", "font": {"color": MUTED[theme]}},
                      "len": 0.46, "y": 0.22, "thickness": 10, "tickfont": {"color": MUTED[theme]}},
            hovertemplate="%{y}<br>token at %{x:.2f} ms<br>receives %{z:.1f} % of the attention<extra></extra>",
        ),
        row=2, col=1,
    )  # fmt: skip
    apply_layout(figure, theme, height=260 + 22 * len(rows))
    figure.update_yaxes(title_text="µV", row=1, col=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, row=2, col=1)
    figure.update_xaxes(title_text="ms", showgrid=False, row=2, col=1)
    if chosen is not None and (place := f"layer {chosen[0]}, head {chosen[1]}") in names:
        at = names.index(place)
        figure.add_shape(type="rect", x0=flow.edges_ms[0], x1=flow.edges_ms[-1], y0=at - 0.5, y1=at + 0.5,
                         line={"color": INK[theme], "width": 1.5}, row=2, col=1)  # fmt: skip
    return figure


def matrix_figure(flow: Flow, attention: Attention, head: int, theme: str) -> go.Figure:
    """Who looks at whom in one head (from 1): a row takes from the columns, and adds up to 100 %."""
    weights = attention.weights[0, head - 1]
    middles = (flow.edges_ms[1:] + flow.edges_ms[:-1]) / 2
    x = middles if not attention.crosses else np.arange(1, weights.shape[1] + 1)
    words = "from memory %{x}" if attention.crosses else "from the token at %{x:.2f} ms"
    figure = go.Figure(
        go.Heatmap(
            x=x, y=middles, z=100 * weights, colorscale=HEAT[theme], zmin=0, zmax=float(100 * weights.max()),
            colorbar={"title": {"text": "%", "font": {"color": MUTED[theme]}}, "thickness": 10,
                      "tickfont": {"color": MUTED[theme]}},
            hovertemplate=f"the token at %{{y:.2f}} ms takes<br>%{{z:.1f}} % {words}<extra></extra>",
        )
    )  # fmt: skip
    title = "number in the learned memory" if attention.crosses else "looked at: token at … ms"
    apply_layout(figure, theme, height=330, x_title=title, y_title="that looks: token at … ms")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False)
    return figure


def latent_figure(flow: Flow, theme: str) -> go.Figure:
    """z unit by unit: mean ± SD of the posterior, mean of the prior, and below it the KL of each unit in nats."""
    latent = flow.latent
    units = np.arange(1, len(latent.mean) + 1)
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.06)
    bars = {"type": "data", "array": latent.sd, "color": INK[theme], "thickness": 1.2, "width": 3}
    figure.add_trace(
        go.Bar(x=units, y=latent.mean, error_y=bars, marker={"color": faded(colour, 0.55)}, name="posterior mean ± SD",
               hovertemplate="unit %{x}<br>mean %{y:.2f}, SD %{customdata:.2f}<extra></extra>", customdata=latent.sd),
        row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=units, y=latent.prior_mean, mode="markers", name="prior mean at these conditions",
                   marker={"symbol": "line-ew-open", "size": 11, "color": MUTED[theme], "line": {"width": 2}},
                   hovertemplate="unit %{x}<br>prior: mean %{y:.2f}, SD %{customdata:.2f}<extra></extra>",
                   customdata=latent.prior_sd),
        row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        go.Bar(x=units, y=latent.kl, marker={"color": MUTED[theme]}, name="KL", showlegend=False,
               hovertemplate="unit %{x}<br>KL %{y:.2f} nats<extra></extra>"),
        row=2, col=1,
    )  # fmt: skip
    apply_layout(figure, theme, height=340)
    figure.update_yaxes(title_text="z", row=1, col=1)
    figure.update_yaxes(title_text="KL, nats", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title_text="latent unit", row=2, col=1)
    return figure


def output_figure(output: np.ndarray, theme: str) -> go.Figure:
    """What a part puts out: a curve, or a map of tokens (columns) by channels (rows), around 0."""
    values = np.atleast_1d(np.squeeze(output)).astype(float)
    if values.ndim == 1:
        figure = go.Figure(
            go.Scatter(x=np.arange(1, len(values) + 1), y=values, mode="lines" if len(values) > 60 else "lines+markers",
                       line={"color": INK[theme], "width": 1.2}, marker={"size": 4},
                       hovertemplate="number %{x}<br>%{y:.3f}<extra></extra>")
        )  # fmt: skip
        return apply_layout(figure, theme, height=200, x_title="number", y_title="value")
    values = values.reshape(values.shape[0], -1)[:LARGEST_MAP, :LARGEST_MAP]
    largest = float(np.abs(values).max()) or 1.0
    scale = [[0, "#B45309"], [0.5, PAPER[theme]], [1, TRACE_STYLES[Kind.GENERATED].colour(theme)]]
    figure = go.Figure(
        go.Heatmap(z=values, x=np.arange(1, values.shape[1] + 1), y=np.arange(1, values.shape[0] + 1), zmin=-largest,
                   zmax=largest, colorscale=scale,
                   colorbar={"thickness": 10, "tickfont": {"color": MUTED[theme]}},
                   hovertemplate="row %{y}, column %{x}<br>%{z:.3f}<extra></extra>")
    )  # fmt: skip
    apply_layout(figure, theme, height=260, x_title="column", y_title="row")
    return figure.update_yaxes(autorange="reversed", showgrid=False).update_xaxes(showgrid=False)


def _add_traces(figure: go.Figure, flow: Flow, kind: Kind, theme: str, **place) -> None:
    recorded, generated = TRACE_STYLES[kind], TRACE_STYLES[Kind.GENERATED]
    hover = "%{x:.2f} ms<br>%{y:+.3f} µV<extra>%{fullData.name}</extra>"
    figure.add_trace(
        go.Scatter(x=flow.time_ms, y=flow.recording_uv, mode="lines", name=f"recording ({recorded.label})",
                   line={"color": recorded.colour(theme), "width": 1.3, "dash": recorded.dash}, hovertemplate=hover),
        **place,
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=flow.time_ms, y=flow.response_uv, mode="lines", name="decoded from its z (generated)",
                   line={"color": generated.colour(theme), "width": 2, "dash": generated.dash}, hovertemplate=hover),
        **place,
    )  # fmt: skip


def _add_edges(figure: go.Figure, flow: Flow, theme: str, **place) -> None:
    """Thin lines where one token ends and the next begins; short ones where the tokens are many."""
    many = len(flow.edges_ms) > 30
    low, high = (float(f(flow.recording_uv)) for f in (np.min, np.max))
    top = low + 0.06 * (high - low) if many else high
    x = np.column_stack([flow.edges_ms, flow.edges_ms, np.full(len(flow.edges_ms), np.nan)]).ravel()
    y = np.tile([low, top, np.nan], len(flow.edges_ms))
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="lines", name="edges of the tokens", hoverinfo="skip",
                   line={"color": faded(MUTED[theme], 0.6), "width": 1, "dash": "dot"}),
        **place,
    )  # fmt: skip
