"""The views of the Data page: one function a view, each drawn only when it is open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.averages import MAXIMUM_LEVELS
from abr_model.errors import InputError
from abr_model.missingness import STUDIED
from abr_model.preparation import SelectionRules
from abr_model.schema import COLUMNS, HEARING_LOSS, HEARING_LOSS_CODES, HEARING_LOSSES, INTENSITY, POLARITY
from dashboard import session
from dashboard.charts.cohort import EAR_TITLES, ear_series, mean_by_level
from dashboard.charts.missingness import (
    in_words,
    pattern_chart,
    percent,
    rate_map,
    together_in_words,
    together_map,
)
from dashboard.charts.selection import funnel_chart
from dashboard.session import LoadedCohort
from dashboard.style import PLOTLY_CONFIG
from dashboard.summaries import (
    GROUPINGS,
    LEVEL_STEP_DB,
    means_by_level,
    missing_by,
    missing_patterns,
    missing_together,
    patient_list,
    selection_funnel,
)
from dashboard.widgets.problem import plain, sentence

ROWS_A_PAGE = 200
MAXIMUM_TRACES = 120
LEVELS_WITH_BAND = 6


def traces_view(loaded: LoadedCohort) -> None:
    """One patient's recordings, stacked by level, right ear beside left."""
    patients = patient_list(loaded)
    labels = dict(zip(patients["patient_id"], patients["label"], strict=True))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    patient = left.selectbox("Patient", list(labels), format_func=labels.get, key="data_patient")
    ear = right.segmented_control("Ear", ["both", "right", "left"], default="both", key="data_ear", required=True)
    rows = np.flatnonzero((loaded.cohort.table["patient_id"] == patient).to_numpy(dtype=bool))
    ears = ("right", "left") if ear == "both" else (ear,)
    table = loaded.cohort.table.iloc[rows]
    drawable = (table[INTENSITY.name].notna() & table["ear"].isin(ears)).to_numpy(dtype=bool)
    shown = rows[drawable][:MAXIMUM_TRACES]
    with st.container(border=True):
        if not len(shown):
            st.markdown(f":gray[{_nothing_to_draw(table, ears)}]")
            return
        drawn = tuple(e for e in ears if (table["ear"][drawable] == e).any())
        figure = ear_series(loaded.cohort.take(shown), session.theme(), ears=drawn)
        alt = f"{len(shown)} ABR recordings of one patient, stacked by level, loudest on top, right ear red, left blue"
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key="data_traces_chart")
    words = [
        f"{len(shown)} recordings, vertex positive up, one gain for all. Tick: wave I or III, dot: wave V, as marked."
    ]
    words += _not_drawn(table, ears, int(drawable.sum()) - len(shown))
    st.caption(" ".join(words))


def _not_drawn(table: pd.DataFrame, ears: tuple[str, ...], too_many: int) -> list[str]:
    """Why recordings of this patient are not in the picture, each reason with its number."""
    no_ear = table["ear"].isna()
    other_ear = ~no_ear & ~table["ear"].isin(ears)
    no_level = ~no_ear & ~other_ear & table[INTENSITY.name].isna()
    counts = {
        "of the other ear": int(other_ear.sum()),
        "without an ear": int(no_ear.sum()),
        "without a level": int(no_level.sum()),
        f"more than the {MAXIMUM_TRACES} that one picture holds": too_many,
    }
    reasons = [f"{count:,} {words}" for words, count in counts.items() if count]
    return [f"Not drawn: {', '.join(reasons)}."] if reasons else []


def _nothing_to_draw(table: pd.DataFrame, ears: tuple[str, ...]) -> str:
    if not table["ear"].isin(ears).any():
        return f"No recording of this patient is marked as {' or '.join(EAR_TITLES[e].lower() for e in ears)}."
    return "The recordings of this ear have no level, so they cannot be stacked. See them in the table."


def means_view(loaded: LoadedCohort) -> None:
    """Mean ± SD at each level, of one hearing-loss class or all."""
    present = [c for c in HEARING_LOSS_CODES if (loaded.cohort.table[HEARING_LOSS.name] == c).any()]
    names = {"all": "All"} | {h.code: h.short_label for h in HEARING_LOSSES if h.code in present}
    left, right = st.columns([3, 1])
    hearing = left.segmented_control(
        "Hearing", list(names), format_func=names.get, default="all", key="data_hearing", required=True
    )
    band = right.segmented_control("Show", ["mean ± SD", "mean"], default="mean ± SD", key="data_band", required=True)
    band = band == "mean ± SD"
    # Bands need room: fewer levels with them, more without.
    means = means_by_level(loaded, None if hearing == "all" else hearing, LEVELS_WITH_BAND if band else MAXIMUM_LEVELS)
    with st.container(border=True):
        if not len(means.levels):
            st.markdown(":gray[No recording here has a level.]")
            return
        figure = mean_by_level(means, session.theme(), height=560, band=band)
        alt = f"Mean ABR{' ± 1 SD' if band else ''} at {len(means.levels)} levels, loudest on top"
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key="data_means_chart")
    words = "The band is the spread between recordings (± 1 SD), not the uncertainty of the mean." if band else ""
    if means.step_db > 1:
        words += f" Levels are rounded to {means.step_db} dB."
    st.caption(words.strip() or "One gain for all levels, vertex positive up.")


def table_view(loaded: LoadedCohort) -> None:
    """The table, one page at a time, with units in the headers."""
    table = loaded.cohort.table
    filled = [c for c in COLUMNS if table[c.name].notna().any()]
    pages = max(1, -(-len(table) // ROWS_A_PAGE))
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    page = int(right.number_input(f"Page (1 to {pages:,})", 1, pages, 1, key=f"data_table_page_{loaded.digest[:8]}"))
    first = (page - 1) * ROWS_A_PAGE
    part = table.iloc[first : first + ROWS_A_PAGE]
    left.markdown(f":gray[Recordings {first + 1:,} to {first + len(part):,} of {len(table):,}. Empty means not known.]")
    st.dataframe(
        part[[c.name for c in filled]],
        hide_index=True,
        height=560,
        key="data_table",
        column_config={c.name: _column_config(c) for c in filled},
    )
    if empty := [c.label for c in COLUMNS if c not in filled]:
        st.caption(f"Not in this cohort: {', '.join(empty)}.")


DIGITS = {
    "age_years": "%.1f",
    "intensity_db_nhl": "%g",
    "stimulus_rate_per_s": "%.1f",
    "sweeps_accepted": "%d",
    "sweeps_rejected": "%d",
    "fmp": "%.2f",
    "residual_noise_nv": "%.0f",
}


def _column_config(column):
    if column.kind == "number":
        return st.column_config.NumberColumn(column.title, format=DIGITS.get(column.name, "%.2f"))
    return st.column_config.TextColumn(column.title)


def selection_view(loaded: LoadedCohort) -> None:
    """How many recordings are left for training, rule by rule, for an Fmp threshold that the person sets."""
    left, right = st.columns(2)
    fmp = left.slider(
        "Keep recordings with Fmp above",
        0.0,
        5.0,
        1.0,
        0.1,
        key="data_fmp",
        help="Fmp compares the averaged response with its residual noise; the higher, the surer is a response. "
        "It selects recordings for training and is not a condition of generation.",
    )
    polarity = right.segmented_control(
        "Stimulus polarity", [*POLARITY.classes, "any"], default="alternating", key="data_polarity", required=True
    )
    try:
        funnel = selection_funnel(
            loaded, SelectionRules(fmp_above=fmp, polarity=None if polarity == "any" else polarity)
        )
    except InputError as error:
        st.warning(plain(sentence(str(error))))
        return
    kept, total = int(funnel["kept"].iloc[-1]), int(funnel["kept"].iloc[0])
    with st.container(border=True):
        st.markdown(f"**{kept:,} of {total:,} recordings are kept** :gray[({kept / total:.1%})]")
        st.plotly_chart(
            funnel_chart(funnel, session.theme()),
            config=PLOTLY_CONFIG,
            alt="Recordings left after each rule: "
            + ", ".join(f"{row.rule} {row.kept}" for row in funnel.itertuples()),
            key="data_funnel_chart",
        )
    st.caption("The same rules select the recordings for training. Nothing is deleted from the cohort.")


def missing_view(loaded: LoadedCohort) -> None:
    """How often values are missing, where, and together with what."""
    st.markdown("\n".join(f"- {words}" for words in in_words(missing_by(loaded, "all recordings"))))
    grouping = st.segmented_control("By", GROUPINGS, default="level", key="data_missing_by", required=True)
    rates = missing_by(loaded, grouping)
    titles = {"level": f"{INTENSITY.title}, rounded to {LEVEL_STEP_DB} dB", "hearing loss": "Hearing loss"}
    with st.container(border=True):
        st.markdown("**How often is it missing?** :gray[ · share of the recordings in each column]")
        figure = rate_map(rates, session.theme(), group_title=titles.get(grouping, ""))
        overall = "; ".join(f"{r.label} {percent(r.rate)}" for r in missing_by(loaded, "all recordings").itertuples())
        alt = f"Share missing by {grouping}. Of all recordings: {overall}"
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key="data_missing_chart")
    patterns = missing_patterns(loaded)
    columns = [name for name in STUDIED if patterns[name].any()]
    with st.container(border=True):
        st.markdown(f"**What is missing together?** :gray[ · {len(patterns):,} combinations occur]")
        if not columns:
            st.markdown(":gray[Nothing is missing in this cohort.]")
            return
        figure = pattern_chart(patterns, columns, session.theme())
        alt = f"The most frequent of {len(patterns)} combinations of missing values, with their shares"
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key="data_pattern_chart")
    together = missing_together(loaded)
    if len(together) < 2:
        return
    with st.container(border=True):
        st.markdown("**Which go missing in the same recordings?** :gray[ · φ, from −1 to 1]")
        st.caption(" ".join(together_in_words(together)))
        figure = together_map(together, session.theme())
        alt = "Correlation of being missing, of each pair of columns. " + " ".join(together_in_words(together))
        st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key="data_together_chart")
