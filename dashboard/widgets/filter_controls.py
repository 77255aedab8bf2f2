"""The controls of the filter: a slider for each condition and quality, the classes that occur, waves, patients.

What is chosen lives in the session, not in the controls: they are drawn from it, and each writes its own part back.
"""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.filter_range import Range
from abr_model.filter_words import age
from abr_model.filtering import CohortFilter
from abr_model.schema import AGE, COLUMNS_BY_NAME, HEARING_LOSS, HEARING_LOSSES, WAVES, latency_column
from dashboard import session
from dashboard.widgets.filter_choices import CONDITION_RANGES, QUALITY_RANGES, Choices, choices
from dashboard.widgets.problem import plain, sentence

MOST_LISTED_PATIENTS = 3_000
"""More than these are typed, not picked from a list."""
MARKS = {"any": "Any", "present": "Marked", "missing": "Not marked"}
_HEARING = {h.code: h.short_label for h in HEARING_LOSSES}
_MADE = "filter_made_by_controls"
_VERSION = "filter_controls_version"


def filter_controls() -> None:
    """Everything that can be asked of the chosen cohort; a column without values has no control."""
    loaded, filter = session.chosen_cohort(), session.chosen_filter()
    offered = choices(loaded)
    version = _version(filter, loaded.digest)
    for name in CONDITION_RANGES:
        _range(name, offered, filter, version)
    _classes(HEARING_LOSS.name, offered, filter, version)
    left, right = st.columns(2)
    with left:
        _classes("ear", offered, filter, version)
    with right:
        _classes("sex", offered, filter, version)
    with st.expander("Quality and stimulus", expanded=any(n in filter.ranges for n in QUALITY_RANGES)):
        for name in QUALITY_RANGES:
            _range(name, offered, filter, version)
        for name in ("stimulus_polarity", "stimulus_type"):
            _classes(name, offered, filter, version)
    with st.expander("Waves", expanded=bool(filter.present or filter.missing)):
        for wave, column in zip(st.columns(len(WAVES)), WAVES, strict=True):
            with wave:
                _marked(column, filter, version)
        for wave in WAVES:
            _classes(f"response_{wave}", offered, filter, version)
    with st.expander("Patients", expanded=bool(filter.patients)):
        _patients(offered, filter, version)
    if offered.incomplete & set(filter.ranges):
        st.checkbox(
            "Also recordings where it is not known",
            any(r.unknown for r in filter.ranges.values()),
            key=(key := f"filter_unknown_{version}"),
            on_change=_set_unknown,
            args=(key,),
            help="Applies to the ranges that are set. Without it a recording whose value is missing is left out.",
        )


def change(filter: CohortFilter) -> None:
    """Take a filter that a control has made: the controls already show it."""
    session.set_filter(filter)
    st.session_state[_MADE] = filter.sha256()


def _version(filter: CohortFilter, digest: str) -> str:
    """Part of the controls' keys: another one, and so new controls, when the filter was set from elsewhere."""
    if st.session_state.setdefault(_MADE, filter.sha256()) != filter.sha256():
        st.session_state[_MADE] = filter.sha256()
        st.session_state[_VERSION] = st.session_state.get(_VERSION, 0) + 1
    return f"{digest[:6]}_{st.session_state.get(_VERSION, 0)}"


# --- ranges ------------------------------------------------------------------------------------------------------


def _range(name: str, offered: Choices, filter: CohortFilter, version: str) -> None:
    if name not in offered.stops:
        return
    column, allowed = COLUMNS_BY_NAME[name], filter.ranges.get(name, Range())
    stops = sorted({*offered.stops[name], *(b for b in (allowed.minimum, allowed.maximum) if b is not None)})
    low = stops[0] if allowed.minimum is None else allowed.minimum
    high = stops[-1] if allowed.maximum is None else allowed.maximum
    say = age if column is AGE else "{:,g}".format
    st.select_slider(
        column.title if column is not AGE else column.label,
        stops,
        (low, high),
        format_func=say,
        key=(key := f"filter_{name}_{version}"),
        on_change=_set_range,
        args=(key, name, stops[0], stops[-1]),
    )


def _set_range(key: str, name: str, lowest: float, highest: float) -> None:
    low, high = st.session_state[key]
    filter = session.chosen_filter()
    if (low, high) == (lowest, highest):
        change(filter.changed(ranges={n: r for n, r in filter.ranges.items() if n != name}))
        return
    unknown = any(r.unknown for r in filter.ranges.values())
    change(filter.with_range(name, None if low == lowest else low, None if high == highest else high, unknown))


def _set_unknown(key: str) -> None:
    filter = session.chosen_filter()
    unknown = st.session_state[key]
    change(filter.changed(ranges={n: r.model_copy(update={"unknown": unknown}) for n, r in filter.ranges.items()}))


# --- classes, waves, patients ------------------------------------------------------------------------------------


def _classes(name: str, offered: Choices, filter: CohortFilter, version: str) -> None:
    if name not in offered.classes:
        return
    chosen = filter.classes.get(name, ())
    st.pills(
        COLUMNS_BY_NAME[name].label,
        offered.classes[name],
        selection_mode="multi",
        default=[v for v in offered.classes[name] if v in chosen],
        format_func=lambda value: _class_name(name, value),
        key=(key := f"filter_{name}_{version}"),
        on_change=_set_classes,
        args=(key, name),
        help="None chosen lets all pass.",
    )


def _class_name(name: str, value: str | None) -> str:
    if value is None:
        return "Not known"
    return _HEARING[value] if name == HEARING_LOSS.name else value[:1].upper() + value[1:]


def _set_classes(key: str, name: str) -> None:
    change(session.chosen_filter().with_classes(name, st.session_state[key]))


def _marked(wave: str, filter: CohortFilter, version: str) -> None:
    name = latency_column(wave)
    now = "present" if name in filter.present else "missing" if name in filter.missing else "any"
    st.selectbox(
        f"Wave {wave}",
        list(MARKS),
        list(MARKS).index(now),
        format_func=MARKS.get,
        key=(key := f"filter_marked_{wave}_{version}"),
        on_change=_set_marked,
        args=(key, name),
    )


def _set_marked(key: str, name: str) -> None:
    filter, wanted = session.chosen_filter(), st.session_state[key]
    parts = {
        side: tuple(n for n in getattr(filter, side) if n != name) + ((name,) if wanted == side else ())
        for side in ("present", "missing")
    }
    change(filter.changed(**parts))


def _patients(offered: Choices, filter: CohortFilter, version: str) -> None:
    key = f"filter_patients_{version}"
    if len(offered.patients) <= MOST_LISTED_PATIENTS:
        st.multiselect(
            "Patients",
            offered.patients,
            list(filter.patients),
            key=key,
            on_change=_set_patients,
            args=(key,),
            placeholder="All patients",
            label_visibility="collapsed",
        )
        return
    st.text_input(
        "Patients",
        ", ".join(filter.patients),
        key=key,
        on_change=_set_patients,
        args=(key,),
        placeholder="Pseudonyms, separated by commas",
        label_visibility="collapsed",
    )
    if problem := st.session_state.pop("filter_problem", None):
        st.warning(plain(sentence(problem)))


def _set_patients(key: str) -> None:
    given = st.session_state[key]
    wanted = [p.strip() for p in given.split(",") if p.strip()] if isinstance(given, str) else given
    known = set(choices(session.chosen_cohort()).patients)
    if unknown := [p for p in wanted if p not in known]:
        problem = InputError("there is no such patient in this cohort", value=unknown[0])
        st.session_state["filter_problem"] = str(problem)
        wanted = [p for p in wanted if p in known]
    change(session.chosen_filter().changed(patients=tuple(wanted)))
