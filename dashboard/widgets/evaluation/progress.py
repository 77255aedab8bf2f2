"""Evaluations in the background, live: which section, how far, how long; stop, go on, delete."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.background.folder import Evaluation, list_evaluations
from dashboard import session
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.states import duration_text

POLL_ACTIVE_S, POLL_IDLE_S = 1.5, 8.0
SHOWN = 5
BADGES = {
    "pending": ("gray", "starting"),
    "waiting": ("orange", "waits"),
    "running": ("primary", "measuring"),
    "stopped": ("gray", "stopped"),
    "failed": ("red", "failed"),
    "crashed": ("red", "broken off"),
}
_PROBLEM = "evaluation_action_problem"
Launch = Callable[[Evaluation], None]


def evaluations_in_work(model_id: str, launch: Launch) -> None:
    """Those that are at work, and those of this model that did not come to their end; renewed while one lives."""
    shown = _unfinished(model_id)
    live = any(evaluation.active for evaluation in shown)
    signature = _signature(shown)
    st.fragment(_part, run_every=POLL_ACTIVE_S if live else POLL_IDLE_S)(model_id, launch, signature)


def _part(model_id: str, launch: Launch, drawn_as: list) -> None:
    shown = _unfinished(model_id)
    if _signature(shown) != drawn_as:
        st.rerun()  # one began or ended: there is another scorecard, and another rate of looking
    for evaluation in shown[:SHOWN]:
        _card(evaluation, launch)
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(problem)


def _unfinished(model_id: str) -> list[Evaluation]:
    found = []
    for evaluation in list_evaluations(session.data_folder()):
        try:
            ours = evaluation.request.model_id == model_id
        except InputError:  # damaged
            continue
        if evaluation.active or (ours and evaluation.state != "finished"):
            found.append(evaluation)
    return found


def _signature(shown: list[Evaluation]) -> list:
    return [(evaluation.id, evaluation.state, evaluation.stop_requested) for evaluation in shown]


def _card(evaluation: Evaluation, launch: Launch) -> None:
    request, status, state = evaluation.request, evaluation.status, evaluation.state
    shown = "waiting" if evaluation.waiting else state
    if shown == "pending" and not evaluation.active:
        shown = "stopped"
    colour, word = BADGES.get(shown, ("gray", shown))
    other = ", another cohort" if request.other_cohort else ""
    with st.container(border=True, key=f"evaluation_{evaluation.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(
                f"**{plain(request.model_name)} · {request.model_id[:4]}** on {plain(request.cohort)}{other} "
                f"&nbsp; :{colour}-badge[{word}]"
            )
            _buttons(evaluation, launch)
        if evaluation.active:
            done = float(status.get("done") or 0.0)
            left = status.get("seconds_left")
            words = "Stopping …" if evaluation.stop_requested else status.get("message", "")
            rest = f" · about {duration_text(left)} left" if left and state == "running" else ""
            st.progress(min(done, 1.0), text=f"{plain(sentence(words).rstrip('.'))} · {done:.0%}{rest}")
        elif evaluation.message:
            (st.error if state in ("failed", "crashed") else st.info)(plain(sentence(evaluation.message)))
            if state in ("failed", "crashed") and (text := evaluation.log_tail()):
                with st.expander("What it said last"):
                    st.code(text, language=None)


def _buttons(evaluation: Evaluation, launch: Launch) -> None:
    name = evaluation.id
    with st.container(horizontal=True, width="content"):
        if evaluation.active:
            st.button(
                "Stop", key=f"evaluation_stop_{name}", disabled=evaluation.stop_requested, on_click=_try,
                args=(evaluation.request_stop,), help="Sections that are done are kept; “Go on” does the rest.",
            )  # fmt: skip
            return
        st.button("Go on", key=f"evaluation_go_on_{name}", on_click=_try, args=(lambda: launch(evaluation),))
        st.button("Delete", key=f"evaluation_delete_{name}", on_click=_try, args=(evaluation.delete,), type="tertiary")


def _try(action: Callable[[], None]) -> None:
    try:
        action()
    except InputError as error:
        st.session_state[_PROBLEM] = plain(sentence(str(error)))
