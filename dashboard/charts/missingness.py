"""Pictures of what is missing: how often, at which level or class, and which values are missing together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from abr_model.schema import AMPLITUDES, COLUMNS_BY_NAME, LATENCIES, WAVES, Kind
from dashboard.style import INK, MUTED, PAPER, PRIMARY, TRACE_STYLES, apply_layout, faded


def rate_map(rates: pd.DataFrame, theme: str, *, group_title: str, height: int = 400) -> go.Figure:
    """Share missing of each column (rows) in each group (columns): the darker, the more is missing.

    Parameters
    ----------
    rates
        ``group``, ``label``, ``recordings``, ``missing``, ``rate`` of
        :func:`abr_model.missingness.missing_rates`; groups in the order in which they are drawn.
    group_title
        Title of the group axis with its unit.
    """
    groups = list(dict.fromkeys(rates["group"]))
    labels = list(dict.fromkeys(rates["label"]))
    values = rates.pivot(index="label", columns="group", values="rate").loc[labels, groups]
    missing = rates.pivot(index="label", columns="group", values="missing").loc[labels, groups]
    recordings = rates.drop_duplicates("group").set_index("group")["recordings"].loc[groups]
    share = values.to_numpy(float)
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=[f"{group}<br>n = {recordings[group]:,}" for group in groups],
            y=labels,
            colorscale=[[0, PAPER[theme]], [1, PRIMARY["light"]]],  # deep in both themes: light figures stay readable
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            showscale=False,
            text=[[percent(value) for value in row] for row in share],
            texttemplate="%{text}",  # Plotly makes the figure light or dark, whichever can be read on its cell
            textfont={"size": 11},
            customdata=np.dstack([missing.to_numpy(), np.tile(recordings.to_numpy(), (len(labels), 1))]),
            hovertemplate="%{y}<br>%{x}<br>missing in %{customdata[0]:,} of %{customdata[1]:,}<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=height, x_title=group_title)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    figure.update_xaxes(showgrid=False, type="category", side="bottom")
    return figure


def pattern_chart(
    patterns: pd.DataFrame, columns: list[str], theme: str, *, most: int = 10, height: int = 420
) -> go.Figure:
    """The most frequent combinations of missing values: bars with their share, and below, what each one lacks.

    Parameters
    ----------
    patterns
        From :func:`abr_model.missingness.label_patterns`.
    columns
        Columns that are missing anywhere; the others would be empty rows.
    most
        How many combinations are drawn.
    """
    shown = patterns.head(most)
    labels = [COLUMNS_BY_NAME[name].label for name in columns]
    x = np.arange(len(shown))
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.4, 0.6], vertical_spacing=0.03)
    figure.add_trace(
        go.Bar(
            x=x,
            y=shown["share"],
            marker={"color": PRIMARY[theme]},
            text=[percent(share) for share in shown["share"]],
            textposition="outside",
            textfont={"size": 11, "color": INK[theme]},
            cliponaxis=False,
            customdata=shown["recordings"],
            hovertemplate="%{customdata:,} recordings<extra></extra>",
            name="recordings",
        ),
        row=1,
        col=1,
    )
    for lacking, colour, name in ((False, faded(MUTED[theme], 0.4), "known"), (True, INK[theme], "missing")):
        where = np.argwhere(shown[columns].to_numpy() == lacking)
        figure.add_trace(
            go.Scatter(
                x=where[:, 0],
                y=[labels[column] for column in where[:, 1]],
                mode="markers",
                marker={"size": 10, "color": colour, "symbol": "circle" if lacking else "circle-open"},
                name=name,
                hovertemplate="%{y}: " + name + "<extra></extra>",
            ),
            row=2,
            col=1,
        )
    apply_layout(figure, theme, height=height)
    figure.update_layout(showlegend=False, bargap=0.45)
    figure.update_yaxes(showticklabels=False, showgrid=False, row=1, range=[0, 1.25 * _largest(shown["share"])])
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=labels[::-1],
        tickfont={"color": INK[theme]},
        showgrid=False,
        row=2,
    )
    figure.update_xaxes(showticklabels=False, showgrid=False)
    figure.update_xaxes(
        title={
            "text": f"the {len(shown)} most frequent combinations; filled dot: missing",
            "font": {"color": MUTED[theme]},
        },
        row=2,
    )
    return figure


def together_map(correlation: pd.DataFrame, theme: str) -> go.Figure:
    """φ between "is missing" of each pair of columns, lower triangle: each pair once, nothing against itself.

    Parameters
    ----------
    correlation
        From :func:`abr_model.missingness.nullity_correlation`; at least two columns.
    """
    labels = [COLUMNS_BY_NAME[name].label for name in correlation.columns]
    values = correlation.to_numpy(float).copy()
    values[np.triu_indices(len(labels))] = np.nan
    values = values[1:, :-1]
    text = [["" if np.isnan(v) else f"{v:.1f}".replace("-", "−").replace("−0.0", "0.0") for v in row] for row in values]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=labels[:-1],
            y=labels[1:],
            colorscale=[[0, TRACE_STYLES[Kind.SIMULATED].light], [0.5, PAPER[theme]], [1, PRIMARY["light"]]],
            zmin=-1,
            zmax=1,
            xgap=2,
            ygap=2,
            showscale=False,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 11},
            hoverongaps=False,
            hovertemplate="%{y} and %{x}<br>φ = %{z:.2f}<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=110 + 30 * len(labels))
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    figure.update_xaxes(showgrid=False, type="category", tickangle=-30)
    return figure


def together_in_words(correlation: pd.DataFrame) -> list[str]:
    """What φ means, and the pair that goes missing together most and the one that does so least."""
    names = [COLUMNS_BY_NAME[name].in_sentence for name in correlation.columns]
    below = np.tril_indices(len(names), -1)
    pairs = correlation.to_numpy(float)[below]
    sentences = ["1: missing in the same recordings; 0: independent; −1: one is missing where the other is known."]
    for best, words in ((np.nanargmax(pairs), "Most together"), (np.nanargmin(pairs), "Most apart")):
        value = pairs[best]
        if (value > 0.1) if words == "Most together" else (value < -0.1):
            first, second = names[below[1][best]], names[below[0][best]]
            sentences.append(f"{words}: {first} and {second} ({value:.2f}).".replace("(-", "(−"))
    return sentences


def _largest(values: pd.Series) -> float:
    return float(values.max()) if len(values) else 1.0


def percent(share: float) -> str:
    """A share for a cell: whole percent; "< 1 %" for what is rare but there, "–" where nothing can be said."""
    if not np.isfinite(share):
        return "–"
    if share == 0:
        return "0 %"
    if share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{share:.0%}".replace("%", " %")


def in_words(rates: pd.DataFrame) -> list[str]:
    """What the rates of all recordings say, in sentences: marked waves first, then unknown conditions.

    Parameters
    ----------
    rates
        ``column``, ``label``, ``rate`` of :func:`abr_model.missingness.missing_rates` without groups.
    """
    rate = rates.set_index("column")["rate"]
    marked = [
        f"{wave} in {percent(1 - rate[latency.name])}"
        for wave, latency in zip(WAVES, LATENCIES, strict=True)
        if latency.name in rate
    ]
    sentences = [f"The latency of wave {', '.join(marked)} of the recordings is marked."] if marked else []
    without = [
        f"{wave} in {percent(rate[amplitude.name] - rate[latency.name])}"
        for wave, latency, amplitude in zip(WAVES, LATENCIES, AMPLITUDES, strict=True)
        if {latency.name, amplitude.name} <= set(rate.index) and rate[amplitude.name] - rate[latency.name] > 0.005
    ]
    if without:
        sentences.append(f"A latency without an amplitude: wave {', '.join(without)}.")
    labels = {column.name for column in (*LATENCIES, *AMPLITUDES)}
    conditions = rates[~rates["column"].isin(labels)]
    unknown = conditions[conditions["rate"] > 0]
    if len(unknown):
        listed = ", ".join(f"{row.label.lower()} in {percent(row.rate)}" for row in unknown.itertuples())
        sentences.append(f"Not known: {listed}.")
    elif len(conditions):
        sentences.append("All four conditions are known in every recording.")
    sentences.append("Not marked does not mean absent: in threshold testing often only wave V is marked.")
    return sentences
