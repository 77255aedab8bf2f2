"""Which model is in use for generation, chosen among the runs that are compared and the shipped models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.run import Run
from dashboard import session
from dashboard.model_folders import ModelFolder
from dashboard.model_in_use import is_in_use, model_in_use
from dashboard.navigation import link_to
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.run_facts import config_of

_PROBLEM = "compare_model_problem"


def model_card(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """Says which model generates now, and takes another; a dry run's model is not offered."""
    with st.container(border=True):
        st.markdown(
            "**Model for generation**",
            help="The page Generation works with this model, also after a reload and after a restart, in every new "
            "window. A window in which another one was picked at the left keeps its own.",
        )
        models = session.available_models()
        now = session.chosen_model_folder()
        st.markdown(f":green-badge[in use] {plain(_title(now, runs, names))}" if now else ":gray[None yet.]")
        offered = offered_models(models, runs)
        if not offered:
            st.caption("None of these runs has made a model yet.")
            return
        by_folder = {str(model.folder): model for model in offered}
        key = f"compare_model_{'.'.join(sorted(run.id[-4:] for run in runs))}"
        folder = st.selectbox(
            "Use another",
            list(by_folder),
            format_func=lambda folder: _title(by_folder[folder], runs, names),
            key=key,
        )
        # Without any choice the shipped model generates; the newest of one's own does so only until there is a newer.
        by_default = model_in_use() is None and now is not None and now.origin == "shipped"
        used = now is not None and str(now.folder) == folder and (is_in_use(folder) or by_default)
        st.button(
            "Used for generation" if used else "Use for generation",
            type="primary",
            disabled=used,
            on_click=_use,
            args=(folder,),
            key="compare_use_model",
            width="stretch",
        )
        if problem := st.session_state.pop(_PROBLEM, None):
            st.error(problem)
        link_to("generation", "Open Generation")
        if any((config := config_of(run)) is not None and config.dry_run for run in runs):
            st.caption("The model of a dry run is not offered: it has hardly learned anything.")


def offered_models(models: Sequence[ModelFolder], runs: Sequence[Run]) -> list[ModelFolder]:
    """Models of ``runs`` in their order, without those of dry runs; then the shipped ones."""
    places = {
        run.model_folder: place
        for place, run in enumerate(runs)
        if (config := config_of(run)) is not None and not config.dry_run
    }
    own = sorted((model for model in models if model.folder in places), key=lambda model: places[model.folder])
    return own + [model for model in models if model.origin == "shipped"]


def _title(model: ModelFolder, runs: Sequence[Run], names: Mapping[str, str]) -> str:
    """The name of its run, as in the tables, where it is one of these; else its own name and where it is from."""
    name = next((names[run.id] for run in runs if run.model_folder == model.folder), None)
    return f"{model.name} ({model.origin})" if name is None else name


def _use(folder: str) -> None:
    try:
        session.use_model(folder)
    except InputError as error:
        st.session_state[_PROBLEM] = plain(sentence(str(error)))
