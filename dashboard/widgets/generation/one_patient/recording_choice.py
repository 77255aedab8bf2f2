"""Choosing a recording as an audiologist thinks of it: patient, ear, level, and which of several.

What is chosen lives in the session. No pseudonym gets into the address.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.conditions import in_words
from abr_model.recordings import Recordings
from abr_model.schema import AGE, FMP, INTENSITY, RATE
from dashboard.widgets.data.patients import LONGEST_LIST, patient_rows, patients_in

USUAL_LEVEL = 80.0
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class ChosenRecording:
    """``row`` in the recordings, and ``of_ear``: all recordings of that ear, this one first."""

    row: int
    of_ear: np.ndarray


def choose_recording(recordings: Recordings, key: str, name: str, first: int = 0) -> ChosenRecording | None:
    """Lists for patient, ear, level and recording in one row; None where there is nothing to choose.

    Parameters
    ----------
    key
        Of the recordings: equal ones have equal keys.
    name
        Start of the keys of the elements: two choices can stand on one page.
    first
        Which patient of the list is chosen at first.
    """
    table = recordings.table
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"{name}_choice"):
        rows = _patient(table, key, name, first)
        if not len(rows):
            return None
        sides = table["ear"].iloc[rows].where(table["ear"].iloc[rows].notna(), NOT_KNOWN)
        ears = [side for side in ("right", "left", NOT_KNOWN) if (sides == side).any()]
        ear = _select("Ear", ears, f"{name}_ear", str.capitalize, 110)
        rows = rows[(sides == ear).to_numpy()]
        level = table[INTENSITY.name].to_numpy(float)[rows]
        levels = sorted(set(level[np.isfinite(level)].tolist()), reverse=True)
        if not levels:
            st.markdown(":gray[The recordings of this ear have no level.]")
            return None
        usual = min(levels, key=lambda value: abs(value - USUAL_LEVEL))
        at = _select("Level", levels, f"{name}_level", lambda v: in_words(INTENSITY.name, v), 140, usual)
        there = rows[level == at]
        words = _words(table.iloc[there])
        number = _select("Recording", list(range(len(there))), f"{name}_recording", words.__getitem__, 330)
    row = int(there[number])
    return ChosenRecording(row, np.r_[row, rows[rows != row]])


def _patient(table: pd.DataFrame, key: str, name: str, first: int) -> np.ndarray:
    patients = patients_in(key, table)
    if len(patients) > LONGEST_LIST:
        words = st.text_input(
            "Search", key=f"{name}_search", placeholder=f"{len(patients):,} pseudonyms", max_chars=40, width=150
        )
        found = patients["patient_id"].str.contains(words.strip(), case=False, regex=False)
        patients = (patients[found] if found.any() else patients).head(LONGEST_LIST)
    if not len(patients):
        return np.zeros(0, dtype=int)
    labels = dict(zip(patients["patient_id"], patients["label"], strict=True))
    ids = list(labels)
    chosen = _select("Patient", ids, f"{name}_patient", labels.get, 380, ids[min(first, len(ids) - 1)])
    row = patients[patients["patient_id"] == chosen].iloc[0]
    return patient_rows(key, table, row)


def _select(label: str, options: list, key: str, words, width: int, first=None):
    """A list that keeps its choice over a page change, and falls back to ``first`` where it is no option any more."""
    kept = f"{key}_kept"
    chosen = st.session_state.get(kept)
    if chosen not in options:
        chosen = options[0] if first is None else first
    st.session_state[key] = chosen
    st.session_state[kept] = st.selectbox(
        label, options, format_func=words, key=key, width=width, on_change=_keep, args=(key, kept)
    )
    return st.session_state[kept]


def _keep(key: str, kept: str) -> None:
    st.session_state[kept] = st.session_state[key]


def _words(table: pd.DataFrame) -> list[str]:
    """``"33.1 /s · 3 months · Fmp 12.1 · 1 of 2"`` for each recording of one ear at one level."""
    words = []
    for number, (_, recording) in enumerate(table.iterrows(), 1):
        parts = [in_words(RATE.name, recording[RATE.name])] if pd.notna(recording[RATE.name]) else ["rate not known"]
        parts.append(in_words(AGE.name, recording[AGE.name]) if pd.notna(recording[AGE.name]) else "age not known")
        if pd.notna(recording[FMP.name]):
            parts.append(f"Fmp {recording[FMP.name]:.1f}")
        if len(table) > 1:
            parts.append(f"{number} of {len(table)}")
        words.append(" · ".join(parts))
    return words
