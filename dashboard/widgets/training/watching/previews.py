"""What a training generates so far, beside held-out recordings: traces at fixed conditions, wave V by level."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.previews import HeldOut, Preview, Previews
from abr_model.runs.run import Run
from dashboard import session
from dashboard.charts.training.previews import (
    earlier_epochs,
    latency_as_it_forms,
    latency_table,
    preview_traces,
    preview_words,
    traces_table,
)
from dashboard.widgets.download import figure_box

SAMPLER = "final model"
_CHOSEN = "training_preview_chosen"
"""In the session: run id and the preview that a person went back to; without it the newest is shown."""


def previews_panel(run: Run) -> None:
    """The newest preview of ``run``, or the one that a person went back to; a sentence where there is none yet."""
    previews = Previews(run.folder)
    held_out, of_sampler = previews.held_out, previews.of_sampler
    options: list[int | str] = [*previews.epochs, *([] if of_sampler is None else [SAMPLER])]
    if held_out is None or not held_out.conditions or not options:
        st.markdown(f":gray[{_nothing_yet(run, held_out)}]")
        return
    chosen = _choose(run.id, options)
    try:
        shown = of_sampler if chosen == SAMPLER else previews.read(chosen)
        before = shown.epoch + 1 if chosen == SAMPLER else chosen
        earlier = [previews.read(epoch) for epoch in earlier_epochs(previews.epochs, before)]
    except InputError:  # training went on from an earlier epoch while this was drawn
        st.markdown(":gray[This preview is made anew.]")
        return
    traces, latency = st.columns([1.5, 1], gap="medium")
    theme, note = session.theme(), preview_words(shown)
    with traces:
        figure_box(
            preview_traces(held_out, shown, theme),
            "Generated beside held-out recordings",
            f"Mean and SD of generated recordings after {note} over those of held-out recordings at "
            f"{len(held_out.conditions)} conditions; the means differ by "
            + ", ".join(f"{d:.2f} µV" for d in shown.difference_uv(held_out)),
            "training_preview_traces",
            table=lambda: traces_table(held_out, shown),
            note=note,
            caption=traces_caption(shown),
        )
    with latency:
        if not len(held_out.levels):
            st.markdown(":gray[Wave V is marked too rarely in the held-out recordings to show its latency by level.]")
            return
        figure_box(
            latency_as_it_forms(held_out, earlier, shown, theme),
            "Wave V by level",
            f"Latency of wave V by level, generated after {note}, beside the held-out median and quartiles",
            "training_preview_latency",
            table=lambda: latency_table(held_out, [*earlier, shown]),
            note=note,
            caption=latency_caption(held_out),
        )


def traces_caption(shown: Preview) -> str:
    """How to read the traces: what was drawn from where, and what the two bands hold."""
    noise = (
        "Both bands are 1 SD between recordings, with their residual noise."
        if shown.with_noise
        else "The held-out band (1 SD) holds the residual noise of recordings, the generated one does not: it is "
        "narrower."
    )
    return (
        f"Held-out: validation recordings, of patients that are not trained on. Generated: {shown.draws} "
        f"for the ages, levels and rates of those recordings; drawn from {shown.drawn_from_words}. {noise} "
        "Synthetic: research use only."
    )


def latency_caption(held_out: HeldOut) -> str:
    """Whose wave V it is, and how to read the figure."""
    series = held_out.series[:1].upper() + held_out.series[1:]
    return (
        f"{series}. Generated: the peak of the mean response at each level; no point where there is none. Fainter "
        "lines: earlier epochs. Below a level: held-out recordings with wave V marked."
    )


def _choose(run_id: str, options: list[int | str]) -> int | str:
    """The preview to show: the newest, unless a person went back to another one of this run."""
    if len(options) == 1:
        return options[0]
    kept_for, kept = st.session_state.get(_CHOSEN, (None, None))
    value = kept if kept_for == run_id and kept in options else options[-1]
    key = "training_preview_slider"
    st.session_state[key] = value

    def moved() -> None:
        chosen = st.session_state[key]
        st.session_state[_CHOSEN] = (run_id, None if chosen == options[-1] else chosen)

    return st.select_slider(
        "Preview after epoch",
        options,
        key=key,
        on_change=moved,
        help="At its right end it follows the training: the newest preview is shown. Move it to the left to look back.",
    )


def _nothing_yet(run: Run, held_out: HeldOut | None) -> str:
    if held_out is not None and not held_out.conditions:
        return (
            "No preview: at no condition are there 5 held-out recordings or more. The curves show how well it learns."
        )
    try:
        wanted = run.config.preview_every > 0
    except InputError:
        wanted = False
    if not wanted:
        return "This run makes no previews (they were switched off when it was started)."
    if run.active:
        return "The first generated waveforms appear here after the first epoch."
    return "This run has made no preview."
