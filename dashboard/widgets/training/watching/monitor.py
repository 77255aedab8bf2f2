"""One training run, live: state, progress, curves, log, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from abr_model.runs.run import Run
from dashboard.histories import history_of
from dashboard.widgets.training.open_view import page_is_drawn, redraw_if_asked
from dashboard.widgets.training.states import ACTIVE, shown_state
from dashboard.widgets.training.watching.actions import action_messages, actions
from dashboard.widgets.training.watching.curves import Curves
from dashboard.widgets.training.watching.head import messages, progress, title_line
from dashboard.widgets.training.watching.log import log
from dashboard.widgets.training.watching.previews import previews_panel
from dashboard.widgets.training.watching.tiles import tiles
from dashboard.widgets.training.watching.view_settings import ViewSettings, view_settings

POLL_CURVES_S, POLL_HEAD_S, POLL_PREVIEWS_S = 0.5, 1.0, 3.0
"""While the run trains, or waits."""
POLL_IDLE_S = 5.0


def run_monitor(run: Run, launch: Callable[..., None]) -> None:
    """Show ``run``. Every part looks for news by itself: the curves twice a second while it trains, the previews,
    which come every few epochs, more rarely, and everything every five seconds otherwise.

    It always looks: another window, or the command line, may start or end a training at any time. A look that finds
    nothing new builds no curve and sends none.

    Parameters
    ----------
    launch
        ``launch(run)`` starts a run outside of this page, or lets it go on from its last checkpoint;
        ``launch(run, queue=True)`` lets it wait for its turn.
    """
    page_is_drawn()
    folder, state = run.folder.as_posix(), shown_state(run)
    active = state in ACTIVE

    def renewed(part: Callable, seconds: float) -> Callable:
        return st.fragment(part, run_every=seconds if active else POLL_IDLE_S)

    with st.container(gap="xsmall"):
        renewed(_head, POLL_HEAD_S)(folder, launch, state)
        view = view_settings(active)
        renewed(_curves, POLL_CURVES_S)(folder, view, active)
        if view.group == "loss":
            renewed(_previews, POLL_PREVIEWS_S)(folder)
            renewed(_terms, POLL_HEAD_S)(folder, view)


def _head(folder: str, launch: Callable[..., None], drawn_as: str) -> None:
    redraw_if_asked()
    run = Run(folder)
    state, status, history = shown_state(run), run.status, history_of(run)
    if state != drawn_as or not (run.folder / "config.yaml").is_file():
        st.rerun()  # it began, ended, or was deleted: the rate of looking changes, and what the page chooses
    history.update()
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            title_line(run, state)
            actions(run, state, launch)
        progress(run, state, status)
        action_messages(run, state, status)
    messages(run, state, status, history)
    tiles(run, state in ACTIVE, status, history)


def _curves(folder: str, view: ViewSettings, active: bool) -> None:
    run = Run(folder)
    history = history_of(run)
    history.update()
    curves = Curves(run, history, view)
    if view.group == "log":
        log(run)
    elif not len(history):
        waiting = "The curves appear with the first logged step." if active else "This run has logged nothing."
        with st.container(border=True, height=160, vertical_alignment="center", horizontal_alignment="center"):
            st.markdown(f":gray[{waiting}]", width="content")
    elif view.group == "loss":
        curves.loss()
    elif view.group == "latent":
        curves.latent_space()
    elif view.group == "errors":
        curves.errors()
    else:
        curves.optimiser()


def _previews(folder: str) -> None:
    run = Run(folder)
    if len(history_of(run)):
        previews_panel(run)


def _terms(folder: str, view: ViewSettings) -> None:
    run = Run(folder)
    if len(history := history_of(run)):
        Curves(run, history, view).terms()
