"""What a search found: the best settings, charts of its trials, and a table of them all."""

from __future__ import annotations

import warnings

import pandas as pd
import streamlit as st

from abr_model.search.config import SearchConfig
from abr_model.search.figures import FIGURES
from abr_model.search.folder import Search
from abr_model.search.space import value_in
from abr_model.search.trials import Progress, TrialRow
from dashboard import session
from dashboard.charts.training.parallel_coordinates import parallel_coordinates
from dashboard.charts.training.search import (
    courses_chart,
    history_chart,
    importance_chart,
    settings_chart,
    upper_edge,
)
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.training.open_view import open_new_training, redraw_page
from dashboard.widgets.training.starting.field_input import choice_in_words
from dashboard.widgets.training.starting.preset_fields import fields_of
from dashboard.widgets.training.states import duration_text

ENOUGH = 5
"""With fewer finished trials nothing can be said about which setting matters."""
_VIEWS = {
    "history": "Trials",
    "importance": "What matters",
    "settings": "Each setting",
    "together": "All together",
    "courses": "Over the epochs",
}
_ABOUT = {
    "history": "What each trial reached. Hollow: ended early, where it stood then. An arrow: further up.",
    "importance": "Share of the differences between the trials that a setting explains (PED-ANOVA, Watanabe et al. "
    "2023). With few trials it is a guess.",
    "settings": "Each dot is a finished trial; later ones are fuller. If the best lie at the end of an axis, search "
    "further out.",
    "together": "Each line is a finished trial, blue the better ones. Drag along an axis to pick some "
    "out. A trial far worse than the others stands at the upper end.",
    "courses": "Validation figure of each trial while it learned. Strong: the best. Dashed: ended early.",
}


def search_results(search: Search, config: SearchConfig, rows: list[TrialRow], now: Progress) -> None:
    """All that is below the head of a search."""
    if not rows:
        with st.container(border=True):
            st.markdown(":gray[The trials appear here as soon as a worker begins the first one.]")
        return
    fields = fields_of(config.preset)
    names = {setting: fields[setting].label for setting in config.space}
    charts, best = st.columns([2.2, 1], gap="medium")
    with charts, st.container(border=True):
        view = st.segmented_control(
            "Chart", list(_VIEWS), default="history", format_func=_VIEWS.get, key="search_chart", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        st.caption(_ABOUT[view])
        _chart(view, config, rows, names)
    with best, st.container(border=True):
        _best(config, now.best, names)
    _table(config, rows, names, now.best)
    _one_trial(search, rows)


def _chart(view: str, config: SearchConfig, rows: list[TrialRow], names: dict[str, str]) -> None:
    theme, title = session.theme(), FIGURES[config.figure]
    done = [row for row in rows if row.value is not None]
    if view == "courses":
        enough, needed = any(row.course for row in rows), "the first epoch of a trial"
    elif view == "importance":
        enough, needed = len(done) >= ENOUGH, f"{ENOUGH} finished trials; {len(done)} so far"
    else:
        enough, needed = bool(done), "the first finished trial"
    if not enough:
        st.markdown(f":gray[This chart needs {needed}.]")
        return
    if view == "history":
        figure = history_chart(rows, title, theme)
    elif view == "importance":
        figure = importance_chart({names[s]: share for s, share in importances(config, rows).items()}, theme)
    elif view == "settings":
        figure = settings_chart(rows, config.space, names, title, theme)
    elif view == "together":
        columns = {words: [row.settings[s] for row in done] for s, words in names.items()}
        top = upper_edge([row.value for row in done])
        figure = parallel_coordinates(columns, title, [min(row.value, top) for row in done], "lower", theme)
    else:
        figure = courses_chart(rows, title, theme)
    st.plotly_chart(
        figure,
        config=PLOTLY_CONFIG,
        key=f"search_chart_{view}",
        alt=f"{_VIEWS[view]} of a search of {len(rows)} trials",
    )


def importances(config: SearchConfig, rows: list[TrialRow]) -> dict[str, float]:
    """Setting → share of the differences that it explains, together 1, by Optuna's PED-ANOVA."""
    done = tuple((row.value, tuple(sorted(row.settings.items()))) for row in rows if row.value is not None)
    return _importances(config.model_dump_json(include={"space"}), done, config)


@st.cache_data(max_entries=50, show_spinner=False)
def _importances(space: str, done: tuple, _config: SearchConfig) -> dict[str, float]:
    import optuna

    from abr_model.search.space import distributions
    from abr_model.search.storage import quiet_optuna

    quiet_optuna()
    study, dimensions = optuna.create_study(direction="minimize"), distributions(_config.space)
    for value, settings in done:
        study.add_trial(optuna.trial.create_trial(value=value, params=dict(settings), distributions=dimensions))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.importance.get_param_importances(study)


def _best(config: SearchConfig, best: TrialRow | None, names: dict[str, str]) -> None:
    if best is None:
        st.markdown("**Best so far**")
        st.markdown(":gray[Known when the first trial has come to its end.]")
        return
    st.markdown(f"**Best so far** :gray[ · trial {best.number}]")
    st.metric(FIGURES[config.figure], f"{best.value:.5g}")
    lines = "".join(
        f"<tr><td>{words}</td><td>{_words(best.settings[setting])}</td></tr>" for setting, words in names.items()
    )
    st.html(f'<table class="facts">{lines}</table>')
    own = ", ".join(f"{words} {_words(value_in(config.preset, setting))}" for setting, words in names.items())
    st.caption(f"The preset has: {own}.")


def _table(config: SearchConfig, rows: list[TrialRow], names: dict[str, str], best: TrialRow | None) -> None:
    table = pd.DataFrame(
        [
            {
                "Trial": row.number,
                "State": "best" if best is not None and row.number == best.number else row.state,
                FIGURES[config.figure]: row.value,
                **{words: _cell(row.settings.get(setting)) for setting, words in names.items()},
                "Epochs": len(row.course),
                "Time": "–" if row.seconds is None else duration_text(row.seconds),
                "Remark": row.reason,
            }
            for row in rows
        ]
    )
    st.dataframe(table, hide_index=True, key="search_table", height=min(420, 38 + 35 * len(rows)),
                 column_config={FIGURES[config.figure]: st.column_config.NumberColumn(format="%.5g")},
                 alt=f"Table of {len(rows)} trials")  # fmt: skip


def _one_trial(search: Search, rows: list[TrialRow]) -> None:
    """Every trial is a run: to be looked at, or to begin a training with."""
    from abr_model.runs.run import Run

    with_run = [row.number for row in rows if row.run and (search.runs_folder / row.run / "config.yaml").is_file()]
    if not with_run:
        return
    runs = {row.number: row.run for row in rows}
    if st.session_state.get("search_trial") not in with_run:
        st.session_state.pop("search_trial", None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        number = st.selectbox(
            "Look at a trial", with_run, len(with_run) - 1, format_func=lambda n: f"Trial {n}", key="search_trial",
            width=180,
        )  # fmt: skip
        st.button("Open its run", key="search_open_run", on_click=_open_run, args=(runs[number],),
                  help="Its curves and its log, as those of any other run.")  # fmt: skip
        st.button("Clone with changes", key="search_clone", on_click=open_new_training,
                  args=(Run(search.runs_folder / runs[number]),))  # fmt: skip


def _open_run(run_id: str) -> None:
    st.session_state["training_run"] = run_id
    st.session_state["training_view"] = "runs"
    redraw_page()


def _cell(value):
    return choice_in_words(value) if isinstance(value, str | bool | None) else value


def _words(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else choice_in_words(value)
