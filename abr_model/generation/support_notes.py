"""Where along a slider the training data are few or end, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from abr_model.generation.conditions import in_words
from abr_model.generation.support import degrees_along
from abr_model.joint_support import joint_support
from abr_model.schema import HEARING_LOSS, HEARING_LOSS_CODES, Column

WORDS = {"sparse": "few recordings", "outside": "hardly any recordings"}
"""Of fewer than three patients nobody is told that they are there: "no recordings" would be too much said."""


def sparse_note(support: Mapping, column: Column, condition: Mapping, positions: Sequence[float]) -> str:
    """Where a numeric condition has few training recordings or none: ``"few recordings above 60 years"``; empty when
    there are enough everywhere.

    Parameters
    ----------
    support
        ``TrainedModel.support``.
    condition
        The four conditions: with a joint support the note holds while the other three stay as they are.
    positions
        Values of the slider's stops, ascending.
    """
    if joint_support(support) is None:
        return _of_the_condition_alone(support[column.name], column.name, positions[0], positions[-1])
    found = degrees_along(support, condition, column.name, positions)
    enough = np.flatnonzero(found == "inside")
    if not len(enough):
        return f"{_degree_words(found)} at any {column.in_sentence}"
    first, last = enough[0], enough[-1]
    parts = []
    if first > 0:
        parts.append((_degree_words(found[:first]), f"below {in_words(column.name, positions[first])}"))
    if last < len(positions) - 1:
        parts.append((_degree_words(found[last + 1 :]), f"above {in_words(column.name, positions[last])}"))
    return _joined(parts)


def class_note(support: Mapping, condition: Mapping) -> str:
    """Hearing-loss classes with few training recordings or none where the other three conditions are:
    ``"few recordings: total loss; hardly any: auditory neuropathy"``."""
    found = degrees_along(support, condition, HEARING_LOSS.name, HEARING_LOSS_CODES)
    parts = []
    for degree, words in WORDS.items():
        codes = [code for code, d in zip(HEARING_LOSS_CODES, found, strict=True) if d == degree]
        if len(codes) == len(HEARING_LOSS_CODES):
            return f"{words} of any hearing class"
        if codes:
            names = ", ".join(in_words(HEARING_LOSS.name, code).lower() for code in codes)
            parts.append(f"{words.replace(' recordings', '') if parts else words}: {names}")
    return "; ".join(parts)


def _of_the_condition_alone(known: Mapping, name: str, lowest: float, highest: float) -> str:
    parts = []
    for side, extreme, edge, limit, sign in (
        ("below", "minimum", "p1", lowest, -1),
        ("above", "maximum", "p99", highest, 1),
    ):
        if sign * known[edge] < sign * limit:
            degree = "few recordings" if known[edge] != known[extreme] else "no recordings"
            parts.append((degree, f"{side} {in_words(name, known[edge])}"))
    return _joined(parts)


def _degree_words(found: np.ndarray) -> str:
    return WORDS["outside" if (found == "outside").all() else "sparse"]


def _joined(parts: Sequence[tuple[str, str]]) -> str:
    """``"no recordings below newborn, few above 60 years"``."""
    if len(parts) == 2 and parts[0][0] == parts[1][0]:
        return f"{parts[0][0]} {parts[0][1]} or {parts[1][1]}"
    first, *second = (" ".join(part) for part in parts) if parts else ("",)
    return ", ".join([first, *(words.replace(" recordings", "") for words in second)])
