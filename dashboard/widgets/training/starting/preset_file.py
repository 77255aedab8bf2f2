"""The settings as a YAML file: for `abr train --preset`, for a colleague, for another day."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from abr_model.configuration import Preset, load_preset
from abr_model.errors import InputError
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.starting.draft import Base, Draft

MOST_BYTES = 100_000
_ROUND = "training_preset_round"
_PROBLEM = "training_preset_problem"


def preset_file(draft: Draft) -> None:
    """A small menu: take the settings along, or bring some."""
    with st.popover("Preset file", key="training_preset_file"):
        try:
            text = draft.preset().to_yaml()
        except InputError:
            text = None
        st.download_button(
            "Download (YAML)",
            text or "",
            f"{draft.own.name.replace(' ', '-')}.yaml",
            "application/yaml",
            key="training_preset_download",
            on_click="ignore",
            disabled=text is None,
            width="stretch",
            help="For `abr train --preset FILE`; `name` in the file is what it is called.",
        )
        key = f"training_preset_upload_{st.session_state.get(_ROUND, 0)}"
        st.file_uploader("Bring one (.yaml)", type=["yaml", "yml"], key=key, on_change=_bring, args=(draft, key))
        if problem := st.session_state.get(_PROBLEM):
            st.error(f"{plain(sentence(problem))} Your settings are as they were.")


def _bring(draft: Draft, key: str) -> None:
    brought = st.session_state[key]
    st.session_state.pop(_PROBLEM, None)
    if brought is None:
        return
    try:
        preset = preset_in(brought.getvalue(), brought.name)
    except InputError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    draft.take_base(f"file {preset.name}", Base(preset, f"{preset.name} (from a file)", "file"))
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # an empty uploader


def preset_in(content: bytes, name: str) -> Preset:
    """The preset in a file that a person brought; ``name`` is what it is called.

    Raises
    ------
    InputError
        As :func:`abr_model.configuration.load_preset`, or too large to be one.
    """
    if len(content) > MOST_BYTES:
        raise InputError("the file is too large for a preset", file=name, allowed=f"{MOST_BYTES // 1000} kB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preset.yaml"
        path.write_bytes(content)
        try:
            return load_preset(path)
        except InputError as error:
            raise InputError(error.problem, file=name, value=error.value, allowed=error.allowed) from error
