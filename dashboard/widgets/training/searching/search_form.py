"""Make a search: what it trains on, how many trials, what is varied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from abr_model.configuration import Preset, load_preset, preset_names
from abr_model.errors import InputError
from abr_model.runs.machine import Machine
from abr_model.search.config import SearchConfig
from abr_model.search.figures import FIGURES, has_unit
from abr_model.search.folder import Search
from abr_model.selection import SelectionRules
from dashboard import session
from dashboard.summaries import selection_funnel
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.problem import show_problem
from dashboard.widgets.training.searching.search_space import space_inputs
from dashboard.widgets.training.starting.estimate_card import estimated

_SAMPLERS = {"tpe": "near what did well so far", "random": "at random"}
_PRUNERS = {
    "median": "worse than the middle of the others",
    "halving": "not among the best quarter",
    "none": "never: all epochs",
}
_KEPT = {"persist_state": "session"}


def search_form(launch_search: Callable[..., Any]) -> Search | None:
    """The form. ``launch_search(search)`` starts a worker outside of this page.

    Returns
    -------
    Search or None
        The one that was made and started just now.
    """
    left, right = st.columns([1, 1.8], gap="medium")
    with left:
        with st.container(border=True, gap="small"):
            names = preset_names()
            name = st.selectbox(
                "Preset", names, names.index("default") if "default" in names else 0, key="search_preset",
                help="The model whose settings are varied. What is not varied stays as it is here.", **_KEPT,
            )  # fmt: skip
            preset = load_preset(name)
            _cohort()
            filter_box()
            kept = _kept(preset)
        with st.container(border=True, gap="small"):
            asked = _amount(preset)
        with st.container(border=True, gap="small"):
            asked |= _how()
    with right:
        st.markdown("**Which settings are tried** :gray[ · each trial takes one value of each]")
        space = space_inputs(preset, asked["figure"], f"search_{name}")
        _in_all(asked, space)
        started = st.button("Start the search", type="primary", key="search_start", disabled=space is None or not kept)
        if started:
            return _made(preset, space, asked, launch_search)
        if kept:  # last: it is measured, which takes a moment
            _duration(preset, asked, min(kept, asked["recordings"] or kept))
    return None


def _cohort() -> None:
    chosen = session.chosen_cohort()
    files = {str(chosen.path): chosen.name} | {str(file.path): file.name for file in session.available_cohorts()}
    st.session_state["search_cohort"] = str(chosen.path)
    st.selectbox("Cohort", list(files), format_func=files.get, key="search_cohort", on_change=_pick_cohort)


def _kept(preset: Preset) -> int:
    """How many recordings are kept; 0 where they cannot be trained on (the page then says why)."""
    try:
        rules = SelectionRules.of(preset.preparation)
        kept = int(selection_funnel(session.chosen_cohort(), rules, session.chosen_filter())["kept"].iloc[-1])
        st.caption(f"{kept:,} of them are kept for training, validation and test.")
        return kept
    except InputError as error:
        show_problem(error)
        return 0


def _duration(preset: Preset, asked: dict[str, Any], recordings: int) -> None:
    from abr_model.training.estimate import duration_in_words

    told = estimated(
        preset.changed(training={"epochs": asked["epochs"]}), recordings, asked["threads"], asked["machine"]
    )
    if told is not None:
        seconds = told.seconds_per_epoch * asked["epochs"] * asked["trials"]
        st.caption(
            f"About {duration_in_words(seconds)} on this machine with one worker, if every trial were as the preset "
            f"and trained to its end (≈ {duration_in_words(told.seconds_per_epoch)} an epoch)."
        )


def _pick_cohort() -> None:
    try:
        session.choose_cohort(st.session_state["search_cohort"])
    except InputError as error:
        st.session_state["training_problem"] = error


def _amount(preset: Preset) -> dict[str, Any]:
    trials = st.number_input(
        "Trials", 1, 100_000, 30, key="search_trials_asked",
        help="How many trainings in all. As a rule of thumb ten for each setting that is varied.", **_KEPT,
    )  # fmt: skip
    epochs = st.number_input(
        "Epochs of a trial", 1, 10_000, preset.training.epochs, key=f"search_{preset.name}_epochs",
        help="A trial may be shorter than a whole training: it only has to show which settings learn better. The best "
        "one can be trained again, whole.", **_KEPT,
    )  # fmt: skip
    recordings = st.number_input(
        "Only about so many recordings", 30, None, None, placeholder="all that are kept", key="search_recordings",
        help="Fewer recordings make a trial faster. Whole patients are taken.", **_KEPT,
    )  # fmt: skip
    figure = st.selectbox(
        "What shall become small", list(FIGURES), format_func=FIGURES.get, key="search_figure",
        help="Measured on the validation recordings in the best epoch of each trial. Less is better.", **_KEPT,
    )  # fmt: skip
    if has_unit(figure):
        st.caption("A model that is good at this alone may generate badly: the loss weighs everything together.")
    return {"trials": trials, "epochs": epochs, "recordings": recordings, "figure": figure}


def _how() -> dict[str, Any]:
    label = st.text_input(
        "Label", max_chars=80, placeholder="to recognise it by", key="search_label",
        help="No names, birth dates or numbers of patients.", **_KEPT,
    )  # fmt: skip
    with st.expander("How it searches"):
        sampler = st.selectbox(
            "Values are chosen", list(_SAMPLERS), format_func=_SAMPLERS.get, key="search_sampler", **_KEPT
        )
        seed = st.number_input("Seed of the choice", 0, 2**31 - 1, 0, key="search_seed", **_KEPT)
        pruner = st.selectbox(
            "A trial ends early when it is", list(_PRUNERS), format_func=_PRUNERS.get, key="search_pruner",
            help="Compared with the other trials after the same number of epochs. It saves about half of the time.",
            **_KEPT,
        )  # fmt: skip
        threads = st.number_input(
            "Processor threads", 1, 256, 1, key="search_threads",
            help=SearchConfig.model_fields["threads"].description, **_KEPT,
        )  # fmt: skip
        accelerator = st.selectbox("Train on", ["auto", "cpu", "cuda", "mps"], key="search_accelerator",
                                   help=Machine.model_fields["accelerator"].description, **_KEPT)  # fmt: skip
        storage = st.text_input(
            "Shared database", placeholder="none: a file beside the search", key="search_storage",
            help="Address of a database, if several machines shall search together: postgresql://…, mysql+pymysql://… "
            "A password must be the name of a variable of the environment.", **_KEPT,
        )  # fmt: skip
    return {
        "label": label,
        "sampler": {"kind": sampler, "seed": seed},
        "pruner": {"kind": pruner},
        "threads": threads,
        "machine": Machine(accelerator=accelerator),
        "storage": storage.strip() or None,
    }


def _in_all(asked: dict[str, Any], space: dict | None) -> None:
    epochs = asked["trials"] * asked["epochs"]
    st.caption(
        f"{asked['trials']:,} trials of up to {asked['epochs']:,} epochs, {epochs:,} epochs in all at most. They "
        "train one after the other, and wait their turn behind other trainings of this machine. No trial fits a "
        "sampler: only how well it learns counts." + _few(asked, space)
    )


def _few(asked: dict[str, Any], space: dict | None) -> str:
    if space is None or asked["trials"] >= 5 * len(space):
        return ""
    return " These are few trials for so many settings: chance will decide much."


def _made(preset: Preset, space, asked: dict[str, Any], launch_search: Callable[..., Any]) -> Search | None:
    try:
        search = Search.create(
            session.data_folder(), preset, session.chosen_cohort().path, space, filter=session.chosen_filter(), **asked
        )
    except InputError as error:
        show_problem(error)
        return None
    try:
        launch_search(search)
    except InputError as error:  # it is listed and can be started from there
        st.session_state["training_problem"] = error
    st.session_state.pop("search_label", None)
    return search
