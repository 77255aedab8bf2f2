"""Where the training data of a model lie, and what it says about conditions outside of them.

A network answers any question; an answer where it has seen nothing is a guess. A condition is *outside* when one of
the four lies beyond every training value, or when fewer than three training patients are near all four together; it is
*sparse* when fewer than ten are. What "near" is: :mod:`abr_model.joint_support`.

A model saved before there was a joint support has each condition judged on its own: sparse is then the outermost 1 % on
either side, or a class of fewer than 50 recordings, and a rare combination passes unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.generation.conditions import check_condition, check_conditions, in_words
from abr_model.joint_support import JointSupport, class_index, joint_support
from abr_model.schema import CONDITION_NAMES, CONDITIONS, HEARING_LOSS, HEARING_LOSS_CODES, RATE

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

FEW_RECORDINGS = 50
"""Without a joint support: a hearing-loss class with fewer training recordings than this is sparse."""
FEW_PATIENTS = 10
"""With one: fewer training patients near than this are sparse. On the simulated clinic the model is further off below
it, and hardly nearer with many more (docs/generation.md)."""
DEGREES = ("inside", "sparse", "outside")
COMBINATION = "combination"
"""Stands for a condition's name where no single one but all together are rare."""


@dataclass(frozen=True)
class Finding:
    """What is not well inside the training data: a condition, or their :data:`COMBINATION`; ``degree`` is
    ``"outside"`` or ``"sparse"``."""

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
    marks = _marks(support, _rows_of(condition))
    found = []
    for name, (degree,) in marks.items():
        if degree:
            words = _combination_words if name == COMBINATION else _single_words
            found.append(Finding(name, DEGREES[degree], words(support, name, condition, DEGREES[degree])))
    return sorted(found, key=lambda f: f.degree == "sparse")


def outside_support(model: TrainedModel, condition: Mapping) -> list[str]:
    """Sentences about conditions for which the model has seen no recordings or few; empty when it has seen enough.

    Raises
    ------
    InputError
        A condition that is not allowed.
    """
    return [finding.sentence for finding in support_findings(model.support, check_condition(condition))]


def refuse_outside(model: TrainedModel, conditions: pd.DataFrame) -> None:
    """Let only conditions pass for which the model has seen recordings; few are enough.

    Raises
    ------
    InputError
        A row lies outside the training data. Names the first one, and says how many there are.
    """
    conditions = check_conditions(conditions)
    outside = np.flatnonzero(degrees(model.support, conditions) == "outside")
    if not len(outside):
        return
    first = conditions.iloc[outside[0]]
    finding = support_findings(model.support, first)[0]
    raise InputError(
        f"{len(outside):,} of {len(conditions):,} recordings would lie outside the training data: {finding.sentence}",
        row=int(outside[0]) + 1,
        column=None if finding.column == COMBINATION else finding.column,
        value=", ".join(in_words(name, first[name]) for name in CONDITION_NAMES),
        allowed="conditions near which the model was trained",
    )


def degrees(support: Mapping, conditions: Mapping) -> np.ndarray:
    """[N] ``"inside"``, ``"sparse"`` or ``"outside"``: the gravest of what :func:`support_of_rows` names.

    ``conditions`` is a table, or a mapping from the names of the four conditions to arrays [N].
    """
    return np.array(DEGREES)[np.max(list(_marks(support, conditions).values()), axis=0)]


def degrees_along(support: Mapping, condition: Mapping, name: str, values: Sequence) -> np.ndarray:
    """Degree at each of ``values`` of the condition ``name`` while the other three stay as they are."""
    return degrees(support, {n: list(values) if n == name else [condition[n]] * len(values) for n in CONDITION_NAMES})


def support_of_rows(support: Mapping, table: pd.DataFrame) -> np.ndarray:
    """[N] ``"inside"``, or what is not: ``"outside: age_years"``, ``"sparse: combination"``.

    ``support`` may be ``TrainedModel.support`` or its :func:`support_summary`. The combination is named where no
    single condition is outside.
    """
    marks = _marks(support, table)
    coded = sum((mark * 3**place for place, mark in enumerate(marks.values())), np.zeros(len(table), dtype=int))
    different, rows = np.unique(coded, return_inverse=True)  # a million rows have a handful of verdicts
    words = [_row_words({name: code // 3**place % 3 for place, name in enumerate(marks)}) for code in different]
    return np.array(words, dtype=str)[rows]


def outside_conditions(support: Mapping, table: pd.DataFrame) -> dict[str, int]:
    """Rows of ``table`` per verdict of :func:`support_of_rows`, those inside left out."""
    counts = pd.Series(support_of_rows(support, table)).value_counts()
    return {str(words): int(count) for words, count in counts.items() if words != "inside"}


def support_summary(support: Mapping) -> dict:
    """``support`` without what only older models have, their histograms: what an exported cohort needs to tell inside
    from outside."""
    return {
        name: {k: v for k, v in value.items() if k != "histogram"} if isinstance(value, Mapping) else value
        for name, value in support.items()
    }


def _marks(support: Mapping, conditions: Mapping) -> dict[str, np.ndarray]:
    """Per condition, and for their combination, the place [N] in :data:`DEGREES` of each of N conditions."""
    joint = joint_support(support)
    marks = {}
    for column in CONDITIONS:
        values, known = conditions[column.name], support[column.name]
        if column.kind == "class":
            counts = np.array([*(known.get(code, 0) for code in HEARING_LOSS_CODES), 0])[class_index(values)]
            outside, sparse = counts == 0, counts < FEW_RECORDINGS
        else:
            values = np.asarray(values, dtype=float)
            outside = ~((values >= known["minimum"]) & (values <= known["maximum"]))
            sparse = ~((values >= known["p1"]) & (values <= known["p99"]))
        marks[column.name] = np.where(outside, 2, sparse & (joint is None))
    if joint is not None:
        bands = joint.band(conditions)
        mark = np.where(bands == 0, 2, bands < _enough(joint))
        single = np.max(list(marks.values()), axis=0)
        marks[COMBINATION] = np.where(single == 2, 0, mark)  # one condition is reason enough: said once
    return marks


def _rows_of(condition: Mapping) -> dict[str, list]:
    return {name: [condition[name]] for name in CONDITION_NAMES}


def _enough(joint: JointSupport) -> int:
    """First band of which nothing is to be said."""
    return int(np.searchsorted(joint.bands, FEW_PATIENTS))


def _single_words(support: Mapping, name: str, condition: Mapping, degree: str) -> str:
    value, known = condition[name], support[name]
    words = in_words(name, value)
    if name == HEARING_LOSS.name:
        count = known.get(value, 0)
        return f"{f'only {count}' if count else 'no'} training recording{'s' if count > 1 else ''} with {words.lower()}"
    if degree == "outside":
        span = f"{in_words(name, known['minimum'])} to {in_words(name, known['maximum'])}"
        return f"{words} is outside the training data ({span})"
    side, edge = ("above", known["p99"]) if value > known["p99"] else ("below", known["p1"])
    return f"{words}: few recordings {side} {in_words(name, edge)}"


def _combination_words(support: Mapping, name: str, condition: Mapping, degree: str) -> str:
    """``"only 3 to 4 training patients near auditory neuropathy, 60 dB nHL (10 or more near 90 dB nHL)"``.

    Of age, level and rate only those are named that differ where there are patients enough.
    """
    joint = joint_support(support)
    (band,) = joint.band(_rows_of(condition))
    wanted = 1 if degree == "outside" else _enough(joint)
    count = joint.patients_in_words(band)
    few = f"{count if degree == 'outside' else f'only {count}'} training patients"
    hearing = in_words(HEARING_LOSS.name, condition[HEARING_LOSS.name]).lower()
    nearest = joint.nearest(condition, wanted)
    if nearest is None:
        return f"{few} with {hearing} near these conditions, and nowhere {joint.bands[wanted]}"
    there = nearest[1]
    here = ", ".join(in_words(name, condition[name]) for name in there)
    words = " and ".join(_roughly(name, value) for name, value in there.items())
    return f"{few} near {hearing}, {here} ({joint.bands[wanted]} or more near {words})"


def _roughly(name: str, value: float) -> str:
    """The middle of a cell: no more digits than it deserves."""
    return in_words(name, float(round(value)) if name == RATE.name else value)


def _row_words(marks: Mapping[str, int]) -> str:
    parts = []
    for degree in (2, 1):
        names = [name for name, mark in marks.items() if mark == degree]
        if names:
            parts.append(f"{DEGREES[degree]}: {' '.join(names)}")
    return "; ".join(parts) or "inside"
