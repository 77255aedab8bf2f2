"""Which settings a search varies, and between which values: a row a setting, filled with a sensible range."""

from __future__ import annotations

from typing import Any

import streamlit as st

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.search.space import Choices, Dimension, Range, check_space, settings_of, value_in
from abr_model.search.suggestions import first_settings, suggested
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.starting.field_input import choice_in_words, step_around
from dashboard.widgets.training.starting.preset_fields import SettingField, bounds_of, choices_of, fields_of, in_words

MOST = 10
"""More settings than these need more trials than anybody has patience for."""
_SCALES = {"evenly": False, "by powers of ten": True}


def space_inputs(preset: Preset, figure: str, key: str) -> dict[str, Dimension] | None:
    """The space that a person asks for, checked; None where it cannot be searched (the page then says why).

    Parameters
    ----------
    figure
        What the search makes small: with a loss, what changes the loss itself cannot be varied.
    key
        Keeps the inputs of two presets apart.
    """
    fields = {path: field for path, field in fields_of(preset).items() if path in settings_of(preset, figure)}
    order = [path for path in settings_of(preset, figure) if path in fields]
    key = f"{key}_{'unit' if len(order) > len(settings_of(preset, 'validation_loss')) else 'loss'}"
    chosen = st.multiselect(
        "What is varied",
        order,
        first_settings(preset, figure),
        format_func=lambda path: fields[path].label,
        max_selections=MOST,
        key=f"{key}_settings",
        persist_state="session",
        help="Every trial trains with other values of these. Each setting more needs many trials more: three to five "
        "are a good start.",
    )
    asked: dict[str, Any] = {}
    for path in chosen:
        with st.container(border=True, gap="small"):
            asked[path] = _dimension(preset, fields[path], f"{key}_{path}")
    try:
        return check_space(preset, {path: values for path, values in asked.items() if values is not None}, figure)
    except InputError as error:
        hint = "Choose at least one setting." if not chosen else sentence(in_words(error, fields))
        st.warning(plain(hint))
        return None


def _dimension(preset: Preset, field: SettingField, key: str) -> Dimension | dict | None:
    start = suggested(preset, field.path)
    own = value_in(preset, field.path)
    words = f"**{plain(field.label)}** :gray[· the preset has {plain(_value_words(own))}]"
    if isinstance(start, Choices):
        left, right = st.columns([1.1, 2], vertical_alignment="center")
        left.markdown(words, help=_help(field))
        return _choices(field, start, right, key)
    left, low, high, scale = st.columns([1.05, 0.7, 0.7, 0.75], vertical_alignment="center")
    left.markdown(words, help=_help(field))
    return _range(field, start, (low, high, scale), key)


def _choices(field: SettingField, start: Choices, place, key: str) -> dict | None:
    if field.kind in ("choice", "switch"):
        options = choices_of(field.info) or [False, True]
        chosen = place.multiselect(
            "Values", options, list(start.choices), format_func=choice_in_words,
            key=f"{key}_choices", persist_state="session",
        )  # fmt: skip
        return {"choices": chosen}
    written = place.text_input(
        "Values",
        ", ".join(f"{value:g}" for value in start.choices),
        key=f"{key}_values",
        persist_state="session",
        help="Numbers with commas between: only these are tried.",
    )
    return {"choices": [_number(text) for text in written.split(",") if text.strip()]}


def _range(field: SettingField, start: Range, places, key: str) -> dict:
    kind = int if field.kind == "whole" else float
    lowest, highest = (None if bound is None else kind(bound) for bound in bounds_of(field.info))
    ends = []
    for place, name, value in zip(places, ("from", "to"), (start.low, start.high), strict=False):
        step = step_around(value, lowest, highest)
        ends.append(
            place.number_input(
                name.capitalize(),
                lowest,
                highest,
                kind(value),
                step=max(1, round(step)) if kind is int else step,
                format="%d" if kind is int else "%g",
                key=f"{key}_{name}",
                persist_state="session",
                help=f"Allowed: {field.allowed}.",
            )
        )
    scale = places[2].selectbox(
        "Spread",
        list(_SCALES),
        int(start.log),
        key=f"{key}_scale",
        persist_state="session",
        help="By powers of ten: as many values between 0.001 and 0.01 as between 0.01 and 0.1.",
    )
    return {"low": ends[0], "high": ends[1], "log": _SCALES[scale]}


def _number(text: str) -> int | float | str:
    text = text.strip()
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _value_words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else choice_in_words(value)


def _help(field: SettingField) -> str:
    allowed = f" Allowed: {field.allowed}." if field.allowed else ""
    return plain(field.meaning + allowed)
