"""Which of the held-out recordings a view looks at: a hearing class and a level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.evaluation.conditions.cell_grid import age_bands, cell_columns
from abr_model.realism.ears import AGE_BANDS, AGE_WORDS
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES

ALL = "all"


def group_choice(table: pd.DataFrame, key: str) -> tuple[str, float | str, str]:
    """Three lists side by side; what is chosen: class, level (dB nHL) and age band, each perhaps :data:`ALL`."""
    classes = {h.code: h.label for h in HEARING_LOSSES if (table[HEARING_LOSS.name] == h.code).any()}
    levels = sorted(cell_columns(table)["level_db_nhl"].dropna().unique())
    there = set(age_bands(table[AGE.name]))
    bands = [name for name in AGE_BANDS if name in there]
    one, two, three = st.columns(3)
    hearing = one.selectbox(
        "Hearing", [ALL, *classes], format_func=lambda k: classes.get(k, "All classes"), key=f"{key}_class"
    )
    level = two.selectbox(
        "Level", [ALL, *levels], format_func=lambda v: "All levels" if v == ALL else f"{v:g} dB nHL", key=f"{key}_level"
    )
    age = three.selectbox(
        "Age", [ALL, *bands], format_func=lambda k: AGE_WORDS.get(k, "All ages").capitalize(), key=f"{key}_age"
    )
    return hearing, level, age


def in_group(table: pd.DataFrame, group: tuple[str, float | str, str]) -> np.ndarray:
    """[n] which recordings belong to what :func:`group_choice` gave."""
    hearing, level, age = group
    places = cell_columns(table)
    inside = np.ones(len(table), dtype=bool)
    for column, wanted in (("hearing_loss", hearing), ("level_db_nhl", level), ("age_band", age)):
        if wanted != ALL:
            inside &= (places[column] == wanted).to_numpy()
    return inside
