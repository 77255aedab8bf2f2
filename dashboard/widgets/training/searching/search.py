"""Search: let the machine try settings, watch what it finds, and train the best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.run import Run
from abr_model.search.folder import Search, list_searches
from dashboard import session
from dashboard.widgets.training.searching.search_form import search_form
from dashboard.widgets.training.searching.search_monitor import progress_of, search_monitor, search_name, shown_state
from dashboard.widgets.training.states import STATE_BADGES

CHOSEN = "training_search"
"""In the session: id of the search that is looked at, or :data:`NEW`."""
NEW = "new"
_MADE = "training_search_made"


def search_view(launch_search: Callable[..., Any] | None = None, launch: Callable[..., Any] | None = None) -> None:
    """The view of the Training page.

    Parameters
    ----------
    launch_search
        Starts a worker of a search outside of this page: ``launch_search(search)``, ``launch_search(search,
        parallel=True)``. A process of its own when left out.
    launch
        Starts a prepared run, and lets it wait for its turn: ``launch(run, queue=True)``.
    """
    launch_search, launch = launch_search or _start_worker, launch or _launch
    if made := st.session_state.pop(_MADE, None):  # before the list is drawn
        st.session_state[CHOSEN] = made
    searches = {search.id: search for search in list_searches(session.data_folder())}
    if st.session_state.get(CHOSEN) not in (*searches, NEW):
        st.session_state[CHOSEN] = next(iter(searches), NEW)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Search",
            [*searches, NEW],
            format_func=lambda key: "New search …" if key == NEW else _words(searches[key]),
            key=CHOSEN,
            label_visibility="collapsed",
            width=560,
        )
        if st.session_state[CHOSEN] != NEW:
            st.button("New search", key="search_new", on_click=_choose, args=(NEW,))
    if st.session_state[CHOSEN] == NEW:
        st.markdown(
            ":gray[A search trains the same model many times with other settings, ends the poor ones early, and says "
            "which settings learn best. It goes on when this page is closed.]"
        )
        made = search_form(launch_search)
        if made is not None:
            st.session_state[_MADE] = made.id
            st.rerun()
        return
    search_monitor(searches[st.session_state[CHOSEN]], launch_search, launch)


def _choose(search_id: str) -> None:
    st.session_state[CHOSEN] = search_id


def _words(search: Search) -> str:
    try:
        now = progress_of(search)
    except InputError:
        return f"{search.id} · damaged"
    return f"{search_name(search)} · {STATE_BADGES[shown_state(now)][1]} · {now.ended} of {now.budget} trials"


def _start_worker(search: Search, **how) -> None:
    from abr_model.search import launch as background

    background.start_worker(search, **how)


def _launch(run: Run, **how) -> None:
    from abr_model.runs import launch as background

    background.launch(run, **how)
