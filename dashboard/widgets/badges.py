"""Small labels that say what a recording is, beside its name on every page."""

from __future__ import annotations

from abr_model.schema import Kind

KIND_COLOURS = {Kind.CLINICAL: "violet", Kind.SIMULATED: "orange", Kind.GENERATED: "primary"}
KIND_WORDS = {
    Kind.CLINICAL: "clinical cohort",
    Kind.SIMULATED: "simulated cohort",
    Kind.GENERATED: "generated cohort",
}


def kind_badge_markdown(kind: Kind) -> str:
    """The kind as an inline badge for ``st.markdown``."""
    return f":{KIND_COLOURS[kind]}-badge[{KIND_WORDS[kind]}]"
