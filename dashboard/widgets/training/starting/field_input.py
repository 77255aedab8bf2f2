"""The widget that fits a field of a configuration: a list for choices, a number with its bounds, a switch, a text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from dashboard.widgets.training.starting.preset_fields import SettingField, bounds_of, choices_of


def field_input(
    field: SettingField,
    key: str,
    written: Any,
    write: Callable[[Any], None],
    *,
    own: Any = None,
    disabled: bool = False,
    choice_words: Mapping[Any, str] | None = None,
    **widget,
) -> None:
    """Ask for ``field``.

    Parameters
    ----------
    field
        What is asked for; its range bounds the widget.
    key
        Of the widget.
    written
        What stands there now.
    write
        Called with what a person puts there instead.
    own
        The value to go in steps around, so that the steps stay the same while the value changes.
    disabled
        Whether it can be changed.
    choice_words
        Choices in nicer words.
    widget
        ``help``, ``label_visibility`` … of the widget.
    """
    common = {"key": key, "disabled": disabled, "on_change": _write, "args": (key, write)} | widget
    first = _shown_at_first(key, written, leave_open=field.kind in ("whole", "number") and field.optional)
    if field.kind == "choice":
        choices = choices_of(field.info)
        words = choice_in_words if choice_words is None else choice_words.__getitem__
        index = {"index": choices.index(first["value"])} if first else {}
        st.selectbox(field.label, choices, format_func=words, **index, **common)
    elif field.kind == "switch":
        st.toggle(field.label, **first, **common)
    elif field.kind in ("whole", "number"):
        _number(field, own, first | common)
    else:
        st.text_input(field.label, **first, **common)


def _shown_at_first(key: str, written: Any, leave_open: bool) -> dict[str, Any]:
    """The value as the widget's default. Where it is drawn already with another one, that is replaced instead: a value
    from the session arrives in the browser a moment later, and for that moment the lowest value would stand there.

    A number that may be left open must have no default; otherwise it cannot be emptied.
    """
    drawn = key in st.session_state
    if leave_open:
        if not drawn or st.session_state[key] != written:
            st.session_state[key] = written
        return {"value": None}
    if drawn and st.session_state[key] != written:
        st.session_state[key] = written
        return {}
    return {"value": written}


def _write(key: str, write: Callable[[Any], None]) -> None:
    write(st.session_state[key])


def _number(field: SettingField, own: float | None, common: dict) -> None:
    kind = int if field.kind == "whole" else float
    low, high = (None if bound is None else kind(bound) for bound in bounds_of(field.info))
    step = step_around(own, low, high)
    if kind is int:
        step = 1 if abs(own or 0) < 100 else max(1, round(step))
    empty = {"placeholder": "none"} if field.optional else {}
    st.number_input(field.label, low, high, step=step, format="%d" if kind is int else "%g", **(empty | common))


def step_around(own: float | None, low: float | None, high: float | None) -> float:
    """A power of ten that leads from ``own`` to neither bound in one step: 0.001 around 0.002, 1000 around 5000."""
    if not own:
        return 0.1
    distances = (abs(own - bound) for bound in (0.0, low, high) if bound is not None)
    nearest = min((distance for distance in distances if distance > 0), default=1.0)
    return 10.0 ** math.floor(math.log10(nearest / 2) + 0.01)  # 0.002 is hardly nearer to 1e-7 than to 0


def choice_in_words(choice: Any) -> str:
    """A choice as it stands in a list."""
    return "any" if choice is None else str(choice).replace("_", " ")
