"""What several runs generate at one condition, beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.previews import HeldOut, Preview, Previews
from abr_model.runs.run import Run
from dashboard import session
from dashboard.charts.training.comparison_previews import RunPreview, previews_side_by_side
from dashboard.style import PLOTLY_CONFIG

MOST_PANELS = 8


def previews_card(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """The newest preview of each of ``runs`` at a condition that a person chooses; nothing where there are none."""
    found = {run.id: pair for run in runs[:MOST_PANELS] if (pair := newest_preview(run)) is not None}
    conditions = list(dict.fromkeys(c.words for held_out, _ in found.values() for c in held_out.conditions))
    if not conditions:
        return
    with st.container(border=True):
        title, choice = st.columns([1.4, 1], vertical_alignment="center")
        title.markdown(
            "**Generated at one condition** :gray[ · newest preview of each run]",
            help="Mean ± 1 SD of what each run generates over mean ± 1 SD of the held-out recordings at the same "
            "condition. Held-out: validation recordings, of patients that the run does not train on.",
        )
        if st.session_state.get("compare_condition") not in conditions:
            st.session_state.pop("compare_condition", None)
        chosen = choice.selectbox("Condition", conditions, key="compare_condition", label_visibility="collapsed")
        shown = at_condition(runs, names, found, chosen)
        st.plotly_chart(
            previews_side_by_side(shown, session.theme()),
            config=PLOTLY_CONFIG,
            key="compare_previews",
            alt=f"Generated and held-out mean at {chosen}: "
            + ", ".join(f"{p.name}, means differ by {p.difference_uv:.2f} µV" for p in shown),
        )
        notes = ["Synthetic: research use only."]
        if len({p.preview.with_noise for p in shown}) > 1 or not all(p.preview.with_noise for p in shown):
            notes.insert(0, "Without residual noise, as some previews are, the generated band is narrower.")
        if len(runs) > MOST_PANELS:
            notes.insert(0, f"The first {MOST_PANELS} of the chosen runs.")
        st.caption(" ".join(notes))


def newest_preview(run: Run) -> tuple[HeldOut, Preview] | None:
    """What the fitted sampler drew, else the last epoch's; None without previews."""
    previews = Previews(run.folder)
    held_out = previews.held_out
    if held_out is None or not held_out.conditions:
        return None
    if (of_sampler := previews.of_sampler) is not None:
        return held_out, of_sampler
    for epoch in reversed(previews.epochs):
        try:
            return held_out, previews.read(epoch)
        except InputError:  # damaged, or made anew at this moment
            continue
    return None


def at_condition(
    runs: Sequence[Run], names: Mapping[str, str], found: Mapping[str, tuple[HeldOut, Preview]], condition: str
) -> list[RunPreview]:
    """The runs that have a preview at ``condition`` (its words), in their order."""
    shown = []
    for number, run in enumerate(runs):
        if run.id not in found:
            continue
        held_out, preview = found[run.id]
        words = [c.words for c in held_out.conditions]
        if condition in words:
            shown.append(RunPreview(names[run.id], number, held_out, preview, words.index(condition)))
    return shown
