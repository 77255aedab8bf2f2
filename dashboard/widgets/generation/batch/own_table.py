"""A person's own table of conditions: template, upload, what of it cannot be used."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.designs.table import TEMPLATE, ConditionsTable, read_conditions
from dashboard.widgets.problem import plain

_TABLE = "batch_own_table"


def own_table() -> dict | None:
    """The uploader and the design's values, None as long as there is no table.

    Raises
    ------
    InputError
        The file is no table of conditions, or some rows of it cannot be used.
    """
    st.download_button(
        "Template (CSV)",
        TEMPLATE,
        "conditions.csv",
        "text/csv",
        key="batch_template",
        on_click="ignore",
        type="tertiary",
    )
    brought = st.file_uploader(
        "Table of conditions", key="batch_table", type=["csv", "tsv", "txt", "xlsx", "xls", "ods"],
        help="Columns for age, level, stimulus rate and hearing class, named and filled in as for an import; a column "
        "n says how many recordings of each row.",
    )  # fmt: skip
    if brought is not None:
        read = _read(brought.name, brought.getvalue())
        if isinstance(read, InputError):
            st.session_state.pop(_TABLE, None)
            raise read
        st.session_state[_TABLE] = (brought.name, read)
    if _TABLE not in st.session_state:
        st.caption("Age, level, stimulus rate and hearing class of every recording, or of n recordings a row.")
        return None
    name, table = st.session_state[_TABLE]
    if brought is None:
        st.caption(f"{plain(name)}, as it was read before.")
    if len(table.refused):
        refused = table.refused[["row", "column", "value", "reason"]]
        st.dataframe(
            refused.rename(columns=str.capitalize),
            hide_index=True,
            height=min(180, 38 + 35 * len(refused)),
            key="batch_refused",
        )
    return table.design().model_dump()


@st.cache_data(max_entries=4, show_spinner="Reading the table …")
def _read(name: str, content: bytes) -> ConditionsTable | InputError:
    """What the file says; it lies on disk for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="abr-upload-") as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        try:
            return read_conditions(path, name)
        except InputError as error:
            return InputError(
                error.problem,
                file=error.file,
                row=error.row,
                column=error.column,
                value=error.value,
                allowed=error.allowed,
            )
