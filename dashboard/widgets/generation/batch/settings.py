"""Seed, content, noise, format, and what happens to conditions outside the training data and to near-copies."""

from __future__ import annotations

import os
from dataclasses import dataclass

import streamlit as st

from abr_model.batches.sweeps import LearnedSweeps, NoiseOfSweeps, range_in_words
from abr_model.generation.formats.formats import FORMATS
from abr_model.generation.generate import CONTENTS
from dashboard.widgets.generation.batch.draft import keep, kept
from dashboard.widgets.generation.exploring.settings import SWEEPS

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
    residual_noise: NoiseOfSweeps | None
    format: str
    outside: str
    jobs: int


def settings_form(learned: tuple[LearnedSweeps, ...], learned_from: str) -> Settings:
    """The form.

    Parameters
    ----------
    learned, learned_from
        Of how many sweeps the learned noise is, and where that is from; where nobody knows, no other number can be
        asked for.
    """
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
    possible = bool(learned) and content == "recording"
    noise, third, fourth, fifth = st.columns([1.5, 1.4, 0.8, 0.8])
    options = (None, *SWEEPS)
    sweeps = noise.selectbox(
        "Residual noise", options, options.index(kept("sweeps", None)), disabled=not possible, key="batch_sweeps",
        format_func=lambda n: f"of {n:,} sweeps" if n else "As learned", help=_noise_help(learned, learned_from),
    )  # fmt: skip
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
    keep(content=content, sweeps=sweeps, outside=outside, format=format, seed=int(seed), jobs=int(jobs))
    asked = NoiseOfSweeps(sweeps=sweeps, learned=learned, learned_from=learned_from) if sweeps and possible else None
    return Settings(int(seed), content, asked, format, outside, int(jobs))


def _noise_help(learned: tuple[LearnedSweeps, ...], learned_from: str) -> str:
    rule = "The noise of an average falls with the square root of the number of sweeps. "
    if not learned:
        return rule + "Nobody says over how many sweeps the recordings were averaged that the model learned from."
    number = range_in_words(learned)
    return f"{rule}What the model has learned is the noise of {number} sweeps, {learned_from}. Responses carry none."
