"""The sliders of the four conditions, each with the training data marked beneath its track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from abr_model.generation.conditions import age_in_words, in_words
from abr_model.generation.support import sparse_note, support_findings
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE, Column, Kind
from dashboard.style import GRID, TRACE_STYLES, faded

LEVELS = tuple(range(0, 105, 5))
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


def condition_sliders(support: Mapping, theme: str) -> dict:
    """Sliders for level, age and rate and the hearing class; gives what they say as a condition.

    The settings live in the address, so a reload and a page change keep them and a link shares them.

    Parameters
    ----------
    support
        ``TrainedModel.support``: beneath each track stands where the training data lie, are few, or end.
    """
    condition = {}
    notes = {}
    st.html(CONDITIONS_CSS)
    with st.container(gap="xsmall"):
        condition[INTENSITY.name] = float(
            st.slider(
                "Intensity",
                LEVELS[0],
                LEVELS[-1],
                80,
                LEVELS[1] - LEVELS[0],
                "%d dB nHL",
                key="level",
                bind="query-params",
            )
        )
        notes[INTENSITY.name] = st.empty()
        condition[AGE.name] = st.select_slider(
            "Age", AGES, AGES[3], format_func=age_in_words, key="age", bind="query-params"
        )
        notes[AGE.name] = st.empty()
        condition[RATE.name] = round(
            st.slider("Stimulus rate", RATES[0], RATES[-1], 33.1, 2.0, "%.1f /s", key="rate", bind="query-params"), 1
        )
        notes[RATE.name] = st.empty()
        condition[HEARING_LOSS.name] = st.segmented_control(
            "Hearing",
            list(SHORT_LABELS),
            default="normal",
            required=True,
            format_func=SHORT_LABELS.get,
            help=HEARING_HELP,
            wrap=False,
            key="hearing",
            bind="query-params",
            width="stretch",
        )
    findings = {finding.column: finding for finding in support_findings(support, condition)}
    for column, positions in ((INTENSITY, LEVELS), (AGE, AGES), (RATE, RATES)):
        with notes[column.name].container(gap=None):
            st.html(support_strip(support, column, positions, theme))
            finding = findings.get(column.name)
            words = sparse_note(support, column, positions[0], positions[-1])
            st.caption(f":orange[{finding.sentence}]" if finding else words)
    return condition


def support_strip(support: Mapping, column: Column, positions: Sequence[float], theme: str) -> str:
    """A thin bar as long as a slider's track: coloured where 98 % of the training data lie, pale where few are.

    Parameters
    ----------
    positions
        Values of the slider's stops; stops are equally far apart.
    """
    known = support[column.name]
    place = lambda value: 100 * np.interp(value, positions, np.arange(len(positions))) / (len(positions) - 1)  # noqa: E731
    left, few_left, few_right, right = (place(known[k]) for k in ("minimum", "p1", "p99", "maximum"))
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    parts = ((left, right, faded(colour, 0.18)), (few_left, max(few_right, few_left + 0.8), faded(colour, 0.55)))
    bars = "".join(
        f'<div style="position:absolute;height:100%;border-radius:2px;background:{tint};'
        f'left:{start:.1f}%;width:{stop - start:.1f}%"></div>'
        for start, stop, tint in parts
    )
    title = (
        f"training data: {in_words(column.name, known['minimum'])} to {in_words(column.name, known['maximum'])}, "
        f"98 % between {in_words(column.name, known['p1'])} and {in_words(column.name, known['p99'])}"
    )
    return (
        f'<div role="img" aria-label="{title}" title="{title}" '
        f'style="position:relative;height:4px;background:{GRID[theme]};border-radius:2px">{bars}</div>'
    )
