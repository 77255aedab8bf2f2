"""Where the training data of a model lie, and what it says about conditions outside of them.

A network answers any question; an answer where it has seen nothing is a guess. Each condition is judged on its own:
*outside* beyond the smallest or largest training value (or for a class that was never seen), *sparse* in the outermost
1 % on either side (or for a class of fewer than 50 recordings). That every single condition lies inside does not say
that their combination was seen; how many recordings of a cohort are near does (:mod:`abr_model.generation.nearest`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.generation.conditions import check_condition, in_words
from abr_model.schema import CONDITIONS, HEARING_LOSS, Column

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

FEW_RECORDINGS = 50
"""A hearing-loss class with fewer training recordings than this is sparse."""


@dataclass(frozen=True)
class Finding:
    """One condition that is not well inside the training data: ``degree`` is ``"outside"`` or ``"sparse"``."""

    column: str
    degree: str
    sentence: str


def support_findings(support: Mapping, condition: Mapping) -> list[Finding]:
    """What is to be said about ``condition``, most serious first; empty when it lies well inside the training data.

    Parameters
    ----------
    support
        ``TrainedModel.support``.
    condition
        The four conditions.
    """
    found = []
    for column in CONDITIONS:
        value = condition[column.name]
        if column.kind == "class":
            count = _class_counts(support).get(value, 0)
            if count == 0:
                found.append(Finding(column.name, "outside", f"no training recording with {_class_words(value)}"))
            elif count < FEW_RECORDINGS:
                words = f"only {count} training recording{'s' if count > 1 else ''} with {_class_words(value)}"
                found.append(Finding(column.name, "sparse", words))
            continue
        known = support[column.name]
        words = in_words(column.name, value)
        if value < known["minimum"] or value > known["maximum"]:
            span = f"{in_words(column.name, known['minimum'])} to {in_words(column.name, known['maximum'])}"
            sentence = f"{words} is outside the training data ({span})"
            found.append(Finding(column.name, "outside", sentence))
        elif value < known["p1"] or value > known["p99"]:
            side = f"below {in_words(column.name, known['p1'])}"
            if value > known["p99"]:
                side = f"above {in_words(column.name, known['p99'])}"
            sentence = f"{words}: few recordings {side}"
            found.append(Finding(column.name, "sparse", sentence))
    return sorted(found, key=lambda f: f.degree == "sparse")


def outside_support(model: TrainedModel, condition: Mapping) -> list[str]:
    """Sentences about conditions for which the model has seen no recordings or few; empty when it has seen enough.

    Raises
    ------
    InputError
        A condition that is not allowed.
    """
    return [finding.sentence for finding in support_findings(model.support, check_condition(condition))]


def sparse_note(support: Mapping, column: Column, lowest: float | None = None, highest: float | None = None) -> str:
    """Where a numeric condition has few training recordings or none, from ``lowest`` to ``highest`` (the column's range
    when left out): ``"few recordings above 60 years"``; empty when there are enough everywhere."""
    known = support[column.name]
    lowest = column.minimum if lowest is None else lowest
    highest = column.maximum if highest is None else highest
    parts = []
    for side, extreme, edge, limit, sign in (
        ("below", "minimum", "p1", lowest, -1),
        ("above", "maximum", "p99", highest, 1),
    ):
        if sign * known[edge] >= sign * limit:
            continue
        degree = "few recordings" if known[edge] != known[extreme] else "no recordings"
        parts.append((degree, f"{side} {in_words(column.name, known[edge])}"))
    if len(parts) == 2 and parts[0][0] == parts[1][0]:
        return f"{parts[0][0]} {parts[0][1]} or {parts[1][1]}"
    first, *second = (" ".join(part) for part in parts) if parts else ("",)
    return ", ".join([first, *(words.replace(" recordings", "") for words in second)])


def support_of_rows(support: Mapping, table: pd.DataFrame) -> np.ndarray:
    """[N] ``"inside"``, or which conditions are not: ``"outside: age_years"``, ``"sparse: stimulus_rate_per_s"``.

    ``support`` may be ``TrainedModel.support`` or its :func:`support_summary`.
    """
    outside, sparse = [], []
    for column in CONDITIONS:
        values = table[column.name]
        if column.kind == "class":
            counts = values.map(_class_counts(support)).fillna(0).to_numpy()
            out, few = counts == 0, counts < FEW_RECORDINGS
        else:
            known = support[column.name]
            out = ~values.between(known["minimum"], known["maximum"]).to_numpy()
            few = ~values.between(known["p1"], known["p99"]).to_numpy()
        outside.append(np.where(out, column.name, ""))
        sparse.append(np.where(few & ~out, column.name, ""))
    return np.array(
        [_row_words(o, s) for o, s in zip(zip(*outside, strict=True), zip(*sparse, strict=True), strict=True)]
    )


def outside_conditions(support: Mapping, table: pd.DataFrame) -> dict[str, int]:
    """Rows of ``table`` per verdict of :func:`support_of_rows`, those inside left out."""
    counts = pd.Series(support_of_rows(support, table)).value_counts()
    return {str(words): int(count) for words, count in counts.items() if words != "inside"}


def support_summary(support: Mapping) -> dict:
    """``support`` without its histograms: what an exported cohort needs to tell inside from outside."""
    return {
        name: {k: v for k, v in value.items() if k != "histogram"} if isinstance(value, Mapping) else value
        for name, value in support.items()
    }


def _class_counts(support: Mapping) -> Mapping[str, int]:
    return support[HEARING_LOSS.name]


def _class_words(code: str) -> str:
    return in_words(HEARING_LOSS.name, code).lower()


def _row_words(outside: tuple[str, ...], sparse: tuple[str, ...]) -> str:
    parts = [
        f"{degree}: {' '.join(filter(None, names))}"
        for degree, names in (("outside", outside), ("sparse", sparse))
        if any(names)
    ]
    return "; ".join(parts) or "inside"
