"""The same ear at other levels, rates and ages, beside the usual ear and the ear's own recordings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.conditions import age_in_words, in_words
from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.generation.ears.known_changes import change_notes
from abr_model.generation.nearest import steps_between
from abr_model.generation.response import ResponseSeries
from abr_model.recordings import Recordings
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, INTENSITY, RATE, WAVES, latency_column
from dashboard.charts.ears.elsewhere import ear_latency_figure, ear_series_figure, elsewhere_figure
from dashboard.charts.generation import HARDLY_MARKED
from dashboard.ears import InferredEar, ear_at_levels
from dashboard.generated import generated_series
from dashboard.session import LoadedModel
from dashboard.widgets.generation.exploring.axes import AGES, LEVELS, RATES
from dashboard.widgets.generation.exploring.training_note import training_note
from dashboard.widgets.generation.exploring.waves_table import WAVES_CSS
from dashboard.widgets.generation.one_patient.same_ear import recordings_of_ear
from dashboard.widgets.generation.one_patient.taking_along import ear_download, picture

V = WAVES.index("V")
STACK_STEP = 10
SLIDERS_CSS = """<style>
.st-key-one_patient_conditions [data-testid="stSlider"] {margin-bottom: -1.05rem;}
.st-key-one_patient_conditions [data-testid="stHtml"] {padding: 0 7px;}
.st-key-one_patient_conditions [data-testid="stCaptionContainer"] p {font-size: 0.8rem; line-height: 1.3;}
</style>"""


@st.fragment
def elsewhere_view(chosen: LoadedModel, inferred: InferredEar, recordings: Recordings, theme: str) -> None:
    """Sliders on the left; the response there, the level series and the latency–intensity function on the right."""
    ear = inferred.ear
    left, right = st.columns([1, 2.75], gap="medium")
    with left:
        condition = other_conditions(chosen.model.support, inferred, theme)
    levels = tuple(sorted({*LEVELS, condition[INTENSITY.name], ear.condition[INTENSITY.name]}))
    try:
        series = ear_at_levels(chosen, inferred, condition, levels)
        usual = generated_series(chosen, condition, INTENSITY.name, levels)
    except InputError as error:
        right.error(str(error))
        return
    at = levels.index(condition[INTENSITY.name])
    own = recordings_of_ear(recordings, inferred)
    there = own.take(np.flatnonzero(_like(own.table, condition, CONDITION_NAMES)))
    any_level = own.take(np.flatnonzero(_like(own.table, condition, (AGE.name, RATE.name, HEARING_LOSS.name))))
    with left, st.container(border=True, gap="xsmall", key="one_patient_waves"):
        st.markdown("**Waves** :gray[ · this ear · usual ear]")
        st.html(_table_html(waves_table(series, at, usual, there.table)))
        st.caption("In brackets: how unsure. On the simulated clinic 8 in 10 true latencies of wave V lay inside.")
    with right:
        with st.container(border=True, gap="xsmall"):
            place = "the recording's own conditions" if series.own[at] == 1 else "generated from one recording"
            st.markdown(f"**The same ear at {in_words(INTENSITY.name, condition[INTENSITY.name])}** :gray[ · {place}]")
            picture(
                elsewhere_figure(series, at, usual.mean[at], there, theme),
                "one_patient_elsewhere",
                f"Response of the inferred ear at {condition[INTENSITY.name]:g} dB nHL beside the usual ear and "
                f"{len(there)} recordings of this ear there",
            )
            for note in change_notes(ear, condition):
                st.caption(f":orange[{note}]")
            ear_download(chosen, series, [ear], "level-series", "one_patient_series")
        stack, function = st.columns(2, gap="medium")
        kept = _every(series, STACK_STEP, {condition[INTENSITY.name], *any_level.table[INTENSITY.name].tolist()})
        with stack, st.container(border=True, gap="xsmall"):
            st.markdown("**Level series** :gray[ · solid: generated, broken: recorded]")
            picture(
                ear_series_figure(kept, condition[INTENSITY.name], any_level, theme),
                "one_patient_stack",
                f"Inferred responses at {len(kept)} levels, stacked, with {len(any_level)} recordings over them",
            )
        with function, st.container(border=True, gap="xsmall"):
            st.markdown("**Wave V latency–intensity** :gray[ · bars: how unsure]")
            seen = ~(usual.marked[:, V] < HARDLY_MARKED)
            picture(
                ear_latency_figure(series, np.where(seen, usual.latency_ms[:, V], np.nan), any_level, theme),
                "one_patient_function",
                "Wave V latency by level: this ear, the usual ear, and the marks of this ear's recordings",
            )


def other_conditions(support: Mapping, inferred: InferredEar, theme: str) -> dict:
    """Sliders for level, age and rate, which begin at the recording's own; the hearing stays.

    Beneath each stands where the training data lie.
    """
    own, condition, notes = inferred.ear.condition, {}, {}
    start = f"one_patient_at_{abs(hash(inferred.key))}"
    words = {
        INTENSITY: ("Level", LEVELS, lambda v: in_words(INTENSITY.name, v)),
        AGE: ("Age", AGES, age_in_words),
        RATE: ("Stimulus rate", RATES, lambda v: in_words(RATE.name, v)),
    }
    st.html(SLIDERS_CSS)
    with st.container(key="one_patient_conditions", gap="xsmall"):
        for column, (label, stops, in_text) in words.items():
            here = own[column.name]
            stops = tuple(sorted({*(s for s in stops if abs(s - here) > 1e-6), here}))
            condition[column.name] = st.select_slider(
                label, stops, here, format_func=in_text, key=f"{start}_{column.name}"
            )
            notes[column.name] = (column, stops, st.empty())
        condition[HEARING_LOSS.name] = own[HEARING_LOSS.name]
        for column, stops, place in notes.values():
            note = training_note(support, column, stops, condition, theme)
            with place.container(gap=None):
                st.html(note.strip)
                st.caption(f":orange[{note.words}]" if note.warns else note.words)
        st.caption(f"Hearing: {in_words(HEARING_LOSS.name, own[HEARING_LOSS.name]).lower()}, as in the recording.")
    return {name: condition[name] for name in CONDITION_NAMES}


def waves_table(series: EarResponses, at: int, usual: ResponseSeries, there: pd.DataFrame) -> pd.DataFrame:
    """Per wave: latency and amplitude of this ear with their ranges, of the usual ear, and as marked there."""
    rows = []
    for k, wave in enumerate(WAVES):
        hardly = series.marked[at, k] < HARDLY_MARKED
        latency = "–" if hardly else _ranged(series.latency_ms, series.latency_low, series.latency_high, at, k)
        amplitude = "–" if hardly else _ranged(series.amplitude_uv, series.amplitude_low, series.amplitude_high, at, k)
        unusual = usual.marked[at, k] < HARDLY_MARKED
        marks = there[latency_column(wave)].dropna()
        rows.append(
            (
                wave,
                latency,
                "–" if unusual else _number(usual.latency_ms[at, k]),
                _number(marks.median()) if len(marks) else "–",
                amplitude,
            )
        )
    return pd.DataFrame(rows, columns=["wave", "ms", "usual", "marked", "µV"])


def _ranged(values, low, high, at: int, k: int) -> str:
    if not np.isfinite(values[at, k]):
        return "–"
    return f"{values[at, k]:.2f}<small>({low[at, k]:.2f} to {high[at, k]:.2f})</small>"


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def _table_html(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{name}</th>" for name in ["", *table.columns[1:]])
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in table.itertuples(index=False))
    css = "<style>table.waves small {opacity: 0.65; display: block; line-height: 1;}</style>"
    return f'{WAVES_CSS}{css}<table class="waves"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _like(table: pd.DataFrame, condition: Mapping, names: tuple[str, ...]) -> np.ndarray:
    """[n] recordings whose conditions ``names`` are within a tenth of a step of ``condition``."""
    return (steps_between(table, condition, tuple(names)) < 0.1).all(axis=1)


def _every(series: EarResponses, step: float, also: set) -> EarResponses:
    levels = series.conditions[INTENSITY.name].to_numpy()
    return series.rows(np.isclose(levels % step, 0) | np.isin(levels, [v for v in also if v == v]))
