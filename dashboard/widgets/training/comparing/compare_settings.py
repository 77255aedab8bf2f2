"""In which settings several runs differ, and how settings and figures go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.runs.comparison import FIGURES, all_settings, best_figures, comparable, configuration_differences
from abr_model.runs.run import Run
from abr_model.runs.settings import WITHOUT_EFFECT, setting_words, value_words
from dashboard import session
from dashboard.charts.training.comparison import short
from dashboard.charts.training.parallel_coordinates import parallel_coordinates, parallel_css
from dashboard.histories import history_of
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.download import download_table
from dashboard.widgets.training.comparing.compare_table import Row, runs_table
from dashboard.widgets.training.run_facts import config_of

MOST_AXES = 7
MOST_NAMES = 10
"""Names of so many runs stand on an axis of their own, below one another."""
NOT_AT_FIRST = ("training.seed", "preparation.seed", "threads", "search", "dry_run", "training.log_every_steps")
"""Settings that are axes only when a person asks for them: they are not chosen to make a run better."""


def differences_card(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """A row for each setting that is not the same in all ``runs``."""
    configs = {run.id: config_of(run) for run in runs}
    table = configuration_differences(runs, configs)
    with st.container(border=True):
        if table.empty:
            st.markdown("**Settings** :gray[ · these runs were made with the same settings]")
            return
        title, download = st.columns([3, 1], vertical_alignment="center")
        title.markdown(
            "**Settings that differ**",
            help=f"Settings that are the same in all of these runs are left out. {WITHOUT_EFFECT}: the run has no such "
            "setting, or it has no effect beside its other choices.",
        )
        with download:
            download_table(lambda: differences_csv(table), "Settings of runs", "compare_settings_csv")
        rows = [Row(*_words(name, configs), tuple(table.loc[name])) for name in table.index]
        runs_table(runs, names, rows, "compare_settings")


def _words(name: str, configs: Mapping) -> tuple[str, str]:
    said = [setting_words(name, config) for config in configs.values()]
    return next((words for words in said if words[1]), said[0])


def differences_csv(table: pd.DataFrame) -> pd.DataFrame:
    """With the dotted name of the setting in the first column."""
    return table.rename_axis("setting").reset_index()


def parallel_card(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """One axis for each setting that differs, the last one for a figure; one line a run."""
    configs = {run.id: config_of(run) for run in runs}
    differing = list(configuration_differences(runs, configs).index)
    figures = best_figures(runs, history_of)
    usable = [name for name in figures.index if FIGURES[name].better and figures.loc[name].notna().sum() >= 2]
    if not differing or not usable:
        return
    titles = {name: _words(name, configs)[0] for name in differing}
    with st.container(border=True):
        st.markdown(
            "**Settings against a figure**",
            help="Each line is a run: follow it from setting to setting to the figure that it reached. Drag along an "
            "axis to keep only the runs in between, click the axis to see all again.",
        )
        judged, axes = st.columns([1.2, 2], gap="small")
        figure = judged.selectbox(
            "Figure", usable, index=_first(usable), format_func=lambda name: FIGURES[name].short, key="compare_figure"
        )
        at_first = [name for name in differing if name not in NOT_AT_FIRST] or differing
        shown = axes.multiselect(
            "Settings", differing, default=at_first[:MOST_AXES], format_func=titles.get,
            key=f"compare_axes_{'.'.join(sorted(differing))}", placeholder="Choose settings",
        )  # fmt: skip
        reached = figures.loc[figure]
        kept = [run for run in runs if np.isfinite(reached[run.id])]
        if not shown:
            st.markdown(":gray[Choose at least one setting.]")
            return
        settings = all_settings(kept, configs)
        values = {
            titles[name]: [axis_value(settings[run.id].get(name, WITHOUT_EFFECT)) for run in kept] for name in shown
        }
        if len(kept) <= MOST_NAMES:
            values = {"Run": [short(names[run.id]) for run in kept]} | values
        better = FIGURES[figure].better
        st.html(parallel_css(session.theme()))
        st.plotly_chart(
            parallel_coordinates(values, FIGURES[figure].short, [reached[r.id] for r in kept], better, session.theme()),
            config=PLOTLY_CONFIG,
            key="compare_parallel",
            alt=f"Parallel coordinates of {len(kept)} runs: {', '.join(values)} against {FIGURES[figure].title}",
        )
        without = [names[run.id] for run in runs if run not in kept]
        end = "smaller" if better == "lower" else "larger"
        said = f"Blue lines end at the {end} and so better values, orange ones at the worse."
        if without:
            said += f" Without {len(without)} that {'has' if len(without) == 1 else 'have'} no such figure yet."
        st.caption(said)
        if not comparable(runs, configs)(FIGURES[figure]):
            st.caption("Better and worse hold only as far as the warning above the table of figures allows.")


def axis_value(value):
    """Numbers stay numbers, so that they stand on an axis where they belong; everything else becomes words."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else value_words(value)


def _first(usable: Sequence[str]) -> int:
    """A figure in a unit rather than a loss, where there is one."""
    wanted = ("waveform_rmse_uv", "validation_rmse_uv")
    return next((usable.index(name) for name in wanted if name in usable), 0)
