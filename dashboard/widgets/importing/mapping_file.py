"""The answers about a table's columns as a file: for the next import, for a colleague, for the command line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.preview import Preview
from dashboard.widgets.importing.state import ImportState, Settings
from dashboard.widgets.problem import plain, sentence

FILE_NAME = "column-mapping.yaml"
OF_A_MAPPING = (
    "mapping",
    "sampling_rate_hz",
    "start_ms",
    "unit",
    "invert_polarity",
    "label_shift_ms",
    "level_offset_db",
)


def mapping_file(state: ImportState, preview: Preview) -> None:
    """A small menu: take the mapping along, or bring one."""
    with st.popover("Mapping file", width="stretch"):
        st.download_button(
            "Download", lambda: as_yaml(state.settings.whole_mapping), FILE_NAME, "application/yaml",
            on_click="ignore", key="import_mapping_download", width="stretch",
        )  # fmt: skip
        brought = st.file_uploader("Bring one (.yaml)", type=["yaml", "yml"], key=state.key("mapping_upload"))
        if brought is None:
            return
        try:
            take_over(state, from_yaml(brought.getvalue(), brought.name), preview)
        except InputError as error:
            st.error(plain(sentence(str(error))))
            return
        st.rerun()


def take_over(state: ImportState, mapping: ColumnMapping, preview: Preview) -> None:
    """Its columns, units and sampling become the answers.

    Raises
    ------
    InputError
        The mapping names columns that this table does not have.
    """
    if lacking := mapping.lacking(list(preview.header)):
        raise InputError("the mapping is for another table: columns are not in this one", value=", ".join(lacking))
    settings = Settings.of(mapping)
    state.change(redraw=True, **{name: getattr(settings, name) for name in OF_A_MAPPING})


def as_yaml(mapping: ColumnMapping) -> bytes:
    """The mapping file's content."""
    with tempfile.TemporaryDirectory() as folder:
        return mapping.save(Path(folder) / FILE_NAME).read_bytes()


def from_yaml(content: bytes, name: str) -> ColumnMapping:
    """The mapping in a file that a person brought.

    Raises
    ------
    InputError
        As :meth:`abr_model.sources.columns.mapping.ColumnMapping.load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(content)
        return ColumnMapping.load(path, name)
