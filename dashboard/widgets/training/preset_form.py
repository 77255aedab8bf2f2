"""The training form, built from the fields of the configuration: range, default and help come from there."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from abr_model.configuration import Preset

MAIN_FIELDS = (
    ("training", "epochs"),
    ("training", "batch_size"),
    ("training", "learning_rate"),
    ("preparation", "fmp_above"),
    ("training", "seed"),
    ("preparation", "split"),
)
MORE_FIELDS = (
    ("preparation", "polarity"),
    ("training", "early_stopping_patience"),
    ("training", "optimiser"),
    ("training", "weight_decay"),
    ("training", "schedule"),
    ("training", "step_size"),
    ("training", "gamma"),
    ("training", "gradient_clip"),
    ("training", "noise_sd"),
    ("training", "max_shift_samples"),
)
LABELS = {
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
    "fmp_above": "Keep Fmp above",
    "seed": "Seed",
    "split": "Split by",
    "polarity": "Stimulus polarity",
    "early_stopping_patience": "Patience (epochs)",
    "optimiser": "Optimiser",
    "weight_decay": "Weight decay",
    "schedule": "Learning-rate schedule",
    "step_size": "Schedule step (epochs)",
    "gamma": "Schedule factor",
    "gradient_clip": "Gradient clip (norm)",
    "noise_sd": "Added noise (SD, scaled)",
    "max_shift_samples": "Time shift (samples)",
}


def preset_form(preset: Preset, key: str) -> dict[str, dict[str, Any]]:
    """Inputs for the fields that a person may change; returns them by part, for :meth:`Preset.changed`.

    ``key`` keeps the inputs of two presets apart: another preset starts at its own values.
    """
    values: dict[str, dict[str, Any]] = {}
    left, right = st.columns(2)
    for i, (part, name) in enumerate(MAIN_FIELDS):
        with left if i % 2 == 0 else right:
            values.setdefault(part, {})[name] = _input(preset, part, name, key)
    with st.expander("More settings"):
        left, right = st.columns(2)
        for i, (part, name) in enumerate(MORE_FIELDS):
            with left if i % 2 == 0 else right:
                values.setdefault(part, {})[name] = _input(preset, part, name, key)
    return values


def _input(preset: Preset, part: str, name: str, key: str):
    model = getattr(preset, part)
    field = type(model).model_fields[name]
    return field_input(LABELS.get(name, name), field, getattr(model, name), f"{key}_{part}_{name}")


def field_input(label: str, field: FieldInfo, value, key: str):
    """The widget that fits a field: a list for choices, a number with the field's bounds otherwise."""
    help_text = field.description
    if choices := choices_of(field):
        return st.selectbox(
            label,
            choices,
            choices.index(value),
            format_func=lambda c: "any" if c is None else c,
            key=key,
            help=help_text,
        )
    low, high = bounds_of(field)
    help_text = f"{help_text}. {low:g} to {high:g}."
    if isinstance(value, int) and not _accepts_float(field):
        return int(st.number_input(label, int(low), int(high), value, 1, key=key, help=help_text))
    small = value is not None and 0 < value < 0.01
    return st.number_input(
        label,
        float(low),
        float(high),
        None if value is None else float(value),
        step=float(value) / 2 if small else 0.1,
        format="%.6f" if small else "%.3f" if value and value < 0.1 else "%.2f",
        key=key,
        help=help_text,
    )


def choices_of(field: FieldInfo) -> list:
    """The values of a field that has only some, None among them where it may be left open; [] otherwise."""
    annotations = (
        get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else (field.annotation,)
    )
    literals = [a for a in annotations if get_origin(a) is Literal]
    choices = [choice for literal in literals for choice in get_args(literal)]
    return choices + [None] * (bool(choices) and type(None) in annotations)


def bounds_of(field: FieldInfo) -> tuple[float, float]:
    """Lowest and highest value of a number field."""
    found = {
        side: getattr(rule, side)
        for rule in field.metadata
        for side in ("ge", "gt", "le", "lt")
        if getattr(rule, side, None) is not None
    }
    return found.get("ge", found.get("gt", -1e9)), found.get("le", found.get("lt", 1e9))


def _accepts_float(field: FieldInfo) -> bool:
    return field.annotation is float or float in get_args(field.annotation)
