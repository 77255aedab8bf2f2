"""Clone with changes: the form as a run was made, as far as its cohort and its weights are still there."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.notes import read_notes
from abr_model.runs.run import Run, RunConfig
from dashboard import session
from dashboard.widgets.training.run_facts import run_name
from dashboard.widgets.training.starting.draft import OF_THE_MACHINE, OF_THE_RUN, Base, Draft, StartFrom
from dashboard.widgets.training.starting.start_weights import SAME

ASKED = "training_clone"
"""Key of the session: id of the run to clone, until the form has taken it over."""


def take_clone(draft: Draft) -> None:
    """Fill ``draft`` from the run that was asked for, once."""
    run_id = st.session_state.pop(ASKED, None)
    if run_id is None:
        return
    try:
        run = Run.open(session.runs_folder(), run_id)
        clone(draft, run, run.config)
    except InputError as error:
        st.session_state["training_problem"] = error
        draft.remarks = [str(error)]


def clone(draft: Draft, run: Run, config: RunConfig) -> None:
    """Preset, cohort, filter, machine, weights and label of ``run``."""
    draft.take_base(f"run {run.id}", Base(config.preset, f"{config.preset.name} (as in {run_name(run)})", "run"))
    draft.options = {name: getattr(config, name) for name in OF_THE_RUN}
    draft.options |= {name: getattr(config.machine, name) for name in OF_THE_MACHINE}
    draft.options["label"] = read_notes(run).label
    draft.remarks = []
    if config.dry_run:
        draft.options["recordings"] = None
        draft.remarks.append("it was a dry run, with other settings than a training")
    draft.start = None
    if config.start is not None:
        draft.start = StartFrom(SAME, str(run.folder), words=config.start.words)
    _take_cohort(draft, config)


def _take_cohort(draft: Draft, config: RunConfig) -> None:
    path = Path(config.cohort_path)
    try:
        loaded = session.load_cohort(path)
        if loaded.digest != config.cohort_digest:
            draft.remarks.append(f"the cohort “{config.cohort}” was replaced since: the recordings are others")
        session.choose_cohort(path)
    except InputError:
        draft.remarks.append(f"the cohort “{config.cohort}” is not there any more: choose one")
        return
    session.set_filter(config.filter)
