"""Seed, content, format, and what happens to conditions outside the training data and to near-copies."""

from __future__ import annotations

import os
from dataclasses import dataclass

import streamlit as st

from abr_model.generation.formats.formats import FORMATS
from abr_model.generation.generate import CONTENTS
from dashboard.widgets.generation.batch.draft import keep, kept

CONTENT_LABELS = {"recording": "Recordings", "response": "Responses"}
OUTSIDE_LABELS = {"keep": "Keep, and say so", "leave out": "Leave out"}
CONTENT_HELP = (
    "Recordings: with the residual noise of an average, as the model has learned it. "
    "Responses: the evoked response alone."
)


@dataclass(frozen=True)
class Settings:
    """What the form says beside the design."""

    seed: int
    content: str
    format: str
    outside: str
    jobs: int


def settings_form() -> Settings:
    """The form."""
    first, second = st.columns(2)
    content = first.segmented_control(
        "Content", CONTENTS, default=kept("content", "recording"), required=True, format_func=CONTENT_LABELS.get,
        key="batch_content", help=CONTENT_HELP, width="stretch",
    )  # fmt: skip
    outside = second.segmented_control(
        "Outside the training data", list(OUTSIDE_LABELS), default=kept("outside", "keep"), required=True,
        format_func=OUTSIDE_LABELS.get, key="batch_outside", width="stretch",
        help="Where the model was trained on fewer than three patients near, a recording is a guess.",
    )  # fmt: skip
    third, fourth, fifth = st.columns([1.6, 1, 1])
    formats = list(FORMATS)
    format = third.selectbox(
        "Format", formats, formats.index(kept("format", "csv")), format_func=lambda key: FORMATS[key].label,
        key="batch_format", help="  \n".join(f"{f.label}: {f.help}" for f in FORMATS.values()),
    )  # fmt: skip
    seed = fourth.number_input(
        "Seed", 0, 2**31 - 1, kept("seed", 7), key="batch_seed", help="Same design, seed and model: the same file."
    )
    processors = os.cpu_count() or 1
    jobs = fifth.number_input(
        "Processes", 1, max(1, processors), min(kept("jobs", 1), processors), key="batch_jobs",
        help="How many work at once. The file is the same whatever their number.",
    )  # fmt: skip
    keep(content=content, outside=outside, format=format, seed=int(seed), jobs=int(jobs))
    return Settings(int(seed), content, format, outside, int(jobs))
