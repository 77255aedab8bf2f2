"""The conditions of a batch: five ways to say them."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.generation.designs.design import Design, design_of
from abr_model.schema import CONDITION_NAMES, HEARING_LOSS, HEARING_LOSSES
from dashboard import session
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.generation.batch.draft import keep, kept
from dashboard.widgets.generation.batch.own_table import own_table
from dashboard.widgets.generation.exploring.settings import chosen_settings
from dashboard.widgets.problem import plain

KINDS = {
    "condition": "As the sliders are set",
    "grid": "Grid",
    "cohort": "Like the cohort",
    "balanced": "Balanced by hearing class",
    "table": "Own table",
}
CAPTIONS = {
    "condition": "one condition, many ears",
    "grid": "every combination of some values",
    "cohort": "conditions drawn as they occur together in it",
    "balanced": "as many of every class",
    "table": "CSV or Excel, one condition a row",
}
_RANGE_HELP = "One value, several with commas (20, 40, 60), or first:last:step (20:80:20)."
_LABELS = {h.code: h.label for h in HEARING_LOSSES}
LARGEST = 1_000_000
"""Recordings of one batch of the page; the command line makes more."""


def design_form() -> tuple[Design | None, InputError | None]:
    """The form, and the design that it says; None and, where something is wrong, what."""
    kinds = list(KINDS)
    kind = st.radio(
        "Conditions",
        kinds,
        index=kinds.index(kept("kind", "grid")),
        format_func=KINDS.get,
        captions=[CAPTIONS[kind] for kind in kinds],
        key="batch_kind",
    )
    keep(kind=kind)
    fields = {
        "condition": _condition, "grid": _grid, "cohort": _cohort, "balanced": _balanced, "table": own_table,
    }[kind]  # fmt: skip
    try:
        values = fields()
        return (None, None) if values is None else (design_of(values), None)
    except InputError as error:
        return None, error


def _condition() -> dict:
    condition = dict(chosen_settings().condition)
    words = ", ".join(in_words(name, condition[name]) for name in CONDITION_NAMES)
    st.caption(f"{plain(words)}. The sliders of the view Conditions set them.")
    n = _count("Recordings", "n_condition", 1000)
    return {"kind": "grid", **{name: [value] for name, value in condition.items()}, "n": n}


def _grid() -> dict:
    start = chosen_settings().condition
    age = _text("Ages (years)", "ages", f"{start['age_years']:.10g}")
    level = _text("Levels (dB nHL)", "levels", "20:80:20")
    rate = _text("Stimulus rates (/s)", "rates", f"{start['stimulus_rate_per_s']:.10g}")
    classes = st.multiselect(
        "Hearing",
        list(_LABELS),
        kept("classes", [start[HEARING_LOSS.name]]),
        format_func=_LABELS.get,
        key="batch_classes",
    )
    keep(classes=classes)
    if not classes:
        raise InputError("no hearing class is chosen", allowed="one or more")
    n = _count("Recordings of each condition", "n_grid", 100)
    names = ("age_years", "intensity_db_nhl", "stimulus_rate_per_s")
    return {"kind": "grid", **dict(zip(names, (age, level, rate), strict=True)), "hearing_loss": classes, "n": n}


def _cohort() -> dict:
    n = _count("Recordings", "n_cohort", 1000)
    return {"kind": "cohort", "n": n, **_drawn()}


def _balanced() -> dict:
    n = _count("Recordings of each class", "n_balanced", 200)
    shared = st.checkbox(
        "Age, level and rate alike in all classes",
        kept("shared", False),
        key="batch_shared",
        help="Then nothing but the class differs. Else each class has the ages, levels and rates that it has in the "
        "cohort.",
    )
    keep(shared=shared)
    return {"kind": "balanced", "n": n, "conditions": "shared" if shared else "own", **_drawn()}


def _drawn() -> dict:
    """Which cohort, how drawn."""
    recordings = session.chosen_recordings()
    every_patient = st.checkbox(
        "Every patient counts alike",
        kept("every_patient", True),
        key="batch_every_patient",
        help="Else every recording does, and a patient with many counts more. Ages are moved by up to 10 %, so that "
        "nobody's exact age is copied; levels and rates are taken as they are.",
    )
    seed = _count("Seed of the drawing", "design_seed", 0, lowest=0, largest=2**31 - 1)
    keep(every_patient=every_patient)
    filter_box()
    return {
        "cohort": recordings.loaded.provenance.title,
        "cohort_digest": recordings.loaded.digest,
        "filter": recordings.filter,
        "weighting": "patient" if every_patient else "recording",
        "seed": seed,
    }


def _text(label: str, name: str, default: str) -> str:
    text = st.text_input(label, kept(name, default), key=f"batch_{name}", help=_RANGE_HELP, max_chars=500)
    keep(**{name: text})
    return text


def _count(label: str, name: str, default: int, lowest: int = 1, largest: int = LARGEST) -> int:
    value = st.number_input(label, lowest, largest, kept(name, default), key=f"batch_{name}")
    keep(**{name: value})
    return int(value)
