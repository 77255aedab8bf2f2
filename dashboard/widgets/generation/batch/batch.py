"""Design on the left; what it gives, how it is written and what was made before on the right."""

from __future__ import annotations

import shutil

import streamlit as st

from abr_model.batches.background import launch, list_batches, prepare
from abr_model.batches.plan import Plan
from abr_model.batches.request import BatchRequest
from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.generation.designs.design import Design
from abr_model.generation.formats.formats import FORMATS
from abr_model.schema import Kind
from abr_model.training_cohort import simulated_as
from dashboard import session
from dashboard.batches import (
    bytes_for,
    learned_sweeps_for,
    planned,
    seconds_for,
    size_in_words,
    training_is_here,
)
from dashboard.session import LoadedModel
from dashboard.widgets.generation.batch.design_form import LARGEST, design_form
from dashboard.widgets.generation.batch.exports import exports_list
from dashboard.widgets.generation.batch.settings import Settings, settings_form
from dashboard.widgets.generation.batch.summary import plan_head, plan_table
from dashboard.widgets.problem import plain, show_problem
from dashboard.widgets.training.states import duration_text

_PROBLEM = "batch_problem"


def batch_view(chosen: LoadedModel, theme: str) -> None:
    """Batches of any design: made in the background, checked for near-copies, with provenance and data card."""
    left, right = st.columns([1, 2.4], gap="medium")
    with left, st.container(border=True, gap="small"):
        design, problem = design_form()
    with right:
        with st.container(border=True, gap="small", key="batch_order"):
            _order(chosen, design, problem, theme)
        exports_list()


def _order(chosen: LoadedModel, design: Design | None, problem: InputError | None, theme: str) -> None:
    plan = None
    head = st.container(gap="xsmall")
    settings = settings_form(*learned_sweeps_for(chosen, session.chosen_cohort().file))
    with head:
        if design is not None:
            try:
                plan = planned(chosen, design, settings.outside, session.chosen_cohort().file)
                plan_head(plan, theme)
            except InputError as error:
                problem = error
        if problem is not None:
            show_problem(problem)
        elif plan is None:
            st.markdown(":gray[The conditions of the batch appear here.]")
    if plan is None:
        return
    with st.expander("Conditions", expanded=True):
        plan_table(plan, chosen.model.support)
    _near_copies(chosen)
    _go(chosen, design, plan, settings)


def _near_copies(chosen: LoadedModel) -> None:
    """Whether near-copies of training recordings will be looked for; of a simulated cohort, a way to it."""
    made = chosen.model.provenance
    whose = "simulated training patients" if made.kind == Kind.SIMULATED else "training patients"
    if training_is_here(chosen):
        count = f"{made.recordings.get('train', 0):,}"
        st.caption(
            f":material/check: Every recording is compared with the {count} recordings of {whose}; near-copies are "
            "withheld and counted in the data card."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f":orange[Not checked for near-copies of {whose}:] the training cohort ({plain(made.cohort)}) is not here. "
            "The data card says so."
        )
        if simulation := simulated_as(made.cohort):
            st.button(
                "Simulate it again", on_click=_simulate, args=simulation, key="batch_simulate",
                help="Makes the same simulated clinic here, so that near-copies can be found; about half a minute.",
            )  # fmt: skip


def _simulate(patients: int, seed: int) -> None:
    with st.spinner(f"Simulating a clinic of {patients:,} patients …"):
        try:
            session.simulated_cohort_file(patients, seed)
        except InputError as error:
            st.session_state[_PROBLEM] = error


def _go(chosen: LoadedModel, design: Design, plan: Plan, settings: Settings) -> None:
    request = BatchRequest(
        design=design,
        seed=settings.seed,
        content=settings.content,
        residual_noise=settings.residual_noise,
        format=settings.format,
        outside=settings.outside,
    )
    recordings = len(plan.rows)
    size = bytes_for(request, recordings, chosen.model.network.samples)
    problem = _too_large(request, recordings, size)
    busy = any(batch.active for batch in list_batches())
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Generate",
            type="primary",
            on_click=_start,
            args=(chosen, request, recordings, settings.jobs),
            disabled=problem is not None or busy,
            key="batch_generate",
            help="Another batch is being made: wait until it is done, or stop it." if busy else None,
        )
        seconds = seconds_for(chosen, request, recordings, settings.jobs, training_is_here(chosen))
        st.caption(f"About {duration_text(seconds)}, {size_in_words(size)}. It goes on when this page is closed.")
    if problem is not None:
        show_problem(problem)
    if (failed := st.session_state.pop(_PROBLEM, None)) is not None:
        show_problem(failed)


def _too_large(request: BatchRequest, recordings: int, size: int) -> InputError | None:
    if recordings > LARGEST:
        return InputError(
            "too many recordings for the page", value=f"{recordings:,}",
            allowed=f"1 to {LARGEST:,}; the command `abr generate` makes more",
        )  # fmt: skip
    try:
        FORMATS[request.format].check(recordings)
    except InputError as error:
        return error
    folder = data_folder()
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    if size * 2 > free:
        return InputError(
            "the disk of the data folder has too little room", value=f"{size_in_words(free)} free",
            allowed=f"{size_in_words(size * 2)} or more",
        )  # fmt: skip
    return None


def _start(chosen: LoadedModel, request: BatchRequest, recordings: int, jobs: int) -> None:
    try:
        launch(prepare(request, chosen.folder, chosen.model_id, recordings, jobs))
    except InputError as error:
        st.session_state[_PROBLEM] = error
