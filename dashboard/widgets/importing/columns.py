"""Which column of a table is what: guessed, shown with its first values, and correctable."""

from __future__ import annotations

import streamlit as st

from abr_model.schema import COLUMNS_BY_NAME, WAVES, amplitude_column, latency_column, response_column
from abr_model.sources.columns.guessing import ZERO_IS_MISSING
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.preview import Preview
from dashboard.widgets.importing.recording import column_units
from dashboard.widgets.importing.state import ImportState
from dashboard.widgets.problem import plain

NOT_IN_FILE = "not in the file"
WHOLE_FILE_IS_ONE = "the whole file is one patient"
GROUPS = {
    "Patient": ("patient_id", "ear", "age_years", "sex", "hearing_loss"),
    "Stimulus": ("intensity_db_nhl", "stimulus_rate_per_s", "stimulus_type", "stimulus_polarity"),
    "Quality": ("fmp", "residual_noise_nv", "sweeps_accepted", "sweeps_rejected"),
    "Waves": (
        *(latency_column(wave) for wave in WAVES),
        *(amplitude_column(wave) for wave in WAVES),
        *(response_column(wave) for wave in WAVES),
    ),
}
LEFT, RIGHT = ("Patient", "Stimulus"), ("Waves", "Quality")
SHOWN_VALUES = 3


def columns_table(state: ImportState, preview: Preview) -> ColumnMapping:
    """One row for each thing that a cohort knows, and their units; returns the mapping as corrected by the person."""
    mapping = state.settings.mapping
    chosen: dict[str, str] = {}
    whole_file = False
    left, right = st.columns(2, gap="large")
    for side, groups in ((left, LEFT), (right, RIGHT)):
        with side:
            for group in groups:
                st.markdown(f"**{group}**")
                for name in GROUPS[group]:
                    picked = _row(state, preview, name)
                    if picked == WHOLE_FILE_IS_ONE:
                        whole_file = True
                    elif picked != NOT_IN_FILE:
                        chosen[name] = picked
    mapping = with_columns(mapping, chosen, whole_file)
    with left:
        return column_units(state, mapping)


def with_columns(mapping: ColumnMapping, columns: dict[str, str], one_patient_per_file: bool) -> ColumnMapping:
    """The mapping with other columns; words and codes of a column that was given up go with it.

    Where 0 cannot be a measurement, it means missing in a newly chosen column too, as in a guessed one.
    """
    before = mapping.columns
    kept = {name for name in columns if before.get(name) == columns[name]}
    return mapping.model_copy(
        update={
            "columns": columns,
            "one_patient_per_file": one_patient_per_file,
            "words": {name: words for name, words in mapping.words.items() if name in kept},
            "missing_values": {
                name: mapping.missing_values.get(name, ()) if name in kept else ("0",)
                for name in columns
                if (name in kept and name in mapping.missing_values) or (name not in kept and name in ZERO_IS_MISSING)
            },
        }
    )


def _row(state: ImportState, preview: Preview, name: str) -> str:
    mapping = state.settings.mapping
    options = [NOT_IN_FILE, *dict.fromkeys(column for column in preview.header if column)]
    if name == "patient_id":
        options.insert(1, WHOLE_FILE_IS_ONE)
    now = mapping.columns.get(name, NOT_IN_FILE)
    if name == "patient_id" and mapping.one_patient_per_file:
        now = WHOLE_FILE_IS_ONE
    title, pick, values = st.columns([4, 4, 5], vertical_alignment="center")
    title.markdown(_title(name))
    picked = pick.selectbox(
        COLUMNS_BY_NAME[name].title, options, options.index(now) if now in options else 0,
        key=state.key(f"column_{name}"), label_visibility="collapsed",
    )  # fmt: skip
    words = _values_in_words(preview, name, picked)
    values.markdown(f":small[{how_sure(state, preview, name, picked)}{words}]")
    return picked


def _title(name: str) -> str:
    column = COLUMNS_BY_NAME[name]
    if name.startswith("response_"):
        return f"{column.label} seen or not"
    return column.label


def how_sure(state: ImportState, preview: Preview, name: str, picked: str) -> str:
    """A badge on how a column was found; nothing where there is none."""
    guessed = preview.mapping.columns.get(name) if preview.mapping else None
    if picked == WHOLE_FILE_IS_ONE or (picked == NOT_IN_FILE and guessed is None):
        return ""
    if picked != guessed:
        return ":primary[as you said] "
    if preview.remembered:
        return ":gray[remembered] "
    share = preview.confidence.get(name, 0.0)
    if share >= 0.9:
        return ":gray[sure] "
    return ":gray[likely] " if share >= 0.6 else ":orange[look twice] "


def _values_in_words(preview: Preview, name: str, column: str) -> str:
    if column in (NOT_IN_FILE, WHOLE_FILE_IS_ONE):
        return ""
    if name == "patient_id":
        return ":gray[· becomes a pseudonym]"
    values = first_values(preview, column)
    return f":gray[· {plain(' · '.join(values))}]" if values else ":gray[· empty in the first rows]"


def first_values(preview: Preview, column: str, count: int = SHOWN_VALUES) -> list[str]:
    """The first different values of a column, masked where they may tell who a person is."""
    if column not in preview.header:
        return []
    position = preview.header.index(column)
    cells = [row[position] for row in preview.rows if position < len(row) and row[position]]
    return [str(cell)[:20] for cell in dict.fromkeys(cells)][:count]
