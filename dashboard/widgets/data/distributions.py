"""Distributions of every condition, label and quality figure, by hearing-loss class."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.exploration.distributions import Binned, binned, quartiles_by
from abr_model.exploration.grouping import Groups, by_hearing
from abr_model.schema import (
    AGE,
    AMPLITUDES,
    COLUMNS_BY_NAME,
    FMP,
    INTENSITY,
    LATENCIES,
    POLARITY,
    RATE,
    RESIDUAL_NOISE,
    RESPONSES,
)
from dashboard import session
from dashboard.charts.distributions import distributions_by_class
from dashboard.charts.small_multiples import bin_names
from dashboard.session import FilteredCohort
from dashboard.widgets.download import download_table, figure_box
from dashboard.widgets.generation.exploring.waves_table import AMPLITUDE_RULE

SETS = {
    "Conditions": (AGE.name, INTENSITY.name, RATE.name),
    "Ear and stimulus": ("ear", "sex", POLARITY.name, "stimulus_type"),
    "Latencies": tuple(c.name for c in LATENCIES),
    "Amplitudes": tuple(c.name for c in AMPLITUDES),
    "Responses": tuple(c.name for c in RESPONSES),
    "Quality": (FMP.name, RESIDUAL_NOISE.name, "sweeps_accepted", "sweeps_rejected"),
}


def distributions_view(recordings: FilteredCohort) -> None:
    """Shares within each class, side by side; medians and quartiles below."""
    table = recordings.table
    known = {name: tuple(c for c in columns if table[c].notna().any()) for name, columns in SETS.items()}
    known = {name: columns for name, columns in known.items() if columns}
    if not known:
        st.markdown(":gray[None of the conditions, labels and quality figures is known of these recordings.]")
        return
    if st.session_state.get("data_distribution") not in known:
        st.session_state["data_distribution"] = next(iter(known))
    chosen = st.segmented_control("Distributions of", list(known), key="data_distribution", required=True)
    columns = known[chosen]
    bins, classes = _binned(recordings.key, columns, table)
    cut = sum(values.cut for values in bins)
    figure_box(
        distributions_by_class(bins, classes, recordings.kind, session.theme()),
        f"{chosen} by hearing",
        f"Share of the recordings of each hearing-loss class in each bin of {', '.join(b.title for b in bins)}",
        "data_distributions_chart",
        table=lambda: as_table(bins, classes),
        note=f"{len(table):,} recordings",
        caption="Shares are of the recordings of the class in which the value is known."
        + (" The outermost bars also hold what lies beyond them." if cut else "")
        + (f" {AMPLITUDE_RULE}" if chosen == "Amplitudes" else ""),
    )
    numbers = tuple(c for c in columns if COLUMNS_BY_NAME[c].kind == "number")
    if not numbers:
        return
    quartiles = _quartiles(recordings.key, numbers, table)
    with st.container(border=True, key="data_quartiles_box", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
            st.markdown("**Medians and quartiles**")
            with st.popover("Download", type="tertiary"):
                download_table(quartiles, f"{chosen} medians and quartiles", "data_quartiles_csv", "Numbers (CSV)")
        st.dataframe(
            quartiles,
            hide_index=True,
            key="data_quartiles",
            column_config={
                "column": "Quantity",
                "group": "Hearing",
                "recordings": st.column_config.NumberColumn("Recordings", format="localized"),
                "known": st.column_config.NumberColumn("Known", format="localized"),
                "p25": st.column_config.NumberColumn("Lower quartile", format="%.2f"),
                "median": st.column_config.NumberColumn("Median", format="%.2f"),
                "p75": st.column_config.NumberColumn("Upper quartile", format="%.2f"),
            },
        )


def as_table(bins: list[Binned], classes: Groups) -> pd.DataFrame:
    """``quantity``, ``bin``, ``hearing``, ``recordings``: the counts behind the figure."""
    parts = []
    for values in bins:
        names, counts = bin_names(values), values.counts_by(classes.codes, len(classes))
        for label, row in zip(("all recordings", *classes.labels), [values.counts(), *counts], strict=True):
            parts.append(pd.DataFrame({"quantity": values.title, "bin": names, "hearing": label, "recordings": row}))
    return pd.concat(parts, ignore_index=True)


@st.cache_resource(max_entries=16, show_spinner=False)
def _binned(key: str, columns: tuple[str, ...], _table: pd.DataFrame) -> tuple[list[Binned], Groups]:
    return [binned(_table, column) for column in columns], _classes(key, _table)


@st.cache_resource(max_entries=8, show_spinner=False)
def _classes(key: str, _table: pd.DataFrame) -> Groups:
    return by_hearing(_table).occurring()


@st.cache_data(max_entries=16, show_spinner=False)
def _quartiles(key: str, columns: tuple[str, ...], _table: pd.DataFrame) -> pd.DataFrame:
    classes = _classes(key, _table)
    return quartiles_by(_table, columns, classes.codes, classes.labels)
