"""Which recordings of the cohort the pages show: one line, its conditions, and the way to change them."""

from __future__ import annotations

import streamlit as st

from abr_model.filtering import CohortFilter
from dashboard import session
from dashboard.widgets.filter_controls import filter_controls
from dashboard.widgets.problem import plain

FILE_NAME = "filter.json"


def filter_box() -> None:
    """How many recordings pass, a pill for each condition (a click removes it), and "Change" with all controls.

    The filter is the session's: the same on every page.
    """
    recordings = session.chosen_recordings()
    filter = recordings.filter
    with st.container(key="filter_box", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False, gap="small"
        ):
            st.markdown(count_in_words(len(recordings), len(recordings.loaded)))
            with st.popover("Filter" if filter.is_empty else "Change", key="filter_popover", width="content"):
                filter_controls()
                if not filter.is_empty:
                    _keep(filter)
        if not filter.is_empty:
            _conditions(filter)
        if dropped := session.dropped_from_filter():
            st.caption(f"Left out of the filter, because this cohort does not hold it: {plain('; '.join(dropped))}.")
        if not len(recordings):
            st.caption(":orange[No recording passes. Change the filter or clear it.]")


def count_in_words(passed: int, total: int) -> str:
    """``"**12,345** of 55,237 recordings"``."""
    if passed == total:
        return f"**All {total:,}** recordings"
    return f"**{passed:,}** of {total:,} recordings"


def _conditions(filter: CohortFilter) -> None:
    parts = filter.in_words()
    names = [*(f"{plain(words)} ✕" for words in parts), "Clear"]
    key = f"filter_parts_{filter.sha256()[:8]}"
    st.pills(
        "Conditions of the filter; a click removes one",
        range(len(names)),
        format_func=names.__getitem__,
        key=key,
        on_change=_remove,
        args=(key,),
        label_visibility="collapsed",
        wrap=True,
    )


def _remove(key: str) -> None:
    parts, index = session.chosen_filter().parts(), st.session_state[key]
    if index is not None:
        kept = [part for i, part in enumerate(parts) if i != index] if index < len(parts) else []
        session.set_filter(CohortFilter.together(kept))


def _keep(filter: CohortFilter) -> None:
    st.download_button(
        "Save filter (JSON)",
        filter.to_json() + "\n",
        file_name=FILE_NAME,
        mime="application/json",
        key="filter_save",
        on_click="ignore",
        type="tertiary",
        help="For `abr train --filter filter.json`.",
    )
