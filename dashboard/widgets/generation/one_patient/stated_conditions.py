"""What a recording does not say and a person has to: age, hearing, rate. Nothing is assumed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from abr_model.generation.conditions import age_in_words
from abr_model.schema import AGE, COLUMNS_BY_NAME, HEARING_LOSS, HEARING_LOSSES, RATE
from dashboard.widgets.generation.exploring.axes import AGES

_HEARING = {h.code: h.label for h in HEARING_LOSSES}


def state_conditions(missing: Sequence[str], name: str) -> dict | None:
    """Lists for the conditions in ``missing``; None until each of them is stated.

    Parameters
    ----------
    name
        Start of the keys of the elements.
    """
    if not missing:
        return {}
    words = " and ".join(COLUMNS_BY_NAME[column].in_sentence for column in missing)
    stated = {}
    with st.container(border=True, key=f"{name}_stated"):
        st.markdown(
            f"**To be stated: {words}.** :gray[The recording does not hold {'it' if len(missing) == 1 else 'them'}, "
            "and nothing is assumed.]"
        )
        with st.container(horizontal=True, gap="small"):
            for column in missing:
                stated[column] = _ask(column, f"{name}_stated_{column}")
    return None if any(value is None for value in stated.values()) else stated


def _ask(column: str, key: str):
    kept = f"{key}_kept"
    known = st.session_state.get(kept)
    if column == RATE.name:
        value = st.number_input("Stimulus rate, /s", 1.0, 100.0, known, 0.1, key=key, width=170)
    elif column == AGE.name:
        index = AGES.index(known) if known in AGES else None
        value = st.selectbox("Age", AGES, index, age_in_words, key=key, placeholder="State the age", width=170)
    elif column == HEARING_LOSS.name:
        codes = list(_HEARING)
        index = codes.index(known) if known in codes else None
        value = st.selectbox("Hearing", codes, index, _HEARING.get, key=key, placeholder="State the hearing", width=240)
    else:  # without a level there is nothing to choose from
        value = None
    st.session_state[kept] = value
    return value
