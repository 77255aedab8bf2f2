"""Which model the Generation page works with."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from abr_model.errors import InputError
from dashboard import session
from dashboard.session import ModelFolder
from dashboard.widgets.problem import plain


def model_picker() -> None:
    """The model in use; a list where there are several. What is picked is chosen for every page."""
    models = session.available_models()
    chosen = session.chosen_model_folder()
    if chosen is None:
        st.markdown(":gray[none yet: train one]")
    elif len(models) == 1:
        st.markdown(f"**{plain(chosen.name)}**")
    else:
        st.session_state["model"] = str(chosen.folder)
        names = model_names(models)
        st.selectbox(
            "Model", list(names), format_func=names.get, key="model", on_change=_pick, label_visibility="collapsed"
        )
    if problem := session.pop_model_problem():
        st.warning(plain(problem))


def model_names(models: list[ModelFolder]) -> dict[str, str]:
    """Folder → a name that no other has: the model's own, and where two share it, where the model lies."""
    counts = Counter(m.name for m in models)
    return {str(m.folder): m.name if counts[m.name] == 1 else f"{m.name} · {_place(m)}" for m in models}


def _place(model: ModelFolder) -> str:
    """The shipped model's own folder, or the run's: a run's model always lies in ``model``."""
    return model.folder.parent.name if model.folder.name == "model" else model.folder.name


def _pick() -> None:
    try:
        session.choose_model(st.session_state["model"])
    except InputError as error:
        session.tell_model_problem(f"{error} The model chosen before is kept.")
