"""One search, live: how far it is, what it found, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from abr_model.errors import InputError
from abr_model.search.figures import FIGURES
from abr_model.search.folder import Search
from abr_model.search.launch import runs_without_worker, stop
from abr_model.search.trials import Progress, TrialRow, best_preset, progress, trial_rows, whole_training
from dashboard import session
from dashboard.widgets.problem import plain, sentence, show_problem
from dashboard.widgets.training.open_view import redraw_if_asked, redraw_page
from dashboard.widgets.training.searching.search_results import search_results
from dashboard.widgets.training.starting.draft import Base, current
from dashboard.widgets.training.states import ACTIVE, state_badge

POLL_ACTIVE_S, POLL_IDLE_S = 2.0, 5.0
_PROBLEM = "training_search_problem"


def search_monitor(search: Search, launch_search: Callable[..., Any], launch: Callable[..., Any]) -> None:
    """Show ``search``, renewed every two seconds while a worker is at it and every five otherwise."""
    try:
        state = shown_state(progress_of(search))
    except InputError as error:
        show_problem(error)
        return
    polled = st.fragment(_panel, run_every=POLL_ACTIVE_S if state in ACTIVE else POLL_IDLE_S)
    polled(search.folder.as_posix(), launch_search, launch, state)


def _panel(folder: str, launch_search: Callable[..., Any], launch: Callable[..., Any], drawn_as: str) -> None:
    redraw_if_asked()
    search = Search(folder)
    try:
        config, rows = search.config, rows_of(search)
    except InputError as error:
        show_problem(error)
        return
    now = progress(search, rows)
    state = shown_state(now)
    if state != drawn_as:
        st.rerun()  # it began or ended: the rate of polling changes, and what the list says
    with st.container(border=True):
        st.markdown(f"**{plain(search_name(search))}** &nbsp; {state_badge(state)}")
        st.caption(plain(f"{config.preset.name} · {config.cohort} · {FIGURES[config.figure]}, less is better"))
        st.progress(min(1.0, now.ended / now.budget), text=progress_words(now))
        _actions(search, rows, now, state, launch_search, launch)
    _messages(search, now, state)
    search_results(search, config, rows, now)


def progress_words(now: Progress) -> str:
    """``"12 of 30 trials ended (3 early, 1 failed) · 1 training"``."""
    counts = now.counts
    aside = [
        f"{counts[state]} {words}" for state, words in (("ended early", "early"), ("failed", "failed")) if counts[state]
    ]
    parts = [f"{now.ended} of {now.budget} trials ended" + (f" ({', '.join(aside)})" if aside else "")]
    if counts["training"]:
        parts.append(f"{counts['training']} training")
    if counts["waiting"]:
        parts.append(f"{counts['waiting']} to go on with")
    if now.workers > 1:
        parts.append(f"{now.workers} workers")
    return " · ".join(parts)


def _actions(
    search: Search,
    rows: list[TrialRow],
    now: Progress,
    state: str,
    launch_search: Callable[..., Any],
    launch: Callable[..., Any],
) -> None:
    with st.container(horizontal=True):
        if state in ACTIVE:
            asked = search.stop_requested
            st.button(
                "Stopping …" if asked else "Stop",
                disabled=asked,
                key="search_stop",
                on_click=_try,
                args=(search, lambda: stop(search)),
                help="The trial at work finishes its batch and is kept. Nothing is lost: “Go on” takes it up again.",
            )
            st.button(
                "Another worker",
                disabled=asked,
                key="search_more",
                on_click=_try,
                args=(search, lambda: launch_search(search, parallel=True)),
                help="One more process that takes trials at the same time. Useful with free processors or GPUs.",
            )
        elif state != "finished":
            st.button(
                "Start" if state == "not started" else "Go on",
                type="primary" if now.best is None else "secondary",
                key="search_go_on",
                on_click=_try,
                args=(search, lambda: launch_search(search)),
            )
            if runs_without_worker(search):
                st.button(
                    "Stop its training", key="search_stop_left", on_click=_try, args=(search, lambda: stop(search))
                )
        if now.best is not None:
            st.button(
                "Train the best, whole",
                type="primary",
                key="search_train_best",
                on_click=_try,
                args=(search, lambda: _train_best(search, rows, launch)),
                help="A run like any other: all recordings, all epochs of the preset, with a model at its end. It "
                "waits for its turn where another training is under way.",
            )
            st.button(
                "Best into New training",
                key="search_clone_best",
                on_click=_try,
                args=(search, lambda: _fill_form(search, rows)),
                help="Opens “New training” with the settings of the best trial, to change some of them.",
            )
    problem = st.session_state.get(_PROBLEM)
    if problem and problem[0] == search.id:
        st.error(problem[1])


def _messages(search: Search, now: Progress, state: str) -> None:
    if state in ("failed", "crashed", "stopped") and now.message:
        (st.error if state in ("failed", "crashed") else st.info)(plain(sentence(now.message)))
    if state in ("failed", "crashed") and search.workers:
        with st.expander("Log of the worker"):
            st.code(search.workers[0].log_tail(), language=None)
    if state not in ACTIVE and (left := runs_without_worker(search)):
        many = "a trial is" if len(left) == 1 else f"{len(left)} trials are"
        st.info(f"The worker has died, but {many} still being trained. “Go on” takes over what comes of it.")


def _train_best(search: Search, rows: list[TrialRow], launch: Callable[..., Any]) -> None:
    run = whole_training(search, rows)
    launch(run, queue=True)
    st.session_state["training_run"] = run.id
    st.session_state["training_view"] = "runs"
    redraw_page()


def _fill_form(search: Search, rows: list[TrialRow]) -> None:
    best, preset = best_preset(search, rows)
    config = search.config
    session.choose_cohort(config.cohort_path)
    session.set_filter(config.filter)
    words = f"{preset.name} (trial {best.number} of {search_name(search)})"
    current().take_base(f"{search.id} trial {best.number}", Base(preset, words, "run"))
    st.session_state["training_view"] = "new"
    redraw_page()


def _try(search: Search, action: Callable[[], object]) -> None:
    """Do it; what is refused is said below the buttons until the next action."""
    st.session_state.pop(_PROBLEM, None)
    try:
        action()
    except InputError as error:
        st.session_state[_PROBLEM] = (search.id, plain(sentence(str(error))))


# --- reading ----------------------------------------------------------------------------------------------------------


def rows_of(search: Search) -> list[TrialRow]:
    """Its trials now; the connection to the storage is shared by all sessions.

    Raises
    ------
    InputError
        The storage cannot be used, or no longer knows the search.
    """
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    from abr_model.search.storage import reason_of

    try:
        return trial_rows(_study(str(search.folder)).get_trials(deepcopy=False))
    except (StorageInternalError, SQLAlchemyError) as error:
        raise InputError(f"the storage of the search cannot be read: {reason_of(error)}") from error


@st.cache_resource(max_entries=50, show_spinner=False)
def _study(folder: str):
    return Search(folder).study()


def progress_of(search: Search) -> Progress:
    """How far it is; :class:`InputError` as :func:`rows_of`."""
    return progress(search, rows_of(search))


def shown_state(now: Progress) -> str:
    """As that of a run: one that nobody has started is called so."""
    return "not started" if now.state == "pending" else now.state


def search_name(search: Search) -> str:
    """The label, else when it was made and the tail of the id."""
    config = search.config
    return config.label or f"{config.created.astimezone():%d %b %Y, %H:%M} · {search.id.rsplit('-', 1)[-1]}"
