"""The first rows of a table as it came, with who the persons are taken out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.preview import MASK, Preview
from dashboard.widgets.importing.samples import positions_of

SHOWN_ROWS = 6
SHOWN_SAMPLES = 3


def first_rows(preview: Preview, mapping: ColumnMapping | None) -> None:
    """A few rows: every column but the samples, of which the first three are enough."""
    st.dataframe(rows_frame(preview, mapping), hide_index=True, key="import_first_rows")


def rows_frame(preview: Preview, mapping: ColumnMapping | None) -> pd.DataFrame:
    """The masked cells as a table; equal column names are told apart by a number."""
    samples = positions_of(None if mapping is None else mapping.samples, list(preview.header))
    hidden = set(samples[SHOWN_SAMPLES:])
    shown = [p for p in range(len(preview.header)) if p not in hidden]
    names: list[str] = []
    for position in shown:
        name = preview.header[position] or f"(column {position + 1})"
        names.append(name if name not in names else f"{name} ({position + 1})")
    patient = None if mapping is None else mapping.columns.get("patient_id")
    masked = {p for p in shown if preview.header[p] == patient}
    cells = [
        [MASK if p in masked else row[p] if p < len(row) else "" for p in shown] for row in preview.rows[:SHOWN_ROWS]
    ]
    frame = pd.DataFrame(cells, columns=names, dtype="str")
    if hidden:
        frame[f"… {len(hidden)} more samples"] = ""
    return frame
