"""Pictures of how often values are missing: by column and group, and what is known of each wave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from abr_model.missingness import CODES
from dashboard.charts.missingness_words import percent
from dashboard.style import INK, MUTED, PAPER, PRIMARY, TRACE_STYLES, apply_layout, faded

CODE_LABELS = {code.name: code.label for code in CODES}


def code_colours(theme: str) -> dict[str, tuple[str, str]]:
    """Fill and hatching of each code of a wave: told apart without colour too."""
    orange = TRACE_STYLES["simulated"].colour(theme)
    return {
        "marked": (PRIMARY[theme], ""),
        "outside": (faded(PRIMARY[theme], 0.5), "/"),
        "present": (faded(PRIMARY[theme], 0.5), "."),
        "no_response": (orange, "x"),
        "not_marked": (faded(MUTED[theme], 0.28), ""),
    }


def rate_map(rates: pd.DataFrame, theme: str, *, group_title: str, height: int | None = None) -> go.Figure:
    """Share missing of each column (rows) in each group (columns): the darker, the more is missing.

    Parameters
    ----------
    rates
        ``group``, ``label``, ``recordings``, ``missing``, ``rate`` (and, where there, ``low``, ``high``) of
        :func:`abr_model.missingness.missing_rates`; groups in the order in which they are drawn.
    group_title
        Title of the group axis with its unit.
    """
    groups = list(dict.fromkeys(rates["group"]))
    labels = list(dict.fromkeys(rates["label"]))

    def cells(name: str) -> np.ndarray:
        if name not in rates:
            return np.full((len(labels), len(groups)), np.nan)
        return rates.pivot(index="label", columns="group", values=name).loc[labels, groups].to_numpy(float)

    share = cells("rate")
    recordings = rates.drop_duplicates("group").set_index("group")["recordings"].loc[groups]
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
            customdata=np.dstack(
                [
                    cells("missing"),
                    np.tile(recordings.to_numpy(float), (len(labels), 1)),
                    100 * cells("low"),
                    100 * cells("high"),
                ]
            ),
            hovertemplate="%{y}<br>%{x}<br>missing in %{customdata[0]:,} of %{customdata[1]:,}"
            "<br>95 %: %{customdata[2]:.1f} to %{customdata[3]:.1f} %<extra></extra>",
        )
    )
    apply_layout(figure, theme, height=height or 110 + 29 * len(labels), x_title=group_title)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    figure.update_xaxes(showgrid=False, type="category", side="bottom")
    return figure


def _readable_on(code: str, theme: str) -> str:
    """Colour of the figures on a bar: the orange of the dark theme is light."""
    if code == "not_marked":
        return INK[theme]
    return PAPER["dark"] if code == "no_response" and theme == "dark" else "#FFFFFF"


def code_bars(counts: pd.DataFrame, theme: str, *, of: str = "wave", title: str = "") -> go.Figure:
    """What is known of a wave, as bars that add up to all recordings: one bar a wave, or one a group.

    Parameters
    ----------
    counts
        From :func:`abr_model.missingness.code_counts`; bars in the order of the rows.
    of
        Column of ``counts`` that makes the bars: ``"wave"`` or ``"group"`` (of one wave).
    title
        Title of the axis of the groups.
    """
    bars = list(dict.fromkeys(counts[of]))
    names = {bar: f"Wave {bar}" if of == "wave" else str(bar) for bar in bars}
    total = counts.drop_duplicates(of).set_index(of)["of"]
    labels = [names[bar] if of == "wave" else f"{names[bar]}  (n = {total[bar]:,})" for bar in bars]
    figure = go.Figure()
    for code, (colour, hatching) in code_colours(theme).items():
        rows = counts[counts["code"] == code].set_index(of).loc[bars]
        if not rows["recordings"].any():
            continue
        figure.add_trace(
            go.Bar(
                y=labels,
                x=rows["share"],
                orientation="h",
                name=CODE_LABELS[code],
                marker={
                    "color": colour,
                    "line": {"color": PAPER[theme], "width": 1},
                    "pattern": {
                        "shape": hatching,
                        "fgcolor": INK[theme],
                        "fgopacity": 0.3,
                        "size": 6,
                        "fillmode": "overlay",
                        "solidity": 0.2,
                    },
                },
                text=[percent(share) if share >= 0.04 else "" for share in rows["share"]],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"size": 12, "color": _readable_on(code, theme)},
                customdata=rows[["recordings", "of"]].to_numpy(),
                hovertemplate="%{y}: "
                + CODE_LABELS[code]
                + "<br>%{customdata[0]:,} of %{customdata[1]:,} recordings<extra></extra>",
            )
        )
    apply_layout(figure, theme, height=96 + (40 if of == "wave" else 30) * len(bars), x_title="Share of recordings")
    figure.update_layout(barmode="stack", bargap=0.35, legend_traceorder="normal")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(
        autorange="reversed", showgrid=False, title_text=title, tickfont={"color": INK[theme]}, type="category"
    )
    return figure


def rate_bars(rates: pd.DataFrame, theme: str) -> go.Figure:
    """Share missing of each column as a bar, with its 95 % interval and the number of recordings.

    Parameters
    ----------
    rates
        From :func:`abr_model.missingness.missing_rates` without groups.
    """
    rate = rates["rate"].to_numpy(float)
    figure = go.Figure(
        go.Bar(
            x=rate,
            y=rates["label"],
            orientation="h",
            marker={"color": PRIMARY[theme]},
            error_x={
                "array": rates["high"].to_numpy(float) - rate,
                "arrayminus": rate - rates["low"].to_numpy(float),
                "color": MUTED[theme],
                "thickness": 1.4,
                "width": 0,
            },
            customdata=rates[["missing", "recordings", "low", "high"]].to_numpy(),
            hovertemplate="%{y}: missing in %{customdata[0]:,} of %{customdata[1]:,}"
            "<br>95 %: %{customdata[2]:.1%} to %{customdata[3]:.1%}<extra></extra>",
        )
    )
    for place, row in enumerate(rates.itertuples()):
        figure.add_annotation(
            text=f"{percent(row.rate)}", x=max(row.high, row.rate), y=place, xanchor="left", xshift=6, showarrow=False,
            font={"size": 12, "color": INK[theme]},
        )  # fmt: skip
    apply_layout(figure, theme, height=80 + 27 * len(rates), x_title="Share of recordings in which it is missing")
    figure.update_layout(bargap=0.4)
    figure.update_xaxes(range=[0, 1.08], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK[theme]})
    return figure
