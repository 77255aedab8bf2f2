"""What a newcomer does in the first minutes: where, what there is to see with the numbers at hand, and what is done.

A step counts as done when its page was open as the step says; it is kept for the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from abr_model.schema import HEARING_LOSS, INTENSITY, Kind, latency_column

LOUD, SOFT = 80.0, 30.0
"""Levels between which a step moves, dB nHL."""
FEWEST = 3
"""A median of fewer marked waves is none."""


@dataclass(frozen=True)
class Step:
    """``do`` and ``see`` are Markdown; ``page`` and ``settings`` are where its link leads; ``done`` looks at what the
    session has opened."""

    name: str
    do: str
    see: str
    page: str
    label: str
    done: Callable[[Mapping], bool]
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def first_steps(table: pd.DataFrame, kind: Kind, has_model: bool) -> list[Step]:
    """The steps for this cohort.

    Parameters
    ----------
    table
        Of the loaded cohort.
    has_model
        Whether there is a model to generate with; it is not loaded for this.
    """
    return [
        Step(
            "Look at the cohort",
            "Choose an ear, and step through its levels.",
            _marked_in_words(table, kind),
            "data",
            "Open Data",
            lambda opened: "data" in opened,
        ),
        Step(
            "Move a slider",
            f"Drag *Intensity* from {LOUD:g} to {SOFT:g} dB nHL.",
            _wave_v_in_words(table, has_model),
            "generation",
            "Open Generation",
            lambda opened: opened.get("generation", {}).get("moved", False),
        ),
        Step(
            "Compare with recordings",
            "Look at *Beside: Difference*.",
            "The lower lane is what the model adds or lacks beside recordings of the same conditions; inside its grey "
            "band it is no more than chance.",
            "generation",
            "Show the difference",
            lambda opened: opened.get("generation", {}).get("compare") == "difference",
            {"view": "conditions", "compare": "difference"},
        ),
        Step(
            "Ask how good it is",
            "Read what is not met first.",
            "Whether a classifier can tell generated from held-out recordings, whether conditions hold, whether "
            "anybody's recording is given away.",
            "evaluation",
            "Open Evaluation",
            lambda opened: "evaluation" in opened,
        ),
        Step(
            "Take a batch along",
            "Choose a design, a format, and press *Generate*.",
            "A file with a data card: what it is, how it was made, and which recordings were withheld because they "
            "repeat a patient's.",
            "generation",
            "Open Batches",
            lambda opened: opened.get("generation", {}).get("view") == "batches",
            {"view": "batches"},
        ),
        Step(
            "Teach a model of your own",
            "Press *Start training*, with a dry run first if you like.",
            "Curves that move while it learns. It goes on when you close the page; then its sliders are in Generation.",
            "training",
            "Open Training",
            lambda opened: "training" in opened,
        ),
    ]


def _marked_in_words(table: pd.DataFrame, kind: Kind) -> str:
    share = {wave: table[latency_column(wave)].notna().mean() for wave in ("I", "V")}
    simulated = " They are simulated from published physiology." if kind == Kind.SIMULATED else ""
    if not len(table) or not share["V"]:
        return f"Traces stacked by level, as on the device.{simulated}"
    return (
        f"Wave V is marked in {share['V']:.0%} of the recordings, wave I in {share['I']:.0%}: not marked is not "
        f"absent.{simulated}"
    )


def _wave_v_in_words(table: pd.DataFrame, has_model: bool) -> str:
    """What the cohort's own marks say of the way from the one level to the other."""
    first = "" if has_model else "There is no trained model yet: train one first. "
    normal = table[table[HEARING_LOSS.name] == "normal"]
    medians = []
    for level in (LOUD, SOFT):
        marks = normal.loc[(normal[INTENSITY.name] - level).abs() <= 2.5, latency_column("V")].dropna()
        medians.append(marks.median() if len(marks) >= FEWEST else None)
    if None in medians:
        return f"{first}Wave V comes later and smaller."
    return (
        f"{first}Wave V comes later and smaller: in the cohort it is marked at {medians[0]:.1f} and "
        f"{medians[1]:.1f} ms (medians, normal hearing)."
    )
