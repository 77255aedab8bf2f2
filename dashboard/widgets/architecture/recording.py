"""Which recording is followed through the model: a patient, then one of the patient's recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.schema import CONDITION_NAMES, INTENSITY, LABEL_NAMES, RATE, WAVES
from dashboard import session
from dashboard.widgets.data.patients import patient_picker

_CHOSEN = "architecture_recording_place"


def recording_picker() -> Cohort | None:
    """A cohort of one recording; None, with a word about it, where no recording has all its conditions."""
    recordings = session.chosen_recordings()
    if not len(recordings):
        st.caption("No recording passes the filter.")
        return None
    patient, rows = patient_picker(recordings)
    table = recordings.table.iloc[rows]
    known = table[list(CONDITION_NAMES)].notna().all(axis=1).to_numpy()
    rows, table = rows[known], table[known]
    if not len(rows):
        st.caption("No recording of this patient has age, intensity, rate and hearing loss: the model needs all four.")
        return None
    order = np.lexsort((-table[INTENSITY.name].to_numpy(float), table["ear"].astype(str)))
    labels = [_words(table.iloc[i]) for i in order]
    place = st.selectbox(
        "Recording", range(len(order)), format_func=lambda i: labels[i], key=f"{_CHOSEN}_{patient}",
        label_visibility="collapsed",
    )  # fmt: skip
    return recordings.take(rows[order[[place or 0]]])


def _words(recording: pd.Series) -> str:
    """``"right ear · 60 dB nHL · 33.1 /s · I, III, V marked"``."""
    marked = [w for w, name in zip(WAVES, LABEL_NAMES[:3], strict=True) if np.isfinite(recording[name])]
    ear = recording["ear"]
    parts = [f"{ear} ear" if isinstance(ear, str) else "ear not known", f"{recording[INTENSITY.name]:g} dB nHL"]
    parts.append(f"{recording[RATE.name]:g} {RATE.unit}")
    return " · ".join([*parts, f"{', '.join(marked)} marked" if marked else "no wave marked"])
