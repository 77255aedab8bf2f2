"""Where the training data lie, beneath a slider: a strip along the track, a line of words, and what each stop is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abr_model.generation.conditions import in_words
from abr_model.generation.support import COMBINATION, degrees_along, support_findings
from abr_model.generation.support_notes import class_note, sparse_note
from abr_model.joint_support import joint_support
from abr_model.schema import Column, Kind
from dashboard.style import GRID, TRACE_STYLES, faded

MANY, FEW = 0.55, 0.18
"""Opacity of the strip."""


@dataclass(frozen=True)
class TrainingNote:
    """``strip``: HTML of :func:`support_strip`; ``words``: plain text, perhaps empty; ``warns``: the slider stands
    outside of the training data or at their edge; ``degrees``: of each stop, ``"inside"``, ``"sparse"``, ``"outside"``.
    """

    strip: str
    words: str
    warns: bool
    degrees: tuple[str, ...]


def training_note(
    support: Mapping, column: Column, positions: Sequence[float], condition: Mapping, theme: str
) -> TrainingNote:
    """What to say under the slider of ``column`` with the stops ``positions``, where ``condition`` stands; of hearing
    classes there is no strip.

    Where only the combination of the conditions is rare, those sliders warn that alone can lead out of it.
    """
    classes = column.kind == "class"
    strip = "" if classes else support_strip(support, column, positions, condition, theme)
    degrees = tuple(degrees_along(support, condition, column.name, positions).tolist())
    findings = support_findings(support, condition)
    for finding in findings:
        if finding.column == column.name:
            return TrainingNote(strip, finding.sentence, True, degrees)
    leads_out = any(finding.column == COMBINATION for finding in findings) and "inside" in degrees
    words = class_note(support, condition) if classes else sparse_note(support, column, condition, positions)
    return TrainingNote(strip, words, leads_out, degrees)


def support_strip(support: Mapping, column: Column, positions: Sequence[float], condition: Mapping, theme: str) -> str:
    """A thin bar as long as a slider's track: coloured where the training data lie, pale where few are.

    With a joint support these are the training data near the other three conditions; for a model saved before there
    was one, all training data, coloured where 98 % of them lie.

    Parameters
    ----------
    positions
        Values of the slider's stops; stops are equally far apart.
    """
    if joint_support(support) is None:
        parts, title = _all_training_data(support[column.name], column, positions)
    else:
        parts, title = _near_the_other_conditions(support, column, positions, condition)
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    bars = "".join(
        f'<div style="position:absolute;height:100%;border-radius:2px;background:{faded(colour, opacity)};'
        f'left:{start:.1f}%;width:{stop - start:.1f}%"></div>'
        for start, stop, opacity in parts
    )
    return (
        f'<div role="img" aria-label="{title}" title="{title}" '
        f'style="position:relative;height:4px;background:{GRID[theme]};border-radius:2px">{bars}</div>'
    )


def _all_training_data(known: Mapping, column: Column, positions: Sequence[float]):
    """Bars (from %, to %, opacity) and their title."""
    place = lambda value: 100 * np.interp(value, positions, np.arange(len(positions))) / (len(positions) - 1)  # noqa: E731
    left, few_left, few_right, right = (place(known[k]) for k in ("minimum", "p1", "p99", "maximum"))
    title = (
        f"training data: {in_words(column.name, known['minimum'])} to {in_words(column.name, known['maximum'])}, "
        f"98 % between {in_words(column.name, known['p1'])} and {in_words(column.name, known['p99'])}"
    )
    return ((left, right, FEW), (few_left, max(few_right, few_left + 0.8), MANY)), title


def _near_the_other_conditions(support: Mapping, column: Column, positions: Sequence[float], condition: Mapping):
    """Bars (from %, to %, opacity), each half a stop beyond those it stands for, and their title."""
    found = degrees_along(support, condition, column.name, positions)
    last = len(positions) - 1
    starts = [0, *(np.flatnonzero(found[1:] != found[:-1]) + 1)]
    bars = []
    for start, stop in zip(starts, [*starts[1:], last + 1], strict=True):
        if found[start] != "outside":
            left, right = max(start - 0.5, 0), min(stop - 0.5, last)
            bars.append((100 * left / last, 100 * right / last, MANY if found[start] == "inside" else FEW))
    words = sparse_note(support, column, condition, positions) or f"enough recordings at any {column.in_sentence}"
    return bars, f"training data near the other conditions: {words}"
