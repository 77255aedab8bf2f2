"""Everything that is known about one recording: its waves, intervals, quality and all other columns."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.conditions import age_in_words
from abr_model.schema import (
    AGE,
    COLUMNS,
    FMP,
    HEARING_LOSS,
    HEARING_LOSSES,
    INTENSITY,
    LABEL_NAMES,
    RESIDUAL_NOISE,
    RESPONSES,
    WAVES,
    amplitude_column,
    latency_column,
    response_column,
)
from dashboard.widgets.generation.exploring.waves_table import AMPLITUDE_RULE, WAVES_CSS

NOT_MARKED = "not marked"
NO_RESPONSE = "no response"
_HEARING = {h.code: h.label for h in HEARING_LOSSES}
_IN_THE_TITLE = (INTENSITY.name, "ear", *LABEL_NAMES, *(c.name for c in RESPONSES))


def recording_details(recording: pd.Series) -> None:
    """Draw the card: waves with interpeak intervals, then conditions and quality."""
    with st.container(border=True, key="data_recording", gap="xsmall"):
        level, ear = recording[INTENSITY.name], recording["ear"]
        title = " · ".join(
            [f"{level:g} dB nHL" if np.isfinite(level) else "level not known", f"{ear} ear" if _known(ear) else ""]
        )
        st.markdown(f"**{title.strip(' ·')}**")
        st.html(_waves_html(waves := wave_rows(recording), interval_rows(recording)))
        if any(amplitude for *_, amplitude in waves):
            st.caption(AMPLITUDE_RULE)
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
            for name, value in fact_rows(recording)
        )
        st.html(f'<table class="facts">{rows}</table>')


def wave_rows(recording: pd.Series) -> list[tuple[str, str, str]]:
    """Wave, latency in ms, amplitude in µV. A wave that was judged absent is "no response", one that nobody marked is
    "not marked": the two are not the same."""
    rows = []
    for wave in WAVES:
        latency, amplitude = recording[latency_column(wave)], recording[amplitude_column(wave)]
        if np.isfinite(latency):
            rows.append((wave, f"{latency:.2f}", f"{amplitude:.2f}" if np.isfinite(amplitude) else "–"))
        else:
            absent = recording[response_column(wave)] == "absent"
            rows.append((wave, NO_RESPONSE if absent else NOT_MARKED, ""))
    return rows


def interval_rows(recording: pd.Series) -> list[tuple[str, str]]:
    """Interpeak intervals and the ratio of amplitudes V/I, of the waves that are marked."""
    rows = []
    for first, second in (("I", "III"), ("III", "V"), ("I", "V")):
        interval = recording[latency_column(second)] - recording[latency_column(first)]
        if np.isfinite(interval):
            rows.append((f"{first}–{second}", f"{interval:.2f} ms"))
    first, fifth = recording[amplitude_column("I")], recording[amplitude_column("V")]
    if np.isfinite(first) and np.isfinite(fifth) and first > 0:
        rows.append(("V/I", f"{fifth / first:.2f}"))
    return rows


def fact_rows(recording: pd.Series) -> list[tuple[str, str]]:
    """All other columns that are known, with their units; those that are not, in one line at the end."""
    rows, unknown = [], []
    for column in COLUMNS:
        if column.name in _IN_THE_TITLE:
            continue
        value = recording[column.name]
        if _known(value):
            rows.append((column.label, _in_words(column, value)))
        else:
            unknown.append(column.in_sentence)
    if unknown:
        rows.append(("Not known", ", ".join(unknown)))
    return rows


def _in_words(column, value) -> str:
    if column.name == AGE.name:
        return age_in_words(float(value))
    if column.name == HEARING_LOSS.name:
        return _HEARING[value]
    if column.kind != "number":
        return str(value)
    digits = 2 if column.name == FMP.name else 0 if column.name == RESIDUAL_NOISE.name else None
    number = f"{value:,.{digits}f}" if digits is not None else f"{value:,.10g}"
    return f"{number} {column.unit}".strip()


def _known(value) -> bool:
    return value is not None and value == value


def _waves_html(waves: list[tuple[str, str, str]], intervals: list[tuple[str, str]]) -> str:
    rows = ""
    for wave, latency, amplitude in waves:
        if amplitude:
            rows += f"<tr><td>{wave}</td><td>{latency}</td><td>{amplitude}</td></tr>"
        else:
            rows += f'<tr><td>{wave}</td><td colspan="2" style="opacity:0.65">{latency}</td></tr>'
    rows += "".join(f'<tr><td>{name}</td><td colspan="2">{value}</td></tr>' for name, value in intervals)
    head = "<tr><th></th><th>latency ms</th><th>amplitude µV</th></tr>"
    return f'{WAVES_CSS}<table class="waves"><thead>{head}</thead><tbody>{rows}</tbody></table>'
