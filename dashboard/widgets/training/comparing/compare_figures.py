"""How far each of several runs came, the best of each row marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.runs.comparison import FIGURES, best_figures, comparable, is_best
from abr_model.runs.run import Run
from dashboard.charts.training.comparison import FEW_RUNS
from dashboard.histories import history_of
from dashboard.widgets.download import download_table
from dashboard.widgets.training.comparing.compare_table import BEST, Row, runs_table
from dashboard.widgets.training.run_facts import config_of

OF_WORDS = {
    "test": "Measured when training ended, on the test part, which no training has seen.",
    "validation": "On the validation part, at the epoch with the smallest validation loss (with the last β).",
    "training": "",
}


def figures_card(runs: Sequence[Run], names: Mapping[str, str]) -> list[Run]:
    """A row for each figure that one of ``runs`` has. Returns the runs in the order of its columns.

    Where there are more than fit beside one another, those that are best most often come first.
    """
    figures = best_figures(runs, history_of)
    if figures.empty:
        return list(runs)
    can = comparable(runs, {run.id: config_of(run) for run in runs})
    marks = is_best(figures, can)
    if len(runs) > FEW_RUNS:
        won = marks.sum()
        runs = sorted(runs, key=lambda run: -won[run.id])
        figures, marks = (table[[run.id for run in runs]] for table in (figures, marks))
    with st.container(border=True):
        title, download = st.columns([3, 1], vertical_alignment="center")
        explained = f" :gray[{BEST} best of its row]" if marks.to_numpy().any() else ""
        title.markdown(f"**Best figures**{explained}", help="Point at the name of a row to see how it was measured.")
        with download:
            download_table(lambda: figures_csv(figures), "Best figures of runs", "compare_figures_csv")
        for caveat in can.caveats:
            st.warning(caveat)
        rows = [_row(name, figures.loc[name], marks.loc[name]) for name in figures.index]
        runs_table(runs, names, rows, "compare_figures")
    return list(runs)


def _row(name: str, values: pd.Series, best: pd.Series) -> Row:
    figure = FIGURES[name]
    direction = {"lower": " Lower is better.", "higher": " Higher is better.", None: ""}[figure.better]
    return Row(
        figure.short,
        f"{figure.title}. {OF_WORDS[figure.of]}{direction}".strip(),
        tuple(number_words(value) for value in values),
        tuple(bool(mark) for mark in best),
        quiet=figure.better is None,
    )


def number_words(value: float) -> str:
    """Four significant digits, thousands with a comma; ``"–"`` for what is not there."""
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def figures_csv(figures: pd.DataFrame) -> pd.DataFrame:
    """With words and unit in the place of the keys."""
    words = [FIGURES[name].title for name in figures.index]
    return figures.reset_index(drop=True).assign(figure=words)[["figure", *figures.columns]]
