"""A table with one column a run, headed by the run's colour and name."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from abr_model.runs.run import Run
from dashboard import session
from dashboard.charts.training.comparison import DASHES, look_of, short
from dashboard.style import GRID, MUTED, PAPER, PRIMARY, faded

BEST = "★"
BORDERS = dict(zip(DASHES, ("solid", "dashed", "dotted", "double"), strict=True))
"""A line's dash as a border has it."""


@dataclass(frozen=True)
class Row:
    """One row: what it is, what that means, and a cell for each run; ``best`` marks cells, ``quiet`` greys the row."""

    title: str
    meaning: str
    cells: tuple[str, ...]
    best: tuple[bool, ...] = ()
    quiet: bool = False


def runs_table(runs: Sequence[Run], names: Mapping[str, str], rows: Sequence[Row], key: str) -> None:
    """Draw the table; with many runs it scrolls sideways under its first column.

    Parameters
    ----------
    runs
        In the order of the columns.
    names
        By the id of the run, in the order of the colours.
    key
        Of the container.
    """
    theme = session.theme()
    places = {run_id: place for place, run_id in enumerate(names)}
    head = "".join(_head(places[run.id], run, names[run.id], theme) for run in runs)
    body = "".join(_row(row) for row in rows)
    with st.container(key=key):
        st.html(
            f'{_css(theme)}<div class="runs-scroll" tabindex="0" role="region" aria-label="Table of runs">'
            f'<table class="runs"><thead><tr><th scope="col"></th>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


def _head(place: int, run: Run, name: str, theme: str) -> str:
    colour, dash = look_of(place, theme)
    line = f'<span class="line" style="border-top: 3px {BORDERS[dash]} {colour}"></span>'
    return f'<th scope="col" title="{html.escape(run.id)}">{line}<br>{html.escape(_plain(name))}</th>'


def _plain(name: str) -> str:
    return html.unescape(short(name))


def _row(row: Row) -> str:
    best = row.best or (False,) * len(row.cells)
    cells = "".join(
        f'<td class="best">{BEST} {html.escape(text)}</td>' if mark else f"<td>{html.escape(text)}</td>"
        for text, mark in zip(row.cells, best, strict=True)
    )
    meaning = f' title="{html.escape(row.meaning)}"' if row.meaning else ""
    quiet = ' class="quiet"' if row.quiet else ""
    return f'<tr{quiet}><th scope="row"{meaning}>{html.escape(row.title)}</th>{cells}</tr>'


def _css(theme: str) -> str:
    return f"""<style>
.runs-scroll {{overflow-x: auto; max-width: 100%;}}
table.runs span.line {{display: inline-block; width: 28px; height: 0;}}
table.runs {{border-collapse: collapse; font-size: 0.87rem; font-variant-numeric: tabular-nums;
  min-width: min(100%, 52rem);}}
table.runs th, table.runs td {{padding: 0.32rem 0.7rem 0.32rem 0.4rem; text-align: left; border: 0; vertical-align: top;
  border-bottom: 1px solid {GRID[theme]}; min-width: 6.5rem; max-width: 16rem;}}
table.runs thead th {{font-weight: 600; vertical-align: bottom; padding-top: 0; line-height: 1.25;}}
table.runs th:first-child {{padding-left: 0; position: sticky; left: 0; background: {PAPER[theme]}; font-weight: 400;
  color: {MUTED[theme]}; min-width: 11rem; max-width: 22rem;}}
table.runs tbody th[title] {{cursor: help;}}
table.runs td.best {{font-weight: 650; color: {PRIMARY[theme] if theme == "light" else "#4CC3E6"};
  background: {faded(PRIMARY[theme], 0.09)};}}
table.runs tr.quiet td {{color: {MUTED[theme]};}}
table.runs tbody tr:last-child th, table.runs tbody tr:last-child td {{border-bottom: 0;}}
</style>"""
