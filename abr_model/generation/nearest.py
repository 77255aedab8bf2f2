"""Recordings of a cohort that are nearest to a condition, and how near they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.age import GESTATION_YEARS, WEEKS_PER_YEAR
from abr_model.errors import InputError
from abr_model.generation.conditions import check_condition, in_words
from abr_model.recordings import Recordings
from abr_model.schema import AGE, CONDITIONS, HEARING_LOSS, INTENSITY, RATE

LEVEL_STEP_DB = 5.0
AGE_STEP = 0.10
RATE_STEP = 1.5
"""One step of distance is 5 dB, 10 % of the age counted from conception, or a factor of 1.5 in rate.

Each moves wave V by about 0.1 to 0.2 ms where it matters most (physiology notes: 0.04 ms/dB at low level; Gorga's age
term at birth, 4 weeks; 0.5 ms per decade of rate), so the steps may be added up.
"""


@dataclass(frozen=True)
class Nearest:
    """Recordings next to a condition.

    Parameters
    ----------
    rows
        [n] positions in the cohort, nearest first; may be fewer than asked for.
    distance
        [n] in steps; 0 = the same conditions.
    near_rows
        Positions of every recording within one step in each condition, nearest first; these are "near".
    matched
        Conditions that were compared.
    not_recorded
        Conditions that the cohort does not hold for any recording: nothing is said about them.
    description
        For a person: ``"7 recordings, within 5 dB, 2 years, 6 /s"``.
    """

    rows: np.ndarray
    distance: np.ndarray
    near_rows: np.ndarray
    matched: tuple[str, ...]
    not_recorded: tuple[str, ...]
    description: str

    @property
    def near(self) -> int:
        """How many recordings are near."""
        return len(self.near_rows)


def nearest_recordings(cohort: Recordings, condition: Mapping, n: int, within: float = np.inf) -> Nearest:
    """The ``n`` recordings nearest to ``condition``: same hearing-loss class, nearest in level, age and rate.

    The distance is the Euclidean length of the differences in steps (:data:`LEVEL_STEP_DB`, :data:`AGE_STEP`,
    :data:`RATE_STEP`); ties keep the order of the cohort. A condition that the whole cohort lacks is left out and
    named; a recording that lacks a condition which others have is never near. Recordings farther than ``within`` steps
    are left out.

    Raises
    ------
    InputError
        A condition that is not allowed, or ``n`` below 1.
    """
    condition = check_condition(condition)
    if n < 1:
        raise InputError("the number of recordings is not allowed", value=n, allowed="1 or more")
    table = cohort.table
    matched = tuple(c.name for c in CONDITIONS if table[c.name].notna().any())
    not_recorded = tuple(c.name for c in CONDITIONS if c.name not in matched)
    steps = steps_between(table, condition, matched)
    distance = np.sqrt((steps**2).sum(axis=1))
    order = np.argsort(distance, kind="stable")
    order = order[np.isfinite(distance[order])]
    rows = order[distance[order] <= within][:n]
    # a tolerance, because 33.1 × 1.5 and ages in weeks are not exact
    near = order[(steps[order] <= 1 + 1e-9).all(axis=1)]
    return Nearest(
        rows=rows,
        distance=distance[rows],
        near_rows=near,
        matched=matched,
        not_recorded=not_recorded,
        description=_describe(table.iloc[rows], condition, matched, not_recorded, of_class=len(order) > 0),
    )


def near_at_any_level(cohort: Recordings, condition: Mapping) -> np.ndarray:
    """Positions of the recordings that are near in everything but the level, by level: a latency–intensity function."""
    condition = check_condition(condition)
    matched = tuple(c.name for c in CONDITIONS if c is not INTENSITY and cohort.table[c.name].notna().any())
    steps = steps_between(cohort.table, condition, matched)
    rows = np.flatnonzero((steps <= 1 + 1e-9).all(axis=1) & cohort.table[INTENSITY.name].notna().to_numpy())
    return rows[np.argsort(cohort.table[INTENSITY.name].to_numpy()[rows], kind="stable")]


def near_criterion() -> str:
    """What "near" means, for a person."""
    return f"same hearing, within {LEVEL_STEP_DB:g} dB, {AGE_STEP:.0%} of age from conception, rate × {RATE_STEP:g}"


def steps_between(table: pd.DataFrame, condition: Mapping, matched: tuple[str, ...]) -> np.ndarray:
    """[N, 4] differences of N recordings from a condition in steps, not negative; infinite for another class or a
    missing value, 0 where not ``matched`` (names of conditions)."""
    with np.errstate(divide="ignore"):
        columns = {
            AGE.name: _log_ratio(
                table[AGE.name] + GESTATION_YEARS, condition[AGE.name] + GESTATION_YEARS, 1 + AGE_STEP
            ),
            INTENSITY.name: (table[INTENSITY.name] - condition[INTENSITY.name]) / LEVEL_STEP_DB,
            RATE.name: _log_ratio(table[RATE.name], condition[RATE.name], RATE_STEP),
            HEARING_LOSS.name: pd.Series(np.where(table[HEARING_LOSS.name] == condition[HEARING_LOSS.name], 0, np.inf)),
        }
    steps = np.column_stack([columns[c.name] if c.name in matched else np.zeros(len(table)) for c in CONDITIONS])
    return np.where(np.isnan(steps), np.inf, np.abs(steps))


def _log_ratio(values: pd.Series, value: float, factor: float) -> pd.Series:
    return np.log(values / value) / np.log(factor)


def _describe(rows: pd.DataFrame, condition: Mapping, matched, not_recorded, of_class: bool) -> str:
    missing = _list_words([c.in_sentence for c in CONDITIONS if c.name in not_recorded])
    note = f"; {missing} {'are' if len(not_recorded) > 1 else 'is'} not recorded in this cohort" if missing else ""
    if not len(rows):
        words = in_words(HEARING_LOSS.name, condition[HEARING_LOSS.name]).lower()
        return f"no recording with {words} {'near these conditions' if of_class else 'in this cohort'}{note}"
    count = f"{len(rows)} recording{'s' if len(rows) > 1 else ''}"
    differences = []
    for column in (INTENSITY, AGE, RATE):
        if column.name in matched:
            largest = float((rows[column.name] - condition[column.name]).abs().max())
            if words := _difference_words(column.name, largest):
                differences.append(words)
    if not matched:
        return f"{count}{note}"
    return f"{count}, " + (f"within {', '.join(differences)}" if differences else "same conditions") + note


def _difference_words(name: str, largest: float) -> str:
    """How far, rounded up so that "within" stays true; "" for no difference."""
    if name == INTENSITY.name:
        return f"{_up(largest, 1):g} dB" if largest > 1e-9 else ""
    if name == RATE.name:
        return f"{_up(largest, 0.1):.1f}".removesuffix(".0") + " /s" if largest >= 0.05 else ""
    if largest < 1 / WEEKS_PER_YEAR:
        return ""
    if largest < 2:
        months = int(_up(largest * 12, 1))
        return f"{months} month{'s' if months > 1 else ''}"
    return f"{int(_up(largest, 1))} years"


def _up(value: float, step: float) -> float:
    return np.ceil(value / step - 1e-6) * step


def _list_words(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
