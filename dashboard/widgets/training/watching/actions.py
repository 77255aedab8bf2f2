"""What can be done with a run now: stop, end at once, resume, clone, use its model, write about it, delete it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.queue import waiting
from abr_model.runs.run import Run
from abr_model.runs.training_lock import is_training
from dashboard import session
from dashboard.navigation import open_page
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.open_view import open_new_training
from dashboard.widgets.training.run_facts import config_of
from dashboard.widgets.training.states import ACTIVE, TRAINS
from dashboard.widgets.training.watching.about_run import about_run
from dashboard.widgets.training.watching.head import AFTER_TRAINING
from dashboard.widgets.training.watching.resume import resume_popover

GRACE_S = 10.0
"""A training that was asked to stop has so long to do it before ending it at once is offered."""

_PROBLEM = "training_action_problem"

Launch = Callable[..., None]
"""``launch(run)`` starts or resumes it outside of this page; with ``queue=True`` it waits for its turn."""


def actions(run: Run, state: str, launch: Launch) -> None:
    """The buttons in one row."""

    def attempt(action: Callable[[], object]) -> bool:
        return _try(run, action)

    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if state in TRAINS:
            _stop(run)
        elif state == "waiting":
            st.button(
                "Leave the queue",
                on_click=attempt,
                args=(run.request_stop,),
                disabled=run.stop_requested,
                key="training_leave",
                help="It does not start by itself any more; it can be started later.",
            )
        elif run.resumable:
            start = partial(launch, run, queue=True) if is_busy() else partial(launch, run)
            _resume(state, start, attempt)
            resume_popover(run, start, attempt)
        if run.has_model and state not in TRAINS:
            _use(run)
        st.button(
            "Clone with changes",
            on_click=open_new_training,
            args=(run,),
            key="training_clone_button",
            help="Opens “New training” with all settings of this run, to change some of them.",
        )
        about_run(run, attempt, deletable=state not in ACTIVE)


def action_messages(run: Run, state: str, status: dict) -> None:
    """What a training that was asked to stop is still doing, and what was refused."""
    if state in TRAINS and run.stop_requested:
        st.caption(stopping_text(status.get("stage"), seconds_since_stop(run)))
    problem = st.session_state.get(_PROBLEM)
    if problem and problem[0] == run.id:
        st.error(problem[1])


def _stop(run: Run) -> None:
    asked = run.stop_requested
    st.button(
        "Stopping …" if asked else "Stop",
        on_click=_try,
        args=(run, run.request_stop),
        disabled=asked,
        key="training_stop",
        help="Finishes the batch, makes a model of what was learned, and stops. It can go on later.",
    )
    if asked and seconds_since_stop(run) >= GRACE_S:
        st.button(
            "End at once",
            on_click=_try,
            args=(run, lambda: _end_at_once(run)),
            key="training_force",
            help="Makes no model of what was learned last. The last checkpoint is kept: it can go on later.",
        )


def _resume(state: str, start: Callable[[], None], attempt: Callable[[Callable[[], object]], bool]) -> None:
    words = "Start" if state == "not started" else "Resume"
    help_text = "Goes on from the last checkpoint." if words == "Resume" else "Begins this training."
    if is_busy():
        words, help_text = "Add to the queue", f"{help_text} Another training is active: this one waits for its turn."
    st.button(words, on_click=attempt, args=(start,), key="training_resume", help=help_text)


def is_busy() -> bool:
    """Whether another training has the machine, or waits for it."""
    return is_training() or bool(waiting())


def _use(run: Run) -> None:
    config = config_of(run)
    if config is not None and config.dry_run:
        return
    chosen = session.chosen_model_folder()
    if chosen is not None and chosen.folder == run.model_folder:
        if st.button("Open Generation", key="training_open_generation", help="Its model is used for generation."):
            open_page("generation")
    else:
        st.button("Use for generation", type="primary", on_click=_try,
                  args=(run, lambda: session.use_model(run.model_folder)), key="training_use_model",
                  help="The page Generation, and every new window, generates with the model of this run.")  # fmt: skip


def _try(run: Run, action: Callable[[], object]) -> bool:
    """Do it; what is refused is said below the buttons until the next action."""
    st.session_state.pop(_PROBLEM, None)
    try:
        action()
    except InputError as error:
        st.session_state[_PROBLEM] = (run.id, plain(sentence(str(error))))
        return False
    return True


def _end_at_once(run: Run) -> None:
    from abr_model.runs import launch as background

    background.force_stop(run)


def seconds_since_stop(run: Run) -> float:
    """How long ago the run was asked to stop; 0 when it was not. Told by the request's file: a reload keeps it."""
    try:
        return max(0.0, time.time() - (run.folder / "STOP").stat().st_mtime)
    except OSError:
        return 0.0


def stopping_text(stage: str | None, seconds: float) -> str:
    """What a training that was asked to stop is still doing, and what “End at once” would keep.

    Parameters
    ----------
    stage
        ``status["stage"]`` of the run.
    seconds
        Since it was asked to.
    """
    wait = "" if seconds >= GRACE_S else f" (offered {GRACE_S:.0f} s after the request to stop)"
    if stage in AFTER_TRAINING:
        return (
            f"Training has stopped and its checkpoint is saved. Now {AFTER_TRAINING[stage]}, so that there is a model "
            f"of what was learned. “End at once”{wait} skips that and keeps the checkpoint: it can go on later."
        )
    return (
        "It finishes its batch and saves a checkpoint. Then it makes a model of what was learned: with the preset "
        f"default, fitting the sampler takes about a minute. “End at once”{wait} makes no model and keeps the last "
        "checkpoint that was saved."
    )
