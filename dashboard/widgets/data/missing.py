"""What is missing, where, together with what, and what it depends on: the answer in words, the rest on request."""

from __future__ import annotations

import streamlit as st

from abr_model.missingness import CODES, GROUPINGS, grouping
from abr_model.schema import AGE, COLUMNS_BY_NAME, FMP, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RESIDUAL_NOISE, WAVES
from dashboard import session
from dashboard.charts.missingness import code_bars, rate_bars, rate_map
from dashboard.charts.missingness_matrix import matrix_map
from dashboard.charts.missingness_words import (
    code_words,
    column_label,
    difference_words,
    in_words,
    pattern_words,
    percent,
)
from dashboard.recordings import FilteredCohort
from dashboard.widgets.data import missing_numbers as numbers
from dashboard.widgets.data.missing_reasons import main_label, reasons_section
from dashboard.widgets.data.missing_together import lacking, pattern_notice, together_section
from dashboard.widgets.download import figure_box

SORTINGS = {
    "level": INTENSITY.name,
    "age": AGE.name,
    "hearing loss": HEARING_LOSS.name,
    "Fmp": FMP.name,
    "residual noise": RESIDUAL_NOISE.name,
    "order in the file": None,
}


def missing_view(recordings: FilteredCohort) -> None:
    """How often values are missing, where, together with what, and what it depends on."""
    pattern_notice(recordings)
    if not len(recordings):
        st.markdown(":gray[No recording passes the filter.]")
        return
    st.markdown("\n".join(f"- {words}" for words in _answers(recordings)))
    section = st.segmented_control(
        "Look at", list(SECTIONS), default="How often", key="missing_section", required=True, persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    SECTIONS[section](recordings)


def _answers(recordings: FilteredCohort) -> list[str]:
    """What one wants to know first: how much is marked, what was said of the rest, and what goes with it."""
    seen = numbers.overview(recordings)
    sentences = in_words(seen.rates, seen.codes)
    if label := main_label(seen.groups):
        found = numbers.compared(recordings, label[0], all_variables=False)
        rows = [r for r in found.table.itertuples() if r.strength != "negligible"] if found is not None else []
        sentences += [difference_words(row, column_label(label), interval=False) for row in rows[:1]]
    found = numbers.together(recordings)
    if found.rows and len(found.patterns) > 1:
        first = found.patterns.iloc[0]
        words = f"{pattern_words(lacking(found.rows, first))} ({percent(first.share)})"
        sentences.append(f"The most frequent of {len(found.patterns):,} combinations: {words}.")
    for wave, count in seen.contradictory.items():
        sentences.append(f"Wave {wave} has a latency and yet was judged absent in {count:,} recordings.")
    return sentences


def _how_often(recordings: FilteredCohort) -> None:
    seen = numbers.overview(recordings)
    labels = {code.name: code.label for code in CODES}
    figure_box(
        code_bars(seen.codes, session.theme()),
        "What is known of each wave",
        f"What is known of each wave. {code_words(seen.codes, labels)}.",
        "missing_codes",
        table=seen.codes,
        note=f"{len(recordings):,} recordings",
        caption=_patients_in_words(seen.patients) + " " + _meanings(seen.codes),
    )
    overall = "; ".join(f"{r.label} {percent(r.rate)}" for r in seen.rates.itertuples())
    figure_box(
        rate_bars(seen.rates, session.theme()),
        "How often each column is missing",
        f"Share missing of {len(recordings):,} recordings. {overall}.",
        "missing_rates",
        table=seen.rates,
        note=f"{len(recordings):,} recordings of {int(seen.rates['patients'].max()):,} patients",
        caption="Lines: 95 % interval. Recordings of one patient are alike, so it counts patients.",
    )


def _patients_in_words(patients) -> str:
    listed = ", ".join(f"{r.wave} in {percent(r.share)}" for r in patients.itertuples())
    return f"Marked at least once: wave {listed} of {int(patients['patients'].max()):,} patients."


def _meanings(codes) -> str:
    """What the codes that occur mean; "marked" needs no words."""
    found = set(codes.loc[codes["recordings"] > 0, "code"]) - {"marked"}
    listed = [f"{c.label.capitalize()}: {c.meaning[0].lower()}{c.meaning[1:]}" for c in CODES if c.name in found]
    return " ".join(listed)


def _where(recordings: FilteredCohort) -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    shows = ["Each column", *(f"Wave {wave}" for wave in WAVES), "All recordings"]
    show = left.segmented_control("Show", shows, default=shows[0], key="missing_show", required=True)
    if show == "All recordings":
        sort = right.selectbox("Sorted by", list(SORTINGS), key="missing_sort")
        _all_recordings(recordings, sort)
        return
    by = right.selectbox(
        "By",
        [g.name for g in GROUPINGS],
        key="missing_by",
        help="A cohort has no column for the site where a recording was made, so recordings cannot be grouped by it.",
    )
    if show == "Each column":
        _rates_by(recordings, by)
    else:
        _codes_by(recordings, by, show.removeprefix("Wave "))


def _rates_by(recordings: FilteredCohort, by: str) -> None:
    rates = numbers.rates_by(recordings, by, numbers.overview(recordings).columns)
    extremes = "; ".join(_extremes(rows) for _, rows in rates.groupby("column", sort=False) if rows["rate"].any())
    figure_box(
        rate_map(rates, session.theme(), group_title=grouping(by).title(recordings.table)),
        f"Share missing by {by}",
        f"Share missing by {by}. Lowest and highest: {extremes or 'nothing is missing'}.",
        "missing_by_map",
        table=rates,
        note="share of the recordings in each column",
    )


def _extremes(rows) -> str:
    low, high = rows.loc[rows["rate"].idxmin()], rows.loc[rows["rate"].idxmax()]
    return f"{low['label']} {percent(low['rate'])} ({low['group']}) to {percent(high['rate'])} ({high['group']})"


def _codes_by(recordings: FilteredCohort, by: str, wave: str) -> None:
    counts = numbers.codes_by(recordings, by, wave)
    marked = counts[counts["code"] == "marked"]
    figure_box(
        code_bars(counts, session.theme(), of="group", title=grouping(by).title(recordings.table)),
        f"What is known of wave {wave} by {by}",
        f"Wave {wave} is marked in: " + ", ".join(f"{r.group} {percent(r.share)}" for r in marked.itertuples()),
        "missing_codes_by",
        table=counts,
        caption="“No response” is a finding about hearing; “not marked” says what the protocol asked for.",
    )


def _all_recordings(recordings: FilteredCohort, sort: str) -> None:
    column = SORTINGS[sort]
    columns = numbers.overview(recordings).columns
    found = numbers.matrix(recordings, column, columns)
    names = {h.code: h.short_label for h in HEARING_LOSSES}
    title = COLUMNS_BY_NAME[column].title if column else ""
    figure_box(
        matrix_map(found, session.theme(), sort_title=title, names=names),
        "All recordings at a glance",
        f"Share missing of {len(columns)} columns in {len(found.recordings)} bins of recordings, sorted by {sort}.",
        "missing_matrix",
        table=lambda: _matrix_table(found),
        note=f"{len(recordings):,} recordings, about {int(found.recordings.mean()):,} a row, sorted by {sort}",
    )


def _matrix_table(found):
    import pandas as pd

    table = pd.DataFrame(found.share, columns=list(found.columns))
    table.insert(0, "recordings", found.recordings)
    table.insert(1, "first", found.first)
    table.insert(2, "last", found.last)
    return table


SECTIONS = {"How often": _how_often, "Where": _where, "Together": together_section, "Why": reasons_section}
