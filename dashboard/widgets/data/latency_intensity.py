"""Latency–intensity function: marked waves by level, beside a norm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.exploration.grouping import Groups, by_age, by_level
from abr_model.exploration.latency_intensity import FEW, latency_by_level, single_points
from abr_model.norms import INTERVALS
from abr_model.schema import AGE, HEARING_LOSS, WAVES
from dashboard import session
from dashboard.charts.latency_intensity import latency_intensity
from dashboard.session import FilteredCohort
from dashboard.widgets.download import figure_box
from dashboard.widgets.norm_picker import norm_in_words, norm_picker

ALL_AGES = "All ages"
SHOWN = {"Waves": WAVES, "Intervals": INTERVALS}


def latency_intensity_view(recordings: FilteredCohort) -> None:
    """Mean ± SD, median, quartiles and n at each level, of the recordings that pass the filter, or of one age band."""
    what, ages_place, norm_place = st.columns([2, 2, 4], vertical_alignment="bottom")
    measures = SHOWN[what.segmented_control("Show", list(SHOWN), default="Waves", key="data_li_show", required=True)]
    ages = _ages(recordings.key, recordings.table)
    names = [ALL_AGES, *ages.labels]
    if st.session_state.get("data_li_age") not in names:
        st.session_state["data_li_age"] = ALL_AGES
    band = ages_place.selectbox("Ages", names, key="data_li_age")
    with norm_place:
        norm = norm_picker("data_li")
    statistics, points, age = _statistics(recordings.key, band, measures, recordings.table)
    if not statistics["n"].sum():
        st.markdown(":gray[No wave is marked in these recordings at a known level.]")
        return
    figure = latency_intensity(statistics, points, recordings.kind, session.theme(), norm=norm, age_years=age)
    marked = ", ".join(
        f"{wave.replace('-', '–')} {int(n):,}" for wave, n in statistics.groupby("wave", sort=False)["n"].sum().items()
    )
    words = ["Point and whisker: mean ± 1 SD; bar: quartiles with the median."]
    if len(points):
        words.append(f"Crosses: single recordings, where {FEW} or fewer are marked.")
    if norm is not None:
        words += norm_in_words(norm, age)
        if norm.name.startswith("Gorga") and age is not None:
            words.append(f"Drawn for {_age_words(age)}, the median age of these recordings.")
        words += _hearing_words(recordings.table)
    figure_box(
        figure,
        "Latency–intensity function",
        f"Latency by level, mean ± SD; marked: {marked}" + (f"; band: {norm.name}" if norm else ""),
        "data_li_chart",
        table=statistics,
        note=f"marked: {marked}",
        caption=" ".join(words),
    )


def _age_words(age: float) -> str:
    from abr_model.generation.conditions import age_in_words

    return age_in_words(age)


def _hearing_words(table: pd.DataFrame) -> list[str]:
    """Norms are of normal hearing: say so where the recordings are not."""
    normal = (table[HEARING_LOSS.name] == "normal").mean() if len(table) else 1.0
    if normal > 0.995:
        return []
    return [f"{normal:.0%} of these recordings are of normal hearing, as the norm's are: filter for them to compare."]


@st.cache_resource(max_entries=8, show_spinner=False)
def _ages(key: str, _table: pd.DataFrame) -> Groups:
    return by_age(_table).occurring()


@st.cache_data(max_entries=32, show_spinner=False)
def _statistics(
    key: str, band: str, measures: tuple[str, ...], _table: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, float | None]:
    """Statistics by level, single points, and the median age of the recordings in years (None: not known)."""
    if band != ALL_AGES:
        ages = _ages(key, _table)
        _table = _table[ages.codes == ages.labels.index(band)]
    levels = by_level(_table)
    known = _table[AGE.name].to_numpy(dtype=float)
    age = float(np.nanmedian(known)) if np.isfinite(known).any() else None
    return latency_by_level(_table, levels, measures), single_points(_table, levels, measures), age
