"""The reviewing screen: a component that is drawn and driven in the browser; every answer is stored when it arrives."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.review.answer import Answer
from abr_model.review.store import AnswerStore, Message
from abr_model.review.study import Study
from dashboard import session
from dashboard.widgets.problem import show_problem
from dashboard.widgets.review.payload import message_name, review_payload
from dashboard.widgets.review.studies import items_of, store_of

KEY = "review_screen"
_FILES = Path(__file__).resolve().parents[2] / "components" / "review"
_PARTS = ("outbox.js", "trace.js", "questions.js", "keys.js", "review.js")
_component = st.components.v2.component(
    KEY,
    html=(_FILES / "review.html").read_text(encoding="utf-8"),
    css=(_FILES / "review.css").read_text(encoding="utf-8"),
    js="\n".join((_FILES / part).read_text(encoding="utf-8") for part in _PARTS),
)


def review_screen(study: Study, reviewer: str) -> None:
    """One item after another, from the first that has no answer.

    Raises
    ------
    InputError
        Not a reviewer of this study, or its files or answers cannot be read.
    """
    key = f"{KEY}_{study.id}_{reviewer}"
    _screen(study, reviewer, study.order(reviewer), key)


@st.fragment
def _screen(study: Study, reviewer: str, order: list[tuple[int, int]], key: str) -> None:
    try:
        _draw(study, reviewer, order, key)
    except InputError as error:  # a fragment's own: nothing around it would see it
        show_problem(error, "Answers that were given are kept; reload to try again.")


def _draw(study: Study, reviewer: str, order: list[tuple[int, int]], key: str) -> None:
    store = store_of(study)
    news = st.session_state.setdefault(f"{key}_news", {"at": None, "stored": [], "problem": ""})

    def received() -> None:
        sent = st.session_state[key].outbox
        if sent:
            news.update(take_messages(store, study, reviewer, order, sent))

    payload = review_payload(
        study.id,
        study.config,
        items_of(study),
        reviewer,
        order,
        store.answers(reviewer),
        session.theme(),
        closed=store.closed is not None,
        **news,
    )
    _component(key=key, data=payload, on_outbox_change=received)


def take_messages(
    store: AnswerStore, study: Study, reviewer: str, order: list[tuple[int, int]], sent: dict, now: float | None = None
) -> dict:
    """Store what the browser sent: ``{"at": place, "messages": [{window, number, index, answer, ago_ms}, …]}``.

    Returns
    -------
    dict
        ``at``, names of the messages that need not be sent again (``stored``), and a ``problem`` in words: messages
        that can never be stored are dropped, with a word; while the database cannot be used none is.
    """
    config, now = study.config, time.time() if now is None else now
    names, messages, problem = [], [], ""
    for message in sent.get("messages", []):
        try:
            name = message_name(message)
            item, repeat = order[int(message["index"])]
            answer = Answer.of(message["answer"])
            if answer.done and answer.open(config, items_of(study).trace_count(item)):
                answer = answer.model_copy(update={"done": False})  # something that was asked is missing
            given = now - max(float(message["ago_ms"]), 0) / 1000
            messages.append(
                Message(reviewer, item, repeat, answer, str(message["window"])[:40], int(message["number"]), given)
            )
        except InputError as error:
            problem = f"an answer was refused: {error}"
        except (KeyError, IndexError, TypeError, ValueError):
            problem = "an answer was refused: it cannot be read"
            continue
        names.append(name)
    try:
        store.save(messages)
    except InputError as error:
        problem = str(error)
        if store_is_closed(store):
            return {"at": sent.get("at"), "stored": names, "problem": problem}
        return {"at": sent.get("at"), "stored": [], "problem": f"not stored, trying again: {problem}"}
    return {"at": sent.get("at"), "stored": names, "problem": problem}


def store_is_closed(store: AnswerStore) -> bool:
    """Whether answers are refused for good; False while the database cannot say."""
    try:
        return store.closed is not None
    except InputError:
        return False
