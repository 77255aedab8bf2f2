"""Which values are missing together; a click on a combination shows its recordings on every page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard import session
from dashboard.charts.missingness_together import together_map, upset_chart
from dashboard.charts.missingness_words import column_label, pattern_words, together_in_words
from dashboard.recordings import FilteredCohort
from dashboard.widgets.data import missing_numbers as numbers
from dashboard.widgets.download import figure_box

MOST_SHOWN = 12
MOST_LISTED = 60
_CHOSEN = "missing_chosen_pattern"
"""The combination that was chosen here and what the filter said of missing values before."""
_DRAWN = "missing_upset_drawn"
"""How often the UpSet plot was answered: a new key makes its selection empty again."""
ALL = "all combinations"


def lacking(rows: Sequence[tuple[str, ...]], pattern) -> list[str]:
    """Names of what a combination (a row of the patterns) lacks."""
    return [column_label(names) for names in rows if pattern[names[0]]]


def pattern_notice(recordings: FilteredCohort) -> None:
    """Where a combination was chosen: which, and the way back to all."""
    chosen = _chosen()
    if chosen is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="missing_notice"):
        st.markdown(f"Only recordings {chosen['words']}: **{len(recordings):,}** :gray[on every page]")
        st.button("Show all combinations again", key="missing_back", on_click=_show_all)


def together_section(recordings: FilteredCohort) -> None:
    """UpSet plot of the combinations, then which columns are missing alike."""
    chosen = _chosen()
    shown = recordings
    if chosen is not None:  # the others stay in view, so that another one can be chosen
        missing, present = chosen["before"]
        shown = numbers.with_filter(recordings.loaded, recordings.filter.with_pattern(missing, present))
    found = numbers.together(shown)
    if not found.rows:
        st.markdown(":gray[Every column is either known or missing in all of these recordings.]")
        return
    _upset(found, len(shown), chosen)
    if len(found.correlation) >= 2:
        _alike(found)


def _upset(found: numbers.Together, recordings: int, chosen: dict | None) -> None:
    patterns = found.patterns
    words = [
        pattern_words(lacking(found.rows, row), int(row["recordings"]))
        for _, row in patterns.head(MOST_LISTED).iterrows()
    ]
    number = None if chosen is None else next((i for i in range(len(patterns)) if _is(found, i, chosen)), None)
    key = f"missing_upset_{st.session_state.get(_DRAWN, 0)}"
    figure_box(
        upset_chart(patterns, found.rows, session.theme(), most=MOST_SHOWN, chosen=number),
        "What is missing together?",
        f"The most frequent of {len(patterns):,} combinations of missing values: {'; '.join(words[:5])}.",
        key,
        table=lambda: _as_table(found),
        note=f"{min(MOST_SHOWN, len(patterns))} of {len(patterns):,} combinations, {recordings:,} recordings",
        caption="A filled dot is missing. Click a bar or a dot to see the recordings of that combination everywhere.",
        on_select=lambda: _clicked(key, found),
        selection_mode="points",
    )
    listed = [ALL, *words]
    at = 0 if number is None or number >= len(words) else number + 1
    st.selectbox(
        "Show the recordings of",
        range(len(listed)),
        index=at,
        format_func=lambda i: listed[i],
        key=f"{key}_list",
        on_change=lambda: _listed(f"{key}_list", found),
    )


def _alike(found: numbers.Together) -> None:
    words = together_in_words(found.correlation)
    figure_box(
        together_map(found.correlation, session.theme(), found.tree),
        "Which columns are missing in the same recordings?",
        "Correlation of being missing, of each pair of columns, and the tree that joins columns missing alike. "
        + " ".join(words),
        "missing_alike",
        table=lambda: found.correlation.rename_axis("column").reset_index(),
        note="φ, from −1 to 1",
        caption=" ".join(words) + " On the left, columns are joined at 1 − φ: at 0 they are missing together.",
    )


# --- choosing a combination ------------------------------------------------------------------------------------------


def choose_pattern(found: numbers.Together, number: int) -> None:
    """Look at the recordings of one combination, on every page."""
    row = found.patterns.iloc[number]
    missing = tuple(name for names in found.rows if row[names[0]] for name in names)
    present = tuple(name for names in found.rows if not row[names[0]] for name in names)
    chosen, filter = _chosen(), session.chosen_filter()
    before = chosen["before"] if chosen is not None else (filter.missing, filter.present)
    filter = filter.with_pattern(missing, present)
    st.session_state[_CHOSEN] = {
        "pattern": (filter.missing, filter.present),
        "before": before,
        "words": pattern_words(lacking(found.rows, row)).replace("nothing missing", "with nothing missing"),
    }
    session.set_filter(filter)
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1


def _show_all() -> None:
    chosen = _chosen()
    if chosen is not None:
        session.set_filter(session.chosen_filter().with_pattern(*chosen["before"]))
    st.session_state.pop(_CHOSEN, None)
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1


def _chosen() -> dict | None:
    """The combination that was chosen here, as long as the filter still holds it."""
    chosen, filter = st.session_state.get(_CHOSEN), session.chosen_filter()
    return chosen if chosen is not None and chosen["pattern"] == (filter.missing, filter.present) else None


def _is(found: numbers.Together, number: int, chosen: dict) -> bool:
    missing = set(chosen["pattern"][0])
    return all(bool(found.patterns[names[0]].iloc[number]) == (names[0] in missing) for names in found.rows)


def _clicked(key: str, found: numbers.Together) -> None:
    points = st.session_state[key].get("selection", {}).get("points", [])
    picked = [point["customdata"][0] for point in points if point.get("customdata")]
    if picked and isinstance(picked[0], int | float):  # the bars at the left carry the name of a column
        choose_pattern(found, int(picked[0]))


def _listed(key: str, found: numbers.Together) -> None:
    picked = int(st.session_state[key])
    if picked == 0:
        _show_all()
    else:
        choose_pattern(found, picked - 1)


def _as_table(found: numbers.Together):
    table = found.patterns.copy()
    lacks = table[[names[0] for names in found.rows]].to_numpy(bool)
    for place, names in enumerate(found.rows):
        for name in names[1:]:
            table[name] = np.asarray(lacks[:, place])
    return table
