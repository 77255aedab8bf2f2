"""What a training begins with: chance, a trained model, or a checkpoint of a run; and whether it fits the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.run import Run, list_runs
from dashboard import session
from dashboard.widgets.model_picker import model_names
from dashboard.widgets.problem import plain
from dashboard.widgets.training.run_facts import run_name
from dashboard.widgets.training.starting.draft import Base, Draft, StartFrom
from dashboard.widgets.training.starting.section import section

if TYPE_CHECKING:
    from abr_model.training.start import Start

CHANCE, MODEL, CHECKPOINT, SAME = "chance", "model", "checkpoint", "same"
WORDS = {
    CHANCE: "random weights",
    MODEL: "a trained model",
    CHECKPOINT: "a checkpoint of a run",
    SAME: "what the cloned run began with",
}


def start_weights(draft: Draft) -> None:
    """The choice of the weights to begin with; writes it into the draft."""
    kind = CHANCE if draft.start is None else draft.start.kind
    place = section("Start from", "start", f":gray[{WORDS[kind]}]")
    if place is None:
        return
    with place:
        kinds = [CHANCE, MODEL, CHECKPOINT] + [SAME] * (kind == SAME)
        st.session_state["training_start_kind"] = kind
        st.selectbox(
            "Start from",
            kinds,
            format_func=WORDS.get,
            key="training_start_kind",
            on_change=_take_kind,
            args=(draft,),
            label_visibility="collapsed",
        )
        st.caption(
            "A network that has learned already needs fewer epochs and fewer recordings (fine-tuning). It keeps its "
            "scaling, so network, scaling and sampling rate must be the same."
        )
        _which(draft)


def _which(draft: Draft) -> None:
    if draft.start is None:
        return
    if draft.start.kind == MODEL:
        _model(draft)
    elif draft.start.kind == CHECKPOINT:
        _checkpoint(draft)
    else:
        st.caption(plain(draft.start.words))
    if draft.start.folder:
        st.button(
            "Use its settings",
            key="training_start_settings",
            on_click=_take_settings,
            args=(draft,),
            help="Preset and values that it was trained with, with β at its last value from the first epoch on.",
        )


def _take_kind(draft: Draft) -> None:
    kind = st.session_state["training_start_kind"]
    if kind == CHANCE:
        draft.start = None
    elif draft.start is None or kind != draft.start.kind:
        draft.start = StartFrom(kind, "")


def _model(draft: Draft) -> None:
    names = model_names(session.available_models())
    if not names:
        st.caption("There is no trained model yet.")
        return
    if draft.start.folder not in names:
        chosen = session.chosen_model_folder()
        folder = str(chosen.folder) if chosen is not None else next(iter(names))
        draft.start = StartFrom(MODEL, folder if folder in names else next(iter(names)))
    st.session_state["training_start_model"] = draft.start.folder
    st.selectbox(
        "Model", list(names), format_func=names.get, key="training_start_model", on_change=_take_model, args=(draft,)
    )


def _take_model(draft: Draft) -> None:
    draft.start = StartFrom(MODEL, st.session_state["training_start_model"])


def _checkpoint(draft: Draft) -> None:
    runs = {str(run.folder): run for run in list_runs(session.runs_folder()) if has_checkpoint(run)}
    if not runs:
        st.caption("No run has kept a checkpoint yet.")
        return
    folder = draft.start.folder if draft.start.folder in runs else next(iter(runs))
    names = checkpoints_of(runs[folder])
    draft.start = StartFrom(CHECKPOINT, folder, draft.start.name if draft.start.name in names else names[0])
    left, right = st.columns([3, 2])
    st.session_state["training_start_run"], st.session_state["training_start_checkpoint"] = folder, draft.start.name
    left.selectbox(
        "Run", list(runs), format_func=lambda f: run_name(runs[f]), key="training_start_run",
        on_change=_take_checkpoint, args=(draft,),
    )  # fmt: skip
    right.selectbox(
        "Checkpoint", names, format_func=lambda name: name.replace("-", " "), key="training_start_checkpoint",
        on_change=_take_checkpoint, args=(draft,),
    )  # fmt: skip


def _take_checkpoint(draft: Draft) -> None:
    state = st.session_state
    draft.start = StartFrom(CHECKPOINT, state["training_start_run"], state["training_start_checkpoint"])


def has_checkpoint(run: Run) -> bool:
    """Whether ``run`` has kept one; looks at the folder alone."""
    return any(run.last_checkpoint.parent.glob("*.ckpt"))


def checkpoints_of(run: Run) -> list[str]:
    """``["best", "last", "epoch-10", …]``."""
    with st.spinner("Looking at the checkpoints …"):  # torch may have to be imported
        from abr_model.training.checkpoints import checkpoint_names

    return checkpoint_names(run)


def _take_settings(draft: Draft) -> None:
    try:
        preset = loaded(draft.start).fine_tuning_preset()
    except InputError as error:
        st.session_state["training_problem"] = error
        return
    draft.take_base("start", Base(preset, f"{preset.name} (for fine-tuning)", "model"))


def problem_with(start: StartFrom | None, preset: Preset) -> InputError | None:
    """Why a training with ``preset`` cannot begin with these weights; None where it can."""
    if start is None:
        return None
    if not start.folder:
        return InputError("there is nothing to start from", allowed="random weights")
    try:
        loaded(start).check(preset)
    except InputError as error:
        return error
    return None


def loaded(start: StartFrom) -> Start:
    """The weights.

    Raises
    ------
    InputError
        They are gone or damaged.
    """
    return _loaded(start.kind, start.folder, start.name, _state_of(start))


def _state_of(start: StartFrom) -> tuple:
    folder = Path(start.folder)
    file = {
        MODEL: folder / "weights.safetensors",
        CHECKPOINT: folder / "checkpoints" / f"{start.name}.ckpt",
        SAME: folder / "start.safetensors",
    }[start.kind]
    try:
        state = file.stat()
    except OSError as error:
        raise InputError("the weights to start from are not there any more", file=file.name) from error
    return state.st_mtime_ns, state.st_size


@st.cache_resource(max_entries=2, show_spinner="Reading the weights …")
def _loaded(kind: str, folder: str, name: str, state: tuple) -> Start:
    import torch

    from abr_model.training.start import Start

    torch.set_num_threads(1)
    if kind == MODEL:
        return Start.from_model(folder)
    run = Run(Path(folder))
    if kind == CHECKPOINT:
        return Start.from_checkpoint(run, name)
    if (origin := run.config.start) is None:
        raise InputError("the run began with random weights", value=run.id)
    return Start.read(run.folder, origin)
