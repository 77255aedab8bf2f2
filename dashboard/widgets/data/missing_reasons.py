"""What it depends on that a label is missing: comparisons at once, predictions and Little's test on a button."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from abr_model.missingness import KNOWN_BEFORE, Predictability
from abr_model.missingness.differences import FEWEST
from abr_model.schema import COLUMNS_BY_NAME, HEARING_LOSS, WAVES, latency_column, response_column
from dashboard import session
from dashboard.charts.missingness_reasons import differences_chart, importance_chart, prediction_chart, rate_along_chart
from dashboard.charts.missingness_words import (
    column_label,
    in_sentence,
    little_words,
    percent,
    prediction_words,
    strongest_words,
)
from dashboard.recordings import FilteredCohort
from dashboard.widgets.data import missing_numbers as numbers
from dashboard.widgets.download import figure_box
from dashboard.widgets.problem import plain, sentence

_ASKED = "missing_asked"
"""Which answers that take a while were asked for: (key of the recordings, what)."""


def main_label(groups: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The label that most depends on being missing or not: wave V, else III, I, else what else is partly missing."""
    for wave in reversed(WAVES):
        for names in groups:
            if latency_column(wave) in names:
                return names
    return groups[0] if groups else None


def reasons_section(recordings: FilteredCohort) -> None:
    """Which recordings lack a label, how predictable that is, and Little's test."""
    groups = numbers.overview(recordings).groups
    if not groups:
        st.markdown(":gray[Every column is either known or missing in all of these recordings.]")
        return
    by_name = {column_label(names): names for names in groups}
    first = column_label(main_label(groups))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.segmented_control(
        "Where this is missing", list(by_name), default=first, key=f"missing_label_{len(by_name)}", required=True
    )
    label = by_name[name][0]
    leave_out = False
    if _judged_absent(recordings, label):
        leave_out = right.toggle(
            "Leave out “no response”",
            key="missing_leave_out",
            help="Looks at recordings of which nothing was said only: what the protocol asked for, not hearing.",
        )
    _compared(recordings, label, name, leave_out)
    _predicted(recordings, by_name, name, leave_out)
    _little(recordings)


def _judged_absent(recordings: FilteredCohort, label: str) -> bool:
    wave = next((w for w in WAVES if f"_{w}_" in label), None)
    return wave is not None and bool((recordings.table[response_column(wave)] == "absent").any())


def _compared(recordings: FilteredCohort, label: str, name: str, leave_out: bool) -> None:
    found = numbers.compared(recordings, label, leave_out)
    if found is None or not len(found.table):
        st.markdown(f":gray[Too few recordings with or without {in_sentence(name)} for a comparison.]")
        return
    words = strongest_words(found, name)
    st.markdown("\n".join(f"- {one}" for one in words))
    figure_box(
        differences_chart(found, name, session.theme()),
        f"How recordings without {in_sentence(name)} differ from those with it",
        " ".join(words),
        "missing_differences",
        table=found.table,
        note=f"{found.missing:,} without, {found.present:,} with",
        caption=_how_to_read(found.left_out),
    )
    variables = list(found.table["variable"])
    variable = st.selectbox(
        f"How often {in_sentence(name)} is missing along",
        variables,
        index=next((i for i, v in enumerate(variables) if v in KNOWN_BEFORE and v != HEARING_LOSS.name), 0),
        format_func=lambda v: COLUMNS_BY_NAME[v].label,
        key="missing_along_of",
    )
    along = numbers.along(recordings, label, variable, leave_out)
    rates = ", ".join(f"{percent(r.rate)} at {_place(r.value)}" for r in along.itertuples())
    figure_box(
        rate_along_chart(along, variable, name, session.theme()),
        f"{name} missing, by {COLUMNS_BY_NAME[variable].in_sentence}",
        f"Share of recordings without {in_sentence(name)}: {rates}.",
        "missing_along",
        table=along,
        caption="Lines: 95 % interval, by patient. Numbers with many values are in bins of equally many recordings.",
    )


def _how_to_read(left_out: dict[str, str]) -> str:
    words = (
        "Cliff’s δ: the chance that a recording without it has the larger value, minus the chance of the smaller. "
        "Grey lines: from there on small, medium, large. Lines: 95 % interval, by patient."
    )
    if left_out:
        names = ", ".join(COLUMNS_BY_NAME[n].in_sentence for n in left_out)
        words += f" Not compared, for fewer than {FEWEST} known values on one side or too few patients: {names}."
    return words


def _place(value) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _predicted(recordings: FilteredCohort, by_name: dict, name: str, leave_out: bool) -> None:
    st.markdown("#### Can one tell that it is missing?")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        pressed = st.button("Predict", key="missing_predict")
        quality = st.toggle(
            "Also from Fmp and residual noise",
            key="missing_quality",
            help="How a recording came out. Without: age, level, rate, hearing loss and polarity, known beforehand.",
        )
    if pressed:
        _ask(recordings, f"predict {quality} {leave_out}")
    if not _asked(recordings, f"predict {quality} {leave_out}"):
        st.caption("Gradient boosting and logistic regression, tested on patients they have not seen. Takes seconds.")
        return
    results, problems = _all_predictions(recordings, by_name, quality, leave_out)
    for label, problem in problems:
        st.markdown(f":gray[{label}: {plain(sentence(problem))}]")
    if not results:
        return
    words = [prediction_words(found, label) for label, found in results]
    st.markdown("\n".join(f"- {one}" for one in words))
    some = results[0][1]
    figure_box(
        prediction_chart(results, session.theme()),
        "How predictable it is that a label is missing",
        " ".join(words),
        "missing_predictability",
        table=lambda: _as_table(results),
        note=_used(some),
        caption=(
            "0.5: no better than by lot, as if missing at random. High: it depends on what was recorded. What cannot "
            "be seen: whether a wave went unmarked because of its own latency or amplitude, which is what is missing."
        ),
    )
    chosen = dict(results).get(name)
    if chosen is not None:
        figure_box(
            importance_chart(chosen, session.theme()),
            f"What {in_sentence(name)} depends on",
            "Fall of the AUC when a variable is shuffled: "
            + ", ".join(f"{COLUMNS_BY_NAME[r.variable].label} {r.drop:.3f}" for r in chosen.importance.itertuples()),
            "missing_importance",
            table=chosen.importance,
            caption="Variables that say the same share their importance. Lines: 95 % interval over five folds.",
        )


def _all_predictions(recordings, by_name: dict, quality: bool, leave_out: bool):
    bar = st.progress(0.0, text="Predicting …")
    results: list[tuple[str, Predictability]] = []
    problems: list[tuple[str, str]] = []
    for done, (label, names) in enumerate(by_name.items()):
        bar.progress(done / len(by_name), text=f"Predicting: {in_sentence(label)} …")
        found = numbers.predicted(recordings, names[0], quality, leave_out)
        (problems if isinstance(found, str) else results).append((label, found))
    bar.empty()
    return results, problems


def _used(found: Predictability) -> str:
    if found.recordings < found.of_recordings:
        return (
            f"{found.patients:,} patients drawn at random, {found.recordings:,} of {found.of_recordings:,} recordings"
        )
    return f"{found.recordings:,} recordings of {found.patients:,} patients"


def _as_table(results: list[tuple[str, Predictability]]):
    import pandas as pd

    columns = (
        "auc",
        "low",
        "high",
        "linear_auc",
        "linear_low",
        "linear_high",
        "missing_share",
        "recordings",
        "patients",
    )
    return pd.DataFrame([{"label": name} | {c: getattr(found, c) for c in columns} for name, found in results])


def _little(recordings: FilteredCohort) -> None:
    st.markdown("#### Little’s test: missing completely at random?")
    st.caption(
        "Here it is expected to say no: what is marked depends on level and hearing. A “no” means that leaving out "
        "recordings with missing labels changes the picture; it does not say which label, or whether it matters. With "
        "many recordings the smallest departure is enough."
    )
    if st.button("Run Little’s test", key="missing_little"):
        _ask(recordings, "little")
    if not _asked(recordings, "little"):
        return
    with st.spinner("Little’s test …"):
        both = [numbers.little(recordings, one_each) for one_each in (False, True)]
    for found, of in zip(both, ("all recordings", "one recording of each patient, drawn at random,"), strict=True):
        if isinstance(found, str):
            st.markdown(f":gray[{plain(sentence(f'With {of}: {found}'))}]")
            continue
        left_out = ", ".join(f"{COLUMNS_BY_NAME[n].in_sentence} ({why})" for n, why in found.left_out.items())
        st.markdown(f"- {little_words(found, of)}" + (f" Left out: {left_out}." if left_out else ""))
    st.caption(
        "The test supposes independent recordings with normal values. Recordings of one patient are not independent: "
        "the second line is the one that holds in this respect."
    )


def _ask(recordings: FilteredCohort, what: str) -> None:
    st.session_state.setdefault(_ASKED, set()).add((recordings.key, what))


def _asked(recordings: FilteredCohort, what: str) -> bool:
    return (recordings.key, what) in st.session_state.get(_ASKED, set())
