"""The table of the recordings that pass the filter: a page at a time, sorted over all of them, and to take along."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.export import export_bytes
from abr_model.schema import COLUMN_NAMES, COLUMNS, COLUMNS_BY_NAME, RESPONSES, Column
from dashboard.recordings import FilteredCohort
from dashboard.widgets.download import download_table

ROWS_A_PAGE = 200
LARGEST_DOWNLOAD = 50_000_000
"""Samples in one file from the page: it passes through memory whole. 107,000 recordings of 467 samples."""
AS_RECORDED = "as recorded"
ORDERS = {True: "Ascending", False: "Descending"}
DIGITS = {
    "age_years": "%.1f",
    "intensity_db_nhl": "%g",
    "stimulus_rate_per_s": "%.1f",
    "sweeps_accepted": "%d",
    "sweeps_rejected": "%d",
    "fmp": "%.2f",
    "residual_noise_nv": "%.0f",
}


def table_view(recordings: FilteredCohort) -> None:
    """One page of the table, with units in the headers; sorting looks at all recordings, not at the page."""
    table, filled = recordings.table, filled_columns(recordings)
    if not len(table):
        st.markdown(":gray[No recording passes the filter.]")
        return
    pages = -(-len(table) // ROWS_A_PAGE)
    words, by, way, page_box, keep = st.columns([1.9, 2, 2.4, 1.4, 1.3], vertical_alignment="bottom")
    column = by.selectbox(
        "Sorted by",
        [AS_RECORDED, *(c.name for c in filled)],
        format_func=lambda name: AS_RECORDED if name == AS_RECORDED else _name(COLUMNS_BY_NAME[name]),
        key="data_table_by",
        persist_state="session",
    )
    ascending = way.segmented_control(
        "Order",
        list(ORDERS),
        default=True,
        format_func=ORDERS.get,
        key="data_table_order",
        required=True,
        disabled=column == AS_RECORDED,
        persist_state="session",
    )
    # Another filter or order begins at its first page.
    page_key = f"data_table_page_{hash((recordings.key, column, ascending)) & 0xFFFFFFFF:08x}"
    page = int(page_box.number_input(f"Page (1 to {pages:,})", 1, pages, 1, key=page_key))
    first = (page - 1) * ROWS_A_PAGE
    rows = order(recordings, column, ascending)[first : first + ROWS_A_PAGE]
    words.markdown(f":gray[{first + 1:,} to {first + len(rows):,} of {len(table):,}]")
    with keep.popover("Download", key="data_table_download"):
        _downloads(recordings, column, ascending)
    st.dataframe(
        table.iloc[rows][[c.name for c in filled]],
        hide_index=True,
        height=560,
        key="data_table",
        column_config={c.name: _column_config(c) for c in filled},
    )
    empty = [_name(c) for c in COLUMNS if c not in filled]
    nowhere = f" Not known for any of these recordings: {', '.join(empty)}." if empty else ""
    st.caption(f"Empty means not known.{nowhere}")


def order(recordings: FilteredCohort, column: str, ascending: bool) -> np.ndarray:
    """[n] positions sorted by ``column``, missing last, equal ones as recorded."""
    if column == AS_RECORDED:
        return np.arange(len(recordings))
    return _order(recordings.key, column, ascending, recordings.table)


@st.cache_data(max_entries=8, show_spinner=False)
def _order(key: str, column: str, ascending: bool, _table: pd.DataFrame) -> np.ndarray:
    values = _table[column].reset_index(drop=True)
    return values.sort_values(ascending=ascending, kind="stable", na_position="last").index.to_numpy()


def filled_columns(recordings: FilteredCohort) -> list[Column]:
    """Columns that are known for at least one recording."""
    return [COLUMNS_BY_NAME[name] for name in _filled(recordings.key, recordings.table)]


@st.cache_data(max_entries=16, show_spinner=False)
def _filled(key: str, _table: pd.DataFrame) -> list[str]:
    return [name for name in COLUMN_NAMES if _table[name].notna().any()]


def _name(column: Column) -> str:
    return f"{column.label} (judged present or absent)" if column in RESPONSES else column.label


def _column_config(column: Column):
    if column.kind == "number":
        return st.column_config.NumberColumn(column.title, format=DIGITS.get(column.name, "%.2f"))
    return st.column_config.TextColumn(_name(column))


def _downloads(recordings: FilteredCohort, column: str, ascending: bool) -> None:
    passed = f"{len(recordings):,} recordings"
    st.caption(f"{passed}, {recordings.provenance.notice}.")
    name = "recordings" if recordings.filter.is_empty else "recordings filtered"
    download_table(
        lambda: recordings.table.iloc[order(recordings, column, ascending)], f"{name} table", "data_table_csv"
    )
    if len(recordings) * recordings.samples > LARGEST_DOWNLOAD:
        st.caption(
            "With their traces they are too many for one download: a filter that leaves fewer makes it possible."
        )
        return
    for format, label, mime in (
        ("csv", "With traces (CSV)", "text/csv"),
        ("parquet", "With traces (Parquet)", "application/vnd.apache.parquet"),
    ):
        st.download_button(
            label,
            lambda format=format: export_bytes(recordings, format),
            file_name=f"{recordings.kind.value}-{name.replace(' ', '-')}.{format}",
            mime=mime,
            key=f"data_table_traces_{format}",
            on_click="ignore",
            width="stretch",
        )
