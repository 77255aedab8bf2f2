"""What gives generated recordings away: the most telling features, where they lie on the trace, how they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.evaluation.likeness.feature_pictures import BAND
from abr_model.evaluation.likeness.feature_words import feature_title, feature_unit
from abr_model.schema import Kind
from dashboard.charts.evaluation.sides import evaluation_layout, shaded, side_band, side_line, side_steps
from dashboard.style import GRID, INK, MUTED, PRIMARY, faded

BAR_PX = 27


def telling_bars(features: pd.DataFrame, chosen: str, theme: str) -> go.Figure:
    """A bar a feature: how much of its AUC the classifier loses without it; the chosen one in full colour.

    Parameters
    ----------
    features
        Rows of the table ``telling_features``, the most telling first.
    """
    lost = np.maximum(features["auc_lost_without"].to_numpy(), 0.0)
    names = [feature_title(f, w) for f, w in zip(features["feature"], features["where"].fillna(""), strict=True)]
    rows = np.arange(len(features))
    colours = [PRIMARY[theme] if f == chosen else faded(PRIMARY[theme], 0.4) for f in features["feature"]]
    figure = go.Figure(
        go.Bar(
            x=lost, y=rows, orientation="h", marker={"color": colours}, customdata=list(features["feature"]),
            text=[f"{v:.3f}" for v in lost], textposition="outside", cliponaxis=False,
            hovertext=names, hovertemplate="%{hovertext}<br>AUC lost without it: %{x:.4f}<extra></extra>",
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    evaluation_layout(figure, theme, height=46 + BAR_PX * len(features), x_title="AUC that is lost without it")
    figure.update_layout(margin={"l": 240, "r": 44, "t": 4, "b": 36}, clickmode="event+select", bargap=0.35)
    figure.update_yaxes(
        tickvals=rows, ticktext=names, range=[len(features) - 0.5, -0.5], showgrid=False, automargin=False,
        tickfont={"color": INK[theme], "size": 12}, fixedrange=True,
    )  # fmt: skip
    figure.update_xaxes(rangemode="tozero", nticks=5, fixedrange=True, automargin=False)
    return figure


def feature_on_trace(by_time: pd.DataFrame, spans: list[tuple[float, float]], kind: Kind, theme: str) -> go.Figure:
    """Mean ± SD of held-out and generated traces, and below it their difference in nV; ``spans`` are shaded.

    Parameters
    ----------
    by_time
        The table ``by_time`` of the section ``distributions``.
    """
    time = by_time["time_ms"].to_numpy()
    figure = go.Figure()
    for side, of in (("real", kind), ("generated", Kind.GENERATED)):
        mean, sd = by_time[f"{side}_mean_uv"].to_numpy(), by_time[f"{side}_sd_uv"].to_numpy()
        figure.add_trace(side_band(time, mean - sd, mean + sd, of, theme))
        figure.add_trace(
            side_line(time, mean, of, theme, hovertemplate="%{x:.1f} ms: %{y:.3f} µV<extra>%{fullData.name}</extra>")
        )
    difference = 1000 * (by_time["generated_mean_uv"] - by_time["real_mean_uv"]).to_numpy()
    figure.add_trace(
        go.Scatter(
            x=time, y=difference, yaxis="y2", mode="lines", name="mean generated − held-out",
            line={"color": INK[theme], "width": 1.6},
            hovertemplate="%{x:.1f} ms: %{y:.1f} nV<extra>difference of the means</extra>",
        )
    )  # fmt: skip
    evaluation_layout(figure, theme, height=380)
    largest = float(np.abs(difference).max()) or 1.0
    axis = {"gridcolor": GRID[theme], "zeroline": False, "tickfont": {"color": MUTED[theme]}, "automargin": False}
    title = {"font": {"color": MUTED[theme], "size": 12}, "standoff": 4}
    figure.update_layout(
        margin={"l": 58, "r": 12, "t": 30, "b": 42},
        xaxis=axis | {"title": title | {"text": "ms"}, "anchor": "y2"},
        yaxis=axis | {"domain": [0.36, 1], "title": title | {"text": "µV, mean ± SD"}},
        yaxis2=axis
        | {"domain": [0, 0.26], "title": title | {"text": "nV"}, "range": [-1.2 * largest, 1.2 * largest]}
        | {"zeroline": True, "zerolinecolor": GRID[theme]},
        shapes=shaded(spans, theme),
    )
    return figure


def feature_in_spectrum(by_frequency: pd.DataFrame, feature: str, kind: Kind, theme: str) -> go.Figure:
    """Mean power spectra of held-out and generated traces; the band of ``feature`` is shaded."""
    band = BAND.fullmatch(feature)
    shown = by_frequency[by_frequency["frequency_hz"] > 0]
    figure = go.Figure()
    for side, of in (("real", kind), ("generated", Kind.GENERATED)):
        figure.add_trace(
            side_line(
                shown["frequency_hz"], shown[f"{side}_power_db"], of, theme,
                hovertemplate="%{x:.0f} Hz: %{y:.1f} dB<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    evaluation_layout(figure, theme, height=380, x_title="Hz", y_title="Mean power, dB")
    spans = [] if band is None else [(max(float(band[1]), 20.0), float(band[2]))]
    figure.update_xaxes(type="log", tickvals=[100, 200, 500, 1000, 2000, 5000])
    # Shapes on a logarithmic axis are placed by the values themselves.
    figure.update_layout(margin={"l": 58, "r": 12, "t": 30, "b": 42}, shapes=shaded(spans, theme))
    return figure


def feature_distribution(bins: pd.DataFrame, feature: str, kind: Kind, theme: str) -> go.Figure:
    """How the values of a feature lie in held-out and in generated recordings.

    Parameters
    ----------
    bins
        Rows of the table ``feature_histograms`` of that feature.
    """
    edges = np.append(bins["low"].to_numpy(), bins["high"].to_numpy()[-1])
    figure = go.Figure()
    for side, of in (("real", kind), ("generated", Kind.GENERATED)):
        figure.add_trace(
            side_steps(
                edges, bins[f"{side}_percent"].to_numpy(), of, theme,
                hovertemplate="%{x:.3g}: %{y:.1f} %<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    evaluation_layout(figure, theme, height=240, x_title=feature_unit(feature), y_title="% of recordings")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(margin={"l": 50, "r": 12, "t": 30, "b": 42})
    return figure
