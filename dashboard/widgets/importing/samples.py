"""Which columns of a table hold the samples of a trace."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import SampleColumns
from abr_model.sources.preview import Preview
from dashboard.widgets.importing.state import ImportState
from dashboard.widgets.problem import plain, sentence


def sample_columns(state: ImportState, preview: Preview) -> SampleColumns | None:
    """The columns from the first to the last sample; None where they are not known yet."""
    header, mapping = list(preview.header), state.settings.mapping
    samples = None if mapping is None else mapping.samples
    if samples is not None and samples.list_column is not None:
        st.markdown(f":gray[Samples: the lists in column {plain(samples.list_column)}]")
        return samples
    positions = positions_of(samples, header)
    first_now, last_now = (positions[0], positions[-1]) if positions else (None, None)
    with st.expander(in_words(header, positions), expanded=not positions):
        left, right = st.columns(2)
        numbers = range(len(header))
        first = left.selectbox(
            "First sample in column", numbers, first_now, format_func=header.__getitem__, key=state.key("first_sample")
        )
        last = right.selectbox(
            "Last sample in column", numbers, last_now, format_func=header.__getitem__, key=state.key("last_sample")
        )
        if first is None or last is None or (first, last) == (first_now, last_now):
            return samples
        try:
            return between(header, first, last)
        except InputError as error:
            st.markdown(f":orange[{plain(sentence(str(error)))}]")
            return samples


def positions_of(samples: SampleColumns | None, header: list[str]) -> list[int]:
    """Positions of the sample columns; none where they are not known or not in this table."""
    if samples is None:
        return []
    try:
        return samples.positions(header)
    except InputError:
        return []


def between(header: list[str], first: int, last: int) -> SampleColumns:
    """All columns from one to another.

    Raises
    ------
    InputError
        The last stands before the first.
    """
    samples = SampleColumns(first=header[first], last=header[last])
    samples.positions(header)
    return samples


def in_words(header: list[str], positions: list[int]) -> str:
    """``"467 samples a trace, in the columns 1 … 467"``."""
    if not positions:
        return "Which columns hold the samples?"
    first, last = plain(header[positions[0]]), plain(header[positions[-1]])
    return f"{len(positions):,} samples a trace, in the columns {first} … {last}"
