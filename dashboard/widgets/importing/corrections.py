"""Corrections that a check offers, as changes of what the person said."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from abr_model.schema import COLUMNS_BY_NAME
from abr_model.sources.checks.findings import Correction
from abr_model.sources.columns.mapping import ColumnMapping
from dashboard.widgets.importing.state import ImportState, Settings
from dashboard.widgets.problem import plain, sentence

_CODES = "missing_values."
_UNITS = {
    "unit": "the samples",
    "waveform_unit": "the samples",
    "latency_unit": "latencies",
    "amplitude_unit": "amplitudes",
    "residual_noise_unit": "residual noise",
    "age_unit": "ages",
}


def can_apply(settings: Settings, correction: Correction) -> bool:
    """Whether there is an answer of the person that the correction would change."""
    if correction.name in Settings.__dataclass_fields__:
        return True
    field = "missing_values" if correction.name.startswith(_CODES) else correction.name
    return settings.mapping is not None and field in ColumnMapping.model_fields


def corrected(settings: Settings, correction: Correction) -> Settings:
    """The settings with a correction; it must be one that :func:`can_apply`."""
    name, value, mapping = correction.name, correction.value, settings.mapping
    if name in Settings.__dataclass_fields__:
        return replace(settings, **{name: value})
    if name.startswith(_CODES):
        column = name.removeprefix(_CODES)
        codes = dict.fromkeys([*mapping.missing_values.get(column, ()), str(value)])
        name, value = "missing_values", mapping.missing_values | {column: tuple(codes)}
    return replace(settings, mapping=mapping.model_copy(update={name: value}))


def in_words(correction: Correction) -> str:
    """What a click does: ``"Set the shift of all latencies to +0.85 ms"``."""
    name, value = correction.name, correction.value
    if name == "label_shift_ms":
        return f"Set the shift of all latencies to {value:+g} ms"
    if name == "invert_polarity":
        return "Turn every trace over" if value else "Leave the traces as they are in the file"
    if name in _UNITS:
        return f"Read {_UNITS[name]} as {value}"
    if name.startswith(_CODES):
        column = COLUMNS_BY_NAME[name.removeprefix(_CODES)]
        return f"Read {value} as missing: {column.in_sentence}"
    return sentence(correction.sentence).removesuffix(".")


def correction_button(state: ImportState, correction: Correction | None, key: str) -> None:
    """Applies the correction; nothing where there is none that can be applied here."""
    if correction is None or not can_apply(state.settings, correction):
        return
    st.button(
        plain(in_words(correction)), key=state.key(key), on_click=_apply, args=(state, correction),
        icon=":material/build:", help=plain(sentence(correction.sentence)),
    )  # fmt: skip


def undo_button(state: ImportState) -> None:
    """What was applied so far, and a way back from the last."""
    if not state.changes:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Applied: " + "; ".join(plain(words) for words, _ in state.changes) + ".")
        st.button("Undo the last", on_click=_undo, args=(state,), key="import_undo", type="tertiary")


def _apply(state: ImportState, correction: Correction) -> None:
    state.changes.append((in_words(correction), state.settings))
    _take(state, corrected(state.settings, correction))


def _undo(state: ImportState) -> None:
    _, before = state.changes.pop()
    _take(state, before)


def _take(state: ImportState, settings: Settings) -> None:
    state.settings = settings
    state.revision += 1
    state.forget_result()
