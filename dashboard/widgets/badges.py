"""Small labels that say what a recording is, beside its name on every page."""

from __future__ import annotations

import streamlit as st

from abr_model.schema import KIND_NOTICES, Kind

KIND_COLOURS = {Kind.CLINICAL: "violet", Kind.SIMULATED: "orange", Kind.GENERATED: "primary"}
KIND_WORDS = {
    Kind.CLINICAL: "clinical cohort",
    Kind.SIMULATED: "simulated cohort",
    Kind.GENERATED: "generated cohort",
}


def kind_badge_markdown(kind: Kind) -> str:
    """The kind as an inline badge for ``st.markdown``."""
    return f":{KIND_COLOURS[kind]}-badge[{KIND_WORDS[kind]}]"


def kind_badge(kind: Kind) -> None:
    """The kind as a badge, with the full notice on hover."""
    st.badge(KIND_WORDS[kind], color=KIND_COLOURS[kind], help=KIND_NOTICES[kind])
