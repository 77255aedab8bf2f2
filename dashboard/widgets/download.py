"""Whatever is shown can be taken along: a figure in its frame with a Download button, a table as CSV.

A file is made when its button is clicked, not when the page is drawn.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from abr_model.spreadsheet import safe_cell
from dashboard import session
from dashboard.style import INK, MUTED, PAPER, PLOTLY_CONFIG

if TYPE_CHECKING:
    import plotly.graph_objects as go

Table = pd.DataFrame | Callable[[], pd.DataFrame]


def download_table(table: Table, name: str, key: str, label: str = "Table (CSV)") -> None:
    """A button that gives ``table`` as CSV, with cells that no spreadsheet takes for a formula.

    Parameters
    ----------
    table
        The table, or a function that makes it when it is asked for (where that takes a while).
    name
        What it is, in words: becomes the file's name, after the kind of the recordings
        (``"Latency by level"`` → ``simulated-latency-by-level.csv``).
    key
        The button's key.
    """
    st.download_button(
        label,
        data=lambda: csv_bytes(table() if callable(table) else table),
        file_name=f"{_file_name(name)}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
        width="stretch",
    )


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV (UTF-8, missing is empty), text that could be a formula defused."""
    safe = table.rename(columns=safe_cell)
    for column in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[column]) or pd.api.types.is_bool_dtype(safe[column])):
            safe[column] = safe[column].map(safe_cell, na_action="ignore")
    return safe.to_csv(index=False).encode("utf-8")


def figure_box(
    figure: go.Figure,
    title: str,
    alt: str,
    key: str,
    *,
    table: Table | None = None,
    note: str = "",
    caption: str = "",
    **chart,
):
    """A Plotly figure in a frame: title and note, Download on the right, figure, caption.

    Download offers the figure as a web page that works without a network, and ``table`` as CSV. As a vector graphic
    (SVG) it comes from the camera that appears over the figure.

    Parameters
    ----------
    figure
        In the house look (:func:`dashboard.style.apply_layout`).
    title, note
        Above the figure: what it shows, and, quieter, the number of recordings, the unit or the source.
    alt
        What the figure says, for those who cannot see it.
    key
        Key of the chart; those of the other elements begin with it.
    table
        The numbers of the figure, or a function that makes them.
    caption
        Below the figure: how to read it.
    chart
        Passed to ``st.plotly_chart`` (``on_select="rerun"``, ``selection_mode="points"``).

    Returns
    -------
    What ``st.plotly_chart`` returns: the selected points with ``on_select="rerun"``.
    """
    with st.container(border=True, key=f"{key}_box", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
            st.markdown(f"**{title}**" + (f" :gray[ · {note}]" if note else ""))
            with st.popover("Download", type="tertiary", key=f"{key}_download"):
                _download_figure(figure, title, alt, key, note, caption)
                if table is not None:
                    download_table(table, title, f"{key}_csv", "Numbers (CSV)")
        config = PLOTLY_CONFIG | {
            "displayModeBar": "hover",
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "svg", "filename": _file_name(title)},
        }
        theme = session.theme()
        camera = {"bgcolor": "rgba(0,0,0,0)", "color": MUTED[theme], "activecolor": INK[theme]}
        figure.update_layout(modebar=camera)
        drawn = st.plotly_chart(figure, config=config, alt=alt, key=key, **chart)
        if caption:
            st.caption(caption)
    return drawn


def _download_figure(figure, title: str, alt: str, key: str, note: str, caption: str) -> None:
    theme, notice = session.theme(), session.chosen_cohort().provenance.notice
    st.download_button(
        "Figure (web page)",
        data=lambda: figure_page(figure, title, theme, words=(note, alt, caption, notice)),
        file_name=f"{_file_name(title)}.html",
        mime="text/html",
        key=f"{key}_html",
        on_click="ignore",
        width="stretch",
        help="Opens in any browser, without a network. As a vector graphic (SVG): the camera over the figure.",
    )


def figure_page(figure: go.Figure, title: str, theme: str, words: tuple[str, ...] = ()) -> str:
    """A web page of its own with the figure and all that it needs; ``words`` stand below it."""
    plain = [_without_markdown(text) for text in words if text]
    body = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        config={"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 3}},
    )
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in plain)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>'
        f"body {{font-family: sans-serif; color: {INK[theme]}; background: {PAPER[theme]};}}"
        f"body {{max-width: 72rem; margin: 2rem auto;}} p {{font-size: 0.9rem; opacity: 0.8;}}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}{paragraphs}</body></html>"
    )


def _without_markdown(text: str) -> str:
    return re.sub(r":\w+\[(.*?)\]", r"\1", text).replace("**", "")


def _file_name(title: str) -> str:
    """``"Latency by level"`` → ``"simulated-latency-by-level"``: says what the recordings are, holds nobody's name."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{session.chosen_cohort().kind}-{words}"[:80]
