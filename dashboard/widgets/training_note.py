"""Where the training data lie, beneath a slider: a strip along the track and a line of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abr_model.generation.conditions import in_words
from abr_model.generation.support import sparse_note, support_findings
from abr_model.schema import Column, Kind
from dashboard.style import GRID, TRACE_STYLES, faded


@dataclass(frozen=True)
class TrainingNote:
    """``strip``: HTML of :func:`support_strip`; ``words``: plain text, perhaps empty; ``warns``: the slider stands
    outside of the training data or at their edge."""

    strip: str
    words: str
    warns: bool


def training_note(
    support: Mapping, column: Column, positions: Sequence[float], condition: Mapping, theme: str
) -> TrainingNote:
    """What to say under the slider of ``column`` with the stops ``positions``, where ``condition`` stands."""
    strip = support_strip(support, column, positions, theme)
    finding = next((f for f in support_findings(support, condition) if f.column == column.name), None)
    if finding:
        return TrainingNote(strip, finding.sentence, True)
    return TrainingNote(strip, sparse_note(support, column, positions[0], positions[-1]), False)


def support_strip(support: Mapping, column: Column, positions: Sequence[float], theme: str) -> str:
    """A thin bar as long as a slider's track: coloured where 98 % of the training data lie, pale where few are.

    Parameters
    ----------
    positions
        Values of the slider's stops; stops are equally far apart.
    """
    known = support[column.name]
    place = lambda value: 100 * np.interp(value, positions, np.arange(len(positions))) / (len(positions) - 1)  # noqa: E731
    left, few_left, few_right, right = (place(known[k]) for k in ("minimum", "p1", "p99", "maximum"))
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    parts = ((left, right, faded(colour, 0.18)), (few_left, max(few_right, few_left + 0.8), faded(colour, 0.55)))
    bars = "".join(
        f'<div style="position:absolute;height:100%;border-radius:2px;background:{tint};'
        f'left:{start:.1f}%;width:{stop - start:.1f}%"></div>'
        for start, stop, tint in parts
    )
    title = (
        f"training data: {in_words(column.name, known['minimum'])} to {in_words(column.name, known['maximum'])}, "
        f"98 % between {in_words(column.name, known['p1'])} and {in_words(column.name, known['p99'])}"
    )
    return (
        f'<div role="img" aria-label="{title}" title="{title}" '
        f'style="position:relative;height:4px;background:{GRID[theme]};border-radius:2px">{bars}</div>'
    )
