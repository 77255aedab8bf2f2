"""The form of a new evaluation: on which cohort, which sections, how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.background.folder import Evaluation, list_evaluations
from abr_model.evaluation.background.pace import expected_seconds
from abr_model.evaluation.other_cohort import check_held_out
from abr_model.evaluation.sections import SECTIONS
from abr_model.runs.training_lock import is_training
from abr_model.training_cohort import is_training_cohort, simulated_as
from dashboard import session
from dashboard.cohort_files import training_cohort_file
from dashboard.scorecards import KnownScorecard
from dashboard.session import LoadedModel
from dashboard.widgets.evaluation.view_choice import look_at
from dashboard.widgets.problem import plain, show_problem
from dashboard.widgets.training.states import duration_text

OWN, OTHER = "own", "other"
_STARTED = "evaluation_started"
Launch = Callable[[Evaluation], None]


def start_form(chosen: LoadedModel, known: list[KnownScorecard], launch: Launch) -> None:
    """Ask what is to be measured, and start it.

    Parameters
    ----------
    known
        Scorecards of this model: the same is not measured twice.
    launch
        Starts a prepared evaluation in a process of its own.
    """
    model, other = chosen.model, session.chosen_cohort()
    own = training_cohort_file(model)
    offered = {OWN: f"The cohort it learned from: {model.provenance.cohort}"}
    if not is_training_cohort(model.provenance, other.digest, other):
        try:
            check_held_out(model, other, other.digest)
            offered[OTHER] = f"Another cohort, the one that is chosen: {other.name}"
        except InputError as error:
            st.caption(plain(f"“{other.name}”, which is chosen, cannot be another cohort: {error.problem}."))
    which = st.radio(
        "Measured on",
        list(offered),
        format_func=offered.get,
        key="evaluation_on",
        captions=[
            "Its held-out patients. The scorecard that says how well the model learned.",
            "All of its patients are new to the model. Privacy, likelihood and the designed experiment are left out.",
        ][: len(offered)],
    )
    possible = [e for e in SECTIONS if not (which == OTHER and e.needs_training)]
    titles = {entry.key: entry.title for entry in possible}
    with st.expander("Sections and seed"):
        asked = st.pills(
            "Sections",
            list(titles),
            format_func=titles.get,
            selection_mode="multi",
            default=list(titles),
            key=f"evaluation_sections_{which}",
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="evaluation_seed", width=160)
    held_out = model.provenance.recordings.get("test", 0) if which == OWN else len(other) // 3
    st.markdown(f":gray[{_time_words(asked, held_out, which == OTHER)}]")
    _notes()
    missing = which == OWN and own is None
    simulated = simulated_as(model.provenance.cohort)
    if missing and simulated is None:
        st.info(f"“{plain(model.provenance.cohort)}” is not in the data folder: import it under Data first.")
    label = "Simulate the cohort and evaluate" if missing and simulated else "Evaluate now"
    done = [k for k in known if _is_same(k, which, other.digest, seed) and set(asked) <= _sections(k)]
    if done:
        st.info(f"This was measured on {done[0].scorecard.made}; it is not measured again. Another seed repeats it.")
    at_work = _is_at_work(model.model_id, which, other.digest, seed)
    if at_work:
        st.info("This is being measured now.")
    blocked = not asked or bool(done) or at_work or (missing and not simulated)
    if st.button(label, type="primary", key="evaluation_start", disabled=blocked):
        _start(chosen, own if which == OWN else other.path, which, list(asked), titles, int(seed), launch)
    if problem := st.session_state.pop("evaluation_problem", None):
        show_problem(problem)


def new_evaluation_key() -> str:
    """Key of the part that holds the form: another one after each start, so that it is closed then."""
    return f"evaluation_new_{st.session_state.get(_STARTED, 0)}"


def _start(
    chosen: LoadedModel, path: Path | None, which: str, asked: list[str], titles: dict, seed: int, launch: Launch
) -> None:
    try:
        if path is None:
            patients, of_seed = simulated_as(chosen.model.provenance.cohort)
            bar = st.progress(0.0, text="Simulating patients …")
            path = session.simulated_cohort_file(
                patients, of_seed, lambda done, total: bar.progress(done / total, f"{done:,} of {total:,} patients")
            )
        everything = which == OWN and len(asked) == len(titles)
        evaluation = Evaluation.create(
            session.data_folder(),
            chosen.model,
            chosen.folder,
            path,
            other_cohort=which == OTHER,
            sections=None if everything else asked,
            seed=seed,
        )
        launch(evaluation)
        look_at(evaluation.id)
        st.session_state[_STARTED] = st.session_state.get(_STARTED, 0) + 1
    except InputError as error:
        st.session_state["evaluation_problem"] = error
    st.rerun()


def _is_at_work(model_id: str, which: str, digest: str, seed: int) -> bool:
    """Whether an evaluation of the same model, cohort and seed is under way."""
    for evaluation in list_evaluations(session.data_folder()):
        try:
            asked = evaluation.request
        except InputError:  # damaged
            continue
        same = asked.model_id == model_id and asked.seed == seed and asked.other_cohort == (which == OTHER)
        if same and (which == OWN or asked.cohort_digest == digest) and evaluation.active:
            return True
    return False


def _time_words(asked: list[str], held_out: int, other_cohort: bool) -> str:
    if not asked:
        return "Choose at least one section."
    seconds = expected_seconds(asked, held_out, other_cohort)
    return (
        f"About {duration_text(seconds)} for about {held_out:,} held-out recordings, by the time that the shipped "
        "model took on one processor. It runs in the background: you may leave this page or close the browser."
    )


def _notes() -> None:
    if is_training():
        st.warning("A training is at work on this machine: both take longer. The evaluation gives way to it.")


def _is_same(known: KnownScorecard, which: str, digest: str, seed: int) -> bool:
    subject = known.scorecard.subject
    if known.scorecard.seed != seed or subject.is_other_cohort != (which == OTHER):
        return False
    return which == OWN or subject.cohort_digest == digest


def _sections(known: KnownScorecard) -> set[str]:
    return {section.key for section in known.scorecard.sections}
