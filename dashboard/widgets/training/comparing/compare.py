"""Any training runs beside one another: curves, settings, figures, previews, and whose model is in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from abr_model.runs.run import Run
from dashboard.histories import history_of
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.training.comparing.compare_curves import curves_card
from dashboard.widgets.training.comparing.compare_figures import figures_card
from dashboard.widgets.training.comparing.compare_model import model_card
from dashboard.widgets.training.comparing.compare_previews import previews_card
from dashboard.widgets.training.comparing.compare_settings import differences_card, parallel_card
from dashboard.widgets.training.run_facts import config_of, run_name

FIRST = 4
"""So many of the newest runs are compared at first."""
BESIDE = 3
"""Of so many runs both tables fit beside one another."""
ADDRESS = "compare"
_KEY, _CHOSEN = "compare_runs", "compare_chosen"


def compare_view(runs: Sequence[Run]) -> None:
    """The view Compare of the Training page.

    Parameters
    ----------
    runs
        All runs, newest first.
    """
    readable = [run for run in runs if config_of(run) is not None]
    if len(readable) < 2:
        empty_state(
            "Nothing to compare yet",
            "Two trainings are needed. Start one under “New training”; “Clone with changes” beside a run starts "
            "another with the same settings but for those that you change.",
        )
        return
    chosen = _chosen(readable)
    if not chosen:
        st.markdown(":gray[Choose two or more runs.]")
        return
    names = unique_names(chosen)
    with st.spinner("Reading what these runs have logged …"):
        for run in chosen:
            history_of(run).update()
    left, right = st.columns([3.2, 1.1], gap="small")
    with left:
        curves_card(chosen, names)
    with right:
        model_card(chosen, names)
    if len(chosen) < 2:
        st.markdown(":gray[Choose a second run to see settings and figures beside one another.]")
        return
    if len(chosen) <= BESIDE:
        left, right = st.columns([1.2, 1], gap="small")
        with left:
            figures_card(chosen, names)
        with right:
            differences_card(chosen, names)
    else:
        differences_card(figures_card(chosen, names), names)
    parallel_card(chosen, names)
    previews_card(chosen, names)


def unique_names(runs: Sequence[Run]) -> dict[str, str]:
    """Id of a run → its label, or preset and tail of the id; where two share a name, with the tail of the id."""
    names = {run.id: run_name(run) for run in runs}
    counts = Counter(names.values())
    return {
        run_id: name if counts[name] == 1 else f"{name} · {run_id.rsplit('-', 1)[-1]}" for run_id, name in names.items()
    }


def _chosen(runs: list[Run]) -> list[Run]:
    """The runs that a person has chosen; they stand in the address as ids, so a reload or a sent link keeps them."""
    by_id = {run.id: run for run in runs}
    kept = st.session_state.get(_CHOSEN)
    if kept is None:
        asked = st.query_params.get(ADDRESS, "").split(",")
        kept = [run_id for run_id in asked if run_id in by_id] or [run.id for run in _worth_comparing(runs)]
    # One that was chosen may have been deleted.
    st.session_state[_CHOSEN] = st.session_state[_KEY] = [run_id for run_id in kept if run_id in by_id]
    picker, newest, everything = st.columns([7, 1.1, 0.9], vertical_alignment="bottom", gap="small")
    newest.button(
        f"Newest {FIRST}", key="compare_newest", on_click=_take, args=([r.id for r in _worth_comparing(runs)],),
        width="stretch", help="The newest runs that have logged something; dry runs are left out.",
    )  # fmt: skip
    everything.button(
        "All", key="compare_all", on_click=_take, args=([r.id for r in runs if not config_of(r).dry_run],),
        width="stretch", help="All runs but dry runs.",
    )  # fmt: skip
    # The browser knows an option by its words: they must not change with the state of a run, or it would be dropped.
    picker.multiselect(
        "Runs",
        list(by_id),
        format_func=unique_names(runs).get,
        key=_KEY,
        on_change=lambda: _take(st.session_state[_KEY]),
        placeholder="Choose runs",
    )
    chosen = st.session_state[_CHOSEN]
    # Ids alone: a label is free text, and an address is kept by browsers and servers.
    st.query_params[ADDRESS] = ",".join(chosen)
    return [by_id[run_id] for run_id in chosen]


def _worth_comparing(runs: Sequence[Run]) -> list[Run]:
    """The newest that have logged something."""
    real = [run for run in runs if not config_of(run).dry_run]
    logged = [run for run in real if (run.folder / "metrics.jsonl").is_file()]
    return (logged or real or list(runs))[:FIRST]


def _take(ids: list[str]) -> None:
    st.session_state[_CHOSEN] = list(ids)
