"""New training: what to train on at the left, every setting at the right, and the start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.claim import check_free
from abr_model.runs.notes import LABEL_LENGTH, NOTES_LENGTH, write_notes
from abr_model.runs.run import Run
from abr_model.runs.training_lock import holder
from dashboard import session
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.run_facts import run_name
from dashboard.widgets.training.starting.clone import take_clone
from dashboard.widgets.training.starting.draft import Draft, current
from dashboard.widgets.training.starting.estimate_card import estimate_card
from dashboard.widgets.training.starting.machine_form import machine_form, machine_problem
from dashboard.widgets.training.starting.preset_fields import in_words
from dashboard.widgets.training.starting.preset_form import preset_form
from dashboard.widgets.training.starting.section import section, section_style
from dashboard.widgets.training.starting.start_weights import problem_with, start_weights
from dashboard.widgets.training.starting.what_is_kept import what_is_kept
from dashboard.widgets.training.states import tell


def new_training(launch: Callable[..., None]) -> None:
    """The view. ``launch(run)`` starts a prepared run outside of this page; ``launch(run, queue=True)`` lets it wait
    for its turn."""
    section_style(session.theme())
    draft = current()
    take_clone(draft)
    if draft.remarks:
        st.info("Of the run that was cloned: " + plain("; ".join(draft.remarks)) + ".")
    try:
        preset, problem = draft.preset(), None
    except InputError as error:
        preset, problem = None, error
    left, right = st.columns([1, 2], gap="medium")
    with left:
        with st.container(border=True, gap="small"):
            _preset(draft)
            _cohort()
            filter_box()
            kept, hindrance = _kept(draft, preset)
        with st.container(border=True, gap="small"):
            _words(draft)
            start_weights(draft)
            machine_form(draft)
        hindrance = hindrance or _does_not_go(draft, preset)
        with st.container(border=True, gap="small", key="training_go"):
            _estimate(draft, preset, kept)
            _buttons(draft, preset, hindrance, launch)
    with right:
        preset_form(draft, problem)


# --- what to train on -------------------------------------------------------------------------------------------------


def _preset(draft: Draft) -> None:
    st.session_state["training_preset"] = draft.base
    st.selectbox(
        "Preset",
        list(draft.bases),
        format_func=lambda name: draft.bases[name].words,
        key="training_preset",
        on_change=lambda: setattr(draft, "base", st.session_state["training_preset"]),
        help="A model with all its settings. What you change at the right is kept for each preset.",
    )
    st.caption(plain(draft.own.description))


def _cohort() -> None:
    """A list of the cohorts; what is picked is chosen for every page."""
    chosen = session.chosen_cohort()
    files = {str(chosen.path): chosen.name} | {str(file.path): file.name for file in session.available_cohorts()}
    st.session_state["training_cohort"] = str(chosen.path)
    st.selectbox("Cohort", list(files), format_func=files.get, key="training_cohort", on_change=_pick_cohort)


def _pick_cohort() -> None:
    try:
        session.choose_cohort(st.session_state["training_cohort"])
    except InputError as error:
        tell(error)


def _kept(draft: Draft, preset: Preset | None) -> tuple[int, str]:
    """How many recordings are kept, and why that cannot be trained on ("" where it can)."""
    preparation = (preset or draft.own).preparation
    try:
        return what_is_kept(session.chosen_cohort(), preparation, draft), ""
    except InputError as error:
        words = sentence(str(error))
        st.warning(plain(words))
        return 0, "No recording is kept." if hasattr(error, "funnel") else words


def _words(draft: Draft) -> None:
    _text(draft, "label", st.text_input, max_chars=LABEL_LENGTH, placeholder="to recognise it by")
    place = section("Notes", "notes", ":gray[written]" if draft.option("notes").strip() else "")
    if place is not None:
        with place:
            _text(draft, "notes", st.text_area, max_chars=NOTES_LENGTH, placeholder="why, and what is expected")


def _text(draft: Draft, name: str, ask: Callable, **widget) -> None:
    key = f"training_option_{name}"
    st.session_state[key] = draft.option(name)
    ask(
        name.capitalize(),
        key=key,
        on_change=lambda: draft.options.__setitem__(name, st.session_state[key]),
        help="Stays with the run. No names, birth dates or numbers of patients.",
        **widget,
    )


# --- the start --------------------------------------------------------------------------------------------------------


def _estimate(draft: Draft, preset: Preset | None, kept: int) -> None:
    if preset is None or not kept:
        return
    recordings = min(kept, draft.option("recordings") or kept)
    # Beside the page: the first estimate of a network takes seconds, in which the form answers all the same.
    st.fragment(estimate_card, parallel=True)(preset, recordings, draft.option("threads"), draft.machine())


def _does_not_go(draft: Draft, preset: Preset | None) -> str:
    """Why it cannot be started, in words; "" where it can."""
    if preset is None:
        return "The settings do not fit together: see at the right."
    problem = machine_problem(draft, preset) or problem_with(draft.start, preset)
    return "" if problem is None else sentence(in_words(problem, draft.fields))


def _buttons(draft: Draft, preset: Preset | None, hindrance: str, launch: Callable[..., None]) -> None:
    busy = _busy()
    if hindrance:
        st.warning(plain(hindrance))
    if busy is not None:
        st.caption(f"{plain(busy)} This one can wait for its turn: it starts by itself, also when this page is closed.")
    arguments = {"draft": draft, "preset": preset, "launch": launch, "queue": busy is not None}
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Start training" if busy is None else "Add to the queue",
            type="primary",
            disabled=bool(hindrance),
            key="training_start",
            on_click=_start,
            kwargs=arguments,
        )
        st.button(
            "Dry run",
            disabled=bool(hindrance),
            key="training_dry_run",
            on_click=_start,
            kwargs=arguments | {"dry_run": True},
            help="200 recordings, 2 epochs and a short fit of the sampler: shows in a minute or so whether everything "
            "works. Its model is no result.",
        )


def _busy() -> str | None:
    """Which training is under way on this machine, in words; None when it is free."""
    try:
        check_free(session.runs_folder())
    except InputError:
        run = holder()
        return "Another training is under way." if run is None else f"“{run_name(run)}” is being trained."
    return None


def _start(draft: Draft, preset: Preset, launch: Callable[..., None], queue: bool, dry_run: bool = False) -> None:
    run = None
    try:
        if not queue:
            check_free(session.runs_folder())  # another window may have started one since this page was drawn
        run = _prepared(draft, preset, dry_run)
        if queue:
            launch(run, queue=True)
        else:
            launch(run)
        draft.options.pop("label", None)  # they are about this run, not about the next
        draft.options.pop("notes", None)
        draft.remarks = []
    except InputError as error:
        tell(error)
        if run is not None and not run.active:
            with suppress(OSError):  # the run is listed: it says why it does not train, and can be resumed
                run.write_status(state="failed", message=str(error))
    if run is not None:
        st.session_state["training_run"], st.session_state["training_view"] = run.id, "runs"  # watch it


def _prepared(draft: Draft, preset: Preset, dry_run: bool) -> Run:
    from dashboard.widgets.training.starting.start_weights import loaded

    options: dict[str, Any] = draft.run_options() | {
        "filter": session.chosen_filter(),
        "label": draft.option("label"),
        "machine": draft.machine(),
        "start": None if draft.start is None else loaded(draft.start),
    }
    if dry_run:
        from abr_model.training.dry_run import dry_run_options

        preset, options = dry_run_options(preset, options)
    run = Run.create(session.runs_folder(), preset, session.chosen_cohort().path, **options)
    if notes := draft.option("notes").strip():
        write_notes(run, notes=notes)
    return run
