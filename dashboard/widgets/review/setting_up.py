"""Set up a study: what is shown, what is asked, of whom, and how many items that takes."""

from __future__ import annotations

import streamlit as st

from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.review.config import SHOWABLE
from abr_model.review.planning import plan
from abr_model.review.study import Study
from abr_model.schema import COLUMNS_BY_NAME, WAVES
from abr_model.training_cohort import is_training_cohort
from dashboard import session
from dashboard.session import LoadedModel
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.problem import plain, show_problem
from dashboard.widgets.review.view_choice import open_view

DISPLAYS = {"trace": "One trace", "series": "One ear's levels"}
_PROBLEM = "review_new_problem"


def setting_up_view() -> None:
    """The form; "Make the study" draws the items and freezes them."""
    model = session.chosen_model()
    if model is None:
        empty_state("No model yet", "A study compares recordings with what a model generates.", "training", "Train one")
        return
    left, right = st.columns([1, 1], gap="large")
    asked: dict = {}
    with left:
        with st.container(border=True, gap="small"):
            st.markdown("**From what**")
            _sources(model)
        with st.container(border=True, gap="small"):
            st.markdown("**What is shown**")
            asked |= _shown()
    with right:
        with st.container(border=True, gap="small"):
            st.markdown("**What is asked**")
            asked |= _asked()
        with st.container(border=True, gap="small"):
            st.markdown("**Of whom, and how much**")
            reviewers, amount = _amount()
            asked |= amount
    with st.container(border=True, gap="small"):
        st.caption(
            plan(reviewers, asked["margin"]).words
            + " Two reviewers' answers to one item are taken to correlate by 0.1. The margin is fixed here, before "
            "anyone answers."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            asked["label"] = st.text_input("Name of the study", max_chars=80, key="review_new_label", width=420)
            st.button("Make the study", type="primary", on_click=_make, args=(model, asked), key="review_make")
        if problem := st.session_state.pop(_PROBLEM, None):
            show_problem(problem)


def _sources(model: LoadedModel) -> None:
    loaded = session.chosen_cohort()
    st.markdown(f"Recorded: **{plain(loaded.name)}**")
    if loaded.kind == "simulated":
        st.caption(
            ":orange[Simulated clinic, not patients.] Page and results say so: such a study tries the procedure and "
            "is no clinical validation."
        )
    filter_box()
    st.markdown(f"Generated: **{plain(model.name)}**")
    provenance = model.model.provenance
    if is_training_cohort(provenance, loaded.digest, loaded):
        st.caption("The model was trained on this cohort: only patients that it has not seen are taken.")
    else:
        st.caption(
            f"Trained on {plain(provenance.cohort)}, which is another cohort. Recordings that the model could have "
            "learned from (quality, polarity, known conditions) are taken."
        )
    st.caption(
        "A generated item takes the place of a recording and stands for its very conditions, so that what is written "
        "above a trace gives nothing away. Sampling, window, low-pass and gain are the same for all."
    )


def _shown() -> dict:
    display = st.segmented_control(
        "At a time", list(DISPLAYS), format_func=DISPLAYS.get, default="trace", required=True, key="review_new_display"
    )
    shown = st.pills(
        "Above it",
        SHOWABLE,
        format_func=lambda name: COLUMNS_BY_NAME[name].label,
        selection_mode="multi",
        default=SHOWABLE[:4],
        key="review_new_shown",
    )
    return {"display": display, "shown": tuple(shown)}


def _asked() -> dict:
    mark = st.pills(
        "Mark waves", WAVES, selection_mode="multi", default=("V",), key="review_new_mark", help="Or judge them absent."
    )
    plausibility = st.toggle("How plausible", value=True, key="review_new_plausibility")
    noticed = st.toggle("What was noticed (tick-boxes and a note)", value=True, key="review_new_noticed")
    st.caption("Always asked: recorded or generated, and how sure (six steps, no middle).")
    return {"mark": tuple(mark), "plausibility": plausibility, "noticed": noticed}


def _amount() -> tuple[int, dict]:
    codes = st.text_input(
        "Code names of reviewers",
        key="review_new_reviewers",
        placeholder="r1, r2, r3",
        help="With commas. Code names, nobody's own name. Left empty, whoever brings a code name may take part.",
    )
    named = tuple(code.strip() for code in codes.split(",") if code.strip())
    first, second, third = st.columns(3)
    items = first.number_input("Items", 4, 2000, 120, step=10, key="review_new_items")
    repeats = second.number_input(
        "Shown twice", 0, 600, 12, key="review_new_repeats", help="For the agreement of a reviewer with themselves."
    )
    planned = third.number_input(
        "Reviewers planned", 1, 100, max(len(named), 1), disabled=bool(named), key=f"review_new_planned_{len(named)}"
    )
    first, second, third = st.columns(3)
    share = first.number_input("Generated (%)", 20, 80, 50, step=5, key="review_new_share")
    margin = second.number_input(
        "Margin (± %)",
        2,
        30,
        10,
        key="review_new_margin",
        help="Right answers within 50 % ± this count as not told apart.",
    )
    seed = third.number_input(
        "Seed", 0, 2**31 - 1, 0, key="review_new_seed", help="The same seed draws the same items."
    )
    amount = {
        "reviewers": named,
        "items": int(items),
        "repeats": int(repeats),
        "share_generated": share / 100,
        "margin": margin / 100,
        "seed": int(seed),
    }
    return int(planned), amount


def _make(model: LoadedModel, asked: dict) -> None:
    loaded = session.chosen_cohort()
    try:
        study = Study.create(data_folder(), loaded.file, model.model, filter=session.chosen_filter(), **asked)
    except InputError as error:
        st.session_state[_PROBLEM] = error
        return
    open_view("review", study)
