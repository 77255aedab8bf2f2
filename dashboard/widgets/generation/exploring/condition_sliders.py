"""The conditions on the page: sliders with the training data marked beneath, and the level in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from abr_model.generation.conditions import age_in_words
from abr_model.generation.support_notes import class_note
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE
from dashboard.widgets.generation.exploring.training_note import class_marks, training_note

LEVELS = tuple(range(0, 105, 5))
USUAL_LEVEL = 80.0
_LEVEL, _ADDRESS = "generation_level", "generation_level_address"
RATES = tuple(round(5.1 + 2 * i, 1) for i in range(48))
AGES = tuple(months / 12 for months in (0, 1, 2, 3, 4, 6, 9, 12, 18)) + tuple(
    float(years) for years in (2, 3, 4, 5, 6, 8, 10, 12, 15, 18, *range(20, 95, 5))
)
"""Half of the track lies below six years: wave V matures within the first two (physiology notes, Gorga's age term)."""
SHORT_LABELS = {
    "normal": "Normal",
    "conductive": "Cond.",
    "sensorineural": "Sensori.",
    "neuropathy": "Neurop.",
    "total": "Total",
}
HEARING_HELP = ", ".join(h.label for h in HEARING_LOSSES)
CONDITIONS_CSS = """<style>
.st-key-conditions [data-testid="stSlider"] {margin-bottom: -1.05rem;}
.st-key-conditions [data-testid="stHtml"] {padding: 0 7px;}
.st-key-conditions [data-testid="stCaptionContainer"] p {font-size: 0.8rem; line-height: 1.3;}
.st-key-conditions [data-testid="stCaptionContainer"] {min-height: 1.25rem;}
.st-key-conditions [data-testid="stButtonGroup"] button {padding: 0.25rem 0.1rem; min-height: 2rem;}
.st-key-conditions [data-testid="stButtonGroup"] button p {font-size: 0.83rem;}
</style>"""


def chosen_level() -> float:
    """The level to show, dB nHL: the last one chosen in this session, else that of the address, else 80.

    The intensity slider is a component of its own (``response_scrubber``), so this and :func:`choose_level` do for it
    what ``bind="query-params"`` does for Streamlit's sliders.
    """
    asked = st.query_params.get("level")
    if _LEVEL not in st.session_state or (asked is not None and asked != st.session_state.get(_ADDRESS)):
        st.session_state[_LEVEL] = _allowed_level(asked)
    level = st.session_state[_LEVEL]
    text = f"{level:g}"
    if level != USUAL_LEVEL:
        st.query_params["level"] = text
    elif asked is not None:
        del st.query_params["level"]
    st.session_state[_ADDRESS] = text
    return float(level)


def choose_level(level_db_nhl: float) -> None:
    """Show this level from now on."""
    st.session_state[_LEVEL] = level_db_nhl


def _allowed_level(text: str | None) -> float:
    """A level of an address, where it is one of :data:`LEVELS`."""
    return next((float(level) for level in LEVELS if text == f"{level:g}"), USUAL_LEVEL)


def condition_sliders(support: Mapping, theme: str) -> dict:
    """Sliders for age and rate and the hearing class; gives what they say, with :func:`chosen_level`, as a condition.

    The settings live in the address, so a reload and a page change keep them and a link shares them.

    Parameters
    ----------
    support
        ``TrainedModel.support``: beneath each track stands where the training data lie, are few, or end, given the
        other conditions.
    """
    condition = {INTENSITY.name: chosen_level()}
    notes = {}
    st.html(CONDITIONS_CSS)
    with st.container(gap="xsmall"):
        condition[AGE.name] = st.select_slider(
            "Age", AGES, AGES[3], format_func=age_in_words, key="age", bind="query-params"
        )
        notes[AGE.name] = st.empty()
        condition[RATE.name] = round(
            st.slider("Stimulus rate", RATES[0], RATES[-1], 33.1, 2.0, "%.1f /s", key="rate", bind="query-params"), 1
        )
        notes[RATE.name] = st.empty()
        st.html(class_marks(support, condition, theme))
        condition[HEARING_LOSS.name] = st.segmented_control(
            "Hearing",
            list(SHORT_LABELS),
            default="normal",
            required=True,
            format_func=SHORT_LABELS.get,
            help=". ".join(filter(None, [HEARING_HELP, class_note(support, condition).capitalize()])),
            wrap=False,
            key="hearing",
            bind="query-params",
            width="stretch",
        )
    for column, positions in ((AGE, AGES), (RATE, RATES)):
        with notes[column.name].container(gap=None):
            note = training_note(support, column, positions, condition, theme)
            st.html(note.strip)
            st.caption(f":orange[{note.words}]" if note.warns else note.words)
    return condition
