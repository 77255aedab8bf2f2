"""Choosing a patient: a list to search in, and buttons for the one before and the one after."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.conditions import age_in_words
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES
from dashboard.session import FilteredCohort

LONGEST_LIST = 3_000
"""More patients than this are searched for by pseudonym: a longer list would be sent to the browser at each click."""
_CHOSEN = "data_patient_chosen"
_HEARING = {h.code: h.label.lower() for h in HEARING_LOSSES}


def patient_picker(recordings: FilteredCohort) -> tuple[str, np.ndarray]:
    """The chosen patient's pseudonym and the positions of the patient's recordings; survives a change of the filter."""
    patients = patients_in(recordings.key, recordings.table)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False):
        before = st.container(width="content")
        place = st.container()
        after = st.container(width="content")
        listed = _searched(patients, place) if len(patients) > LONGEST_LIST else patients
        ids = listed["patient_id"].tolist()
        chosen = st.session_state.get(_CHOSEN)
        if chosen not in ids:
            chosen = ids[0]
        st.session_state["data_patient"] = chosen
        labels = dict(zip(ids, listed["label"], strict=True))
        place.selectbox(
            "Patient", ids, format_func=labels.get, key="data_patient", label_visibility="collapsed",
            on_change=lambda: _choose(st.session_state["data_patient"]),
        )  # fmt: skip
        at = ids.index(chosen)
        for box, step, words in ((before, -1, "Previous"), (after, 1, "Next")):
            to = at + step
            box.button(
                words,
                key=f"data_patient_{words.lower()}",
                disabled=not 0 <= to < len(ids),
                on_click=_choose,
                args=(ids[to % len(ids)],),
            )
    return chosen, patient_rows(recordings.key, recordings.table, listed.iloc[at])


def patient_rows(key: str, table: pd.DataFrame, patient: pd.Series) -> np.ndarray:
    """[n] positions in the table of a patient's recordings; ``patient`` is a row of :func:`patients_in`."""
    first = int(patient["first"])
    return _positions(key, table)[first : first + int(patient["recordings"])]


def _choose(patient: str) -> None:
    st.session_state[_CHOSEN] = patient


def _searched(patients: pd.DataFrame, place) -> pd.DataFrame:
    words = place.text_input(
        "Search", key="data_patient_search", placeholder=f"Search {len(patients):,} pseudonyms", max_chars=40,
        label_visibility="collapsed",
    )  # fmt: skip
    found = patients["patient_id"].str.contains(words.strip(), case=False, regex=False) if words.strip() else None
    if found is not None and not found.any():
        place.caption("No such pseudonym; the first patients are listed.")
    part = patients[found] if found is not None and found.any() else patients
    return part.head(LONGEST_LIST)


@st.cache_data(max_entries=8, show_spinner=False)
def patients_in(key: str, _table: pd.DataFrame) -> pd.DataFrame:
    """One row a patient, by pseudonym: ``patient_id``, ``label``, ``recordings``, ``first`` (in :func:`_positions`)."""
    order = _positions(key, _table)
    ids = _table["patient_id"].to_numpy(dtype=object)[order]
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    counts = np.diff(np.append(starts, len(ids)))
    age = np.fmin.reduceat(_table[AGE.name].to_numpy(dtype=float)[order], starts)
    codes = pd.Index(list(_HEARING)).get_indexer(_table[HEARING_LOSS.name])[order]
    names = list(_HEARING.values())
    present = [np.logical_or.reduceat(codes == code, starts) for code in range(len(names))]
    labels = []
    for i, patient in enumerate(ids[starts]):
        hearing = [name for name, there in zip(names, present, strict=True) if there[i]]
        known = age_in_words(float(age[i])) if np.isfinite(age[i]) else "age not known"
        labels.append(" · ".join([patient, known, *hearing, f"{counts[i]} recordings"]))
    return pd.DataFrame({"patient_id": ids[starts], "label": labels, "recordings": counts, "first": starts})


@st.cache_resource(max_entries=8, show_spinner=False)
def _positions(key: str, _table: pd.DataFrame) -> np.ndarray:
    """[n] positions in the table, patient after patient, in the table's order within each."""
    return np.argsort(_table["patient_id"].to_numpy(dtype=object), kind="stable")
