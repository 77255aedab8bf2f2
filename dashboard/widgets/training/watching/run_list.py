"""All training runs with their true state, newest first; one is chosen to look at."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from abr_model.runs.run import Run, list_runs
from dashboard import session
from dashboard.widgets.problem import plain
from dashboard.widgets.training.open_view import page_is_drawn, redraw_if_asked, redraw_page
from dashboard.widgets.training.run_facts import best_epoch, config_of, made_at, run_name
from dashboard.widgets.training.states import (
    ACTIVE,
    duration_text,
    place_text,
    seconds_left,
    shown_state,
    state_badge,
    when_text,
)
from dashboard.widgets.training.watching.run_bin import run_bin

CHOSEN = "training_run"
"""In the session: id of the run that is looked at."""
FEW = 5
"""So few runs are not worth searching in."""
PAGE = 15
POLL_ACTIVE_S, POLL_IDLE_S = 2.0, 5.0
_STATES = {
    "all": "All states",
    "active": "Training or waiting",
    "finished": "Finished",
    "stopped": "Stopped",
    "ended badly": "Failed or broken off",
    "not started": "Not started",
}
_LIST = "training_list"
_SHOWN = "training_runs_shown"


@dataclass(frozen=True)
class _Entry:
    run: Run
    state: str
    name: str
    trial: str | None


def run_list(runs: list[Run]) -> Run | None:
    """The list at the left; returns the run that is looked at, None where there is none.

    It renews itself, and draws the page anew when another run is chosen. The choice stands in
    ``st.session_state["training_run"]``; without one it is the run that trains, else the newest that is no trial of a
    search.
    """
    page_is_drawn()
    ids = [run.id for run in runs]
    if st.session_state.get(CHOSEN) not in ids:
        active = [run for run in runs if shown_state(run) in ACTIVE]
        own = [run for run in runs if not ((config := config_of(run)) and config.search)]
        st.session_state[CHOSEN] = next((run.id for run in [*active, *own, *runs]), None)
    busy = any(shown_state(run) in ACTIVE for run in runs)
    st.fragment(_list, run_every=POLL_ACTIVE_S if busy else POLL_IDLE_S)(tuple(ids), busy)
    chosen = st.session_state[CHOSEN]
    return next((run for run in runs if run.id == chosen), None)


def _list(drawn: tuple[str, ...], busy: bool) -> None:
    redraw_if_asked()
    root = session.runs_folder()
    runs = list_runs(root)
    entries = [_entry(run) for run in runs]
    if tuple(run.id for run in runs) != drawn or any(e.state in ACTIVE for e in entries) != busy:
        st.rerun()  # another window, or the command line, made, began, ended or deleted one
    chosen = st.session_state[CHOSEN]
    kept = _filtered(entries)
    shown = kept[: st.session_state.get(_SHOWN, PAGE)]
    if chosen in [e.run.id for e in kept] and chosen not in [e.run.id for e in shown]:
        shown = kept[: [e.run.id for e in kept].index(chosen) + 1]
    if shown:
        by_id = {e.run.id: e for e in shown}
        marked = chosen if chosen in by_id else None
        if st.session_state.get(_LIST) != marked:  # it is filtered out, or was chosen elsewhere
            st.session_state[_LIST] = marked  # not otherwise: it would take back a click that is on its way
        st.radio(
            "Runs",
            list(by_id),
            index=None,
            format_func=lambda run_id: _line(by_id[run_id]),
            captions=[_caption(entry) for entry in shown],
            key=_LIST,
            on_change=_choose,
            label_visibility="collapsed",
            width="stretch",
        )
    elif entries:
        st.caption("No run fits the filter.")
    if len(kept) > len(shown):
        st.button(f"Show {min(PAGE, len(kept) - len(shown))} more of {len(kept)}", on_click=_show_more,
                  args=(len(shown),), key="training_more", type="tertiary")  # fmt: skip
    run_bin(root)


def _choose() -> None:
    st.session_state[CHOSEN] = st.session_state[_LIST]
    redraw_page()


def _show_more(shown: int) -> None:
    st.session_state[_SHOWN] = shown + PAGE


def _entry(run: Run) -> _Entry:
    config = config_of(run)
    return _Entry(run, shown_state(run), run_name(run), config.search if config else None)


def _filtered(entries: list[_Entry]) -> list[_Entry]:
    """Those that fit the filters; trials of searches only where they are asked for, or one of them is looked at."""
    words, state = "", "all"
    if len(entries) > FEW:
        text, states = st.columns([1.2, 1])
        words = text.text_input("Search", key="training_search_runs", placeholder="Search", live=True,
                                label_visibility="collapsed", help="In label, preset, cohort and id.")  # fmt: skip
        state = states.selectbox("State", list(_STATES), format_func=_STATES.get, key="training_search_state",
                                 label_visibility="collapsed")  # fmt: skip
    trials = [e for e in entries if e.trial]
    if trials:
        searches = len({e.trial for e in trials})
        of = f"{len(trials)} trial{'s' * (len(trials) > 1)} of {searches} search{'es' * (searches > 1)}"
        if not st.toggle(f"Show {of}", key="training_show_trials"):
            chosen = st.session_state[CHOSEN]
            entries = [e for e in entries if not e.trial or e.run.id == chosen]
    return [e for e in entries if _fits(e, words, state)]


def _fits(entry: _Entry, words: str, state: str) -> bool:
    fits = {
        "all": True,
        "active": entry.state in ACTIVE,
        "ended badly": entry.state in ("failed", "crashed"),
    }.get(state, entry.state == state)
    config = config_of(entry.run)
    texts = [entry.name, entry.run.id, entry.trial or ""] + ([config.preset.name, config.cohort] if config else [])
    return fits and any(words.strip().lower() in text.lower() for text in texts)


def _line(entry: _Entry) -> str:
    config = config_of(entry.run)
    sort = " :orange-badge[dry run]" if config and config.dry_run else ""
    sort += " :violet-badge[trial]" if entry.trial else ""
    return f"**{plain(entry.name)}** {state_badge(entry.state)}{sort}"


def _caption(entry: _Entry) -> str:
    """When, how far, and the best figure: ``"14:32 · 12/80 epochs · 3 min left"``."""
    run, status = entry.run, entry.run.status
    parts = [when_text(made_at(run))]
    if entry.state == "waiting":
        parts.append(place_text(run))
    elif entry.state != "not started":
        parts.append(f"{status.get('epochs_done') or 0:,}/{status.get('epochs') or 0:,} epochs")
    if left := seconds_left(status, entry.state):
        parts.append(f"{duration_text(left)} left")
    elif (error := _trace_error_uv(run, status)) is not None:
        parts.append(f"error {error:.3f} µV")
    return " · ".join(part for part in parts if part)


def _trace_error_uv(run: Run, status: dict) -> float | None:
    """Of the test part where the model was measured, else of the validation part at the best epoch; µV RMS."""
    measured = (status.get("figures") or {}).get("waveform_rmse_uv")
    best = best_epoch(run)
    return measured if measured is not None or best is None else best.error_uv
