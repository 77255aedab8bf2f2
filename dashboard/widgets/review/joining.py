"""Before the first item: which study, who reviews, what will be asked, and the keys."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.review.config import CODE_ALLOWED, StudyConfig, reviewer_code
from abr_model.review.export import progress_of
from abr_model.review.study import Study
from dashboard.widgets.problem import plain, show_problem
from dashboard.widgets.review.studies import store_of, study_name
from dashboard.widgets.review.study_picker import study_picker
from dashboard.widgets.review.view_choice import open_view

_CODE, _PROBLEM = "review_code", "review_join_problem"
KEYS = (
    ("1 3 5", "wave I, III, V"),
    ("click", "mark on the nearest peak; drag to move"),
    ("← →", "move the mark; with Shift to the next peak"),
    ("X", "no response"),
    ("Q W E R T", "plausible: no … fully"),
    ("A S D F G H", "surely the one … surely the other"),
    ("6 – 0", "what you noticed; N for a note"),
    ("+ −", "gain"),
    ("Enter", "store, and on to the next"),
    ("Backspace", "one back; answers may be changed"),
)


def join_view(studies: list[Study]) -> None:
    """Choose a study and a code name; begin, or go on."""
    study = study_picker(studies)
    config, store = study.config, store_of(study)
    left, right = st.columns([1, 1], gap="large")
    with left, st.container(border=True, gap="small"):
        st.markdown(f"**{plain(study_name(study))}**")
        st.markdown(_what(config))
        st.caption(config.notice)
        if store.closed is not None:
            st.info("This study is closed: no answer is taken any more.")
        else:
            _who(study, config)
    with right:
        rows = "".join(f"<tr><td><b>{key}</b></td><td>{words}</td></tr>" for key, words in _keys(config))
        with st.container(border=True, gap="small"):
            st.markdown("**Keys**")
            st.html(f'<table class="facts">{rows}</table>')


def _what(config: StudyConfig) -> str:
    one = "one trace" if config.display == "trace" else "one ear's levels"
    asked = [f"mark wave {', '.join(config.mark)}"] if config.mark else []
    asked += ["say how plausible it is"] if config.plausibility else []
    asked += [f"say whether it is {config.recorded_phrase} or generated, and how sure you are"]
    return (
        f"{config.presentations:,} items, {one} at a time. For each you {', '.join(asked[:-1])}"
        f"{' and ' if len(asked) > 1 else ''}{asked[-1]}. Every answer is stored at once: stop when you like, and "
        "go on where you were."
    )


def _who(study: Study, config: StudyConfig) -> None:
    progress = progress_of(study, store_of(study))
    if len(progress):
        done = dict(zip(progress["reviewer"], progress["confirmed"], strict=True))
        st.pills(
            "Who are you?",
            list(done),
            format_func=lambda code: f"{code} · {done[code]} of {config.presentations}",
            key=f"review_who_{study.id}",
            on_change=_picked,
            args=(study,),
        )
    if not config.reviewers:
        with st.form("review_join", border=False):
            st.text_input(
                "Your code name",
                key=_CODE,
                max_chars=24,
                placeholder="r1",
                help=f"Stands beside your answers: {CODE_ALLOWED}. The same code goes on where it was.",
            )
            st.form_submit_button("Begin", type="primary", on_click=_join, args=(study,))
        st.caption("A code name and not your own name: answers can be exported and shown to others.")
    if problem := st.session_state.pop(_PROBLEM, None):
        show_problem(problem)


def _picked(study: Study) -> None:
    if code := st.session_state[f"review_who_{study.id}"]:
        open_view("review", study, code)


def _join(study: Study) -> None:
    try:
        open_view("review", study, reviewer_code(st.session_state[_CODE]))
    except InputError as error:
        st.session_state[_PROBLEM] = error


def _keys(config: StudyConfig) -> list[tuple[str, str]]:
    marking = {"1 3 5", "click", "← →", "X"}
    left_out = (marking if not config.mark else set()) | ({"Q W E R T"} if not config.plausibility else set())
    left_out |= set() if config.noticed else {"6 – 0"}
    keys = [(key, words) for key, words in KEYS if key not in left_out]
    series = [("↑ ↓", "another level")] if config.display == "series" else []
    return keys[:-2] + series + keys[-2:]
