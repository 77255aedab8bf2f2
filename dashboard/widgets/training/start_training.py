"""What to train: preset, cohort, the settings that a person may change, and the start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from abr_model.configuration import load_preset, preset_names
from abr_model.errors import InputError
from abr_model.runs.claim import check_free
from abr_model.runs.run import Run, active_run
from abr_model.selection import SelectionRules
from dashboard import session
from dashboard.summaries import selection_funnel
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.preset_form import preset_form
from dashboard.widgets.training.run_monitor import tell


def start_training(launch: Callable[[Run], None]) -> None:
    """The card at the left of the Training page. ``launch`` starts a prepared run outside of this page."""
    with st.container(border=True):
        st.markdown("**New training**")
        names = preset_names()
        name = st.selectbox(
            "Preset", names, index=names.index("default") if "default" in names else 0, key="training_preset"
        )
        preset = load_preset(name)
        st.caption(preset.description)
        _cohort()
        filter_box()
        loaded = session.chosen_cohort()
        changes = preset_form(preset, key=f"training_{name}")
        try:
            preset = preset.changed(**changes)
            possible = _what_is_kept(loaded, preset.preparation)
        except InputError as error:
            st.warning(plain(sentence(str(error))))
            possible = False
        busy = active_run(session.runs_folder())
        if busy is not None:
            st.caption("A training is under way. The next one can start when it has ended.")
            if st.session_state.get("training_run") != busy.id:
                st.button("Show the training", on_click=_show, args=(busy,), key="training_show", width="stretch")
        if st.button(
            "Start training",
            type="primary",
            disabled=not possible or busy is not None,
            key="training_start",
            width="stretch",
        ):
            _start(preset, loaded, launch)


def _show(run: Run) -> None:
    st.session_state["training_run"] = run.id


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


def _what_is_kept(loaded: session.LoadedCohort, preparation) -> bool:
    funnel = selection_funnel(loaded, SelectionRules.of(preparation), session.chosen_filter())
    kept, total = int(funnel["kept"].iloc[-1]), int(funnel["kept"].iloc[0])
    train, validation, test = (round(share * 100) for share in preparation.fractions)
    st.markdown(
        f":gray[{kept:,} of {total:,} recordings are kept; {train} % train, {validation} % validation, {test} % test"
        + (", no patient in two parts.]" if preparation.split == "patient" else ".]")
    )
    if preparation.split != "patient":
        st.warning("Recordings of one patient are in training and in the test: the test's figures will be too good.")
    return True


def _start(preset, loaded: session.LoadedCohort, launch: Callable[[Run], None]) -> None:
    run = None
    try:
        check_free(session.runs_folder())  # another window may have started one since this page was drawn
        run = Run.create(session.runs_folder(), preset, loaded.path, filter=session.chosen_filter())
        launch(run)
    except InputError as error:
        tell(error)
        if run is not None and not run.active:
            with suppress(OSError):  # the run is listed: it says why it does not train, and can be resumed
                run.write_status(state="failed", message=str(error))
    if run is not None:
        st.session_state["training_run"] = run.id
    st.session_state.pop("training_seen", None)
    st.rerun()
