"""Recordings in groups that a clinician would compare: levels, ages, hearing, rates, ears."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE

AGE_BANDS = (
    ("under 1 month", 1 / 12),
    ("1–3 months", 0.25),
    ("3–6 months", 0.5),
    ("6–12 months", 1.0),
    ("1–2 years", 2.0),
    ("2–5 years", 5.0),
    ("5–18 years", 18.0),
    ("18–45 years", 45.0),
    ("45–65 years", 65.0),
    ("65 and older", np.inf),
)
"""Name and upper end in years (not included). Wave V matures within two years: most bands lie there."""
LEVEL_STEPS_DB = (1, 5, 10, 20)
MOST_LEVELS = 24
MOST_RATES = 8
RATE_EDGES = np.array([15.0, 25.0, 35.0, 45.0, 60.0])


@dataclass(frozen=True)
class Groups:
    """``codes`` [N] int is the group of each recording, −1 where it is not known; ``labels`` name the groups, in order.

    ``title`` is what they are groups of, with its unit; ``values`` [G] are the groups' numbers where they have one
    (levels), else 0, 1, ….
    """

    codes: np.ndarray
    labels: tuple[str, ...]
    title: str
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> np.ndarray:
        """[G] recordings in each group."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self))

    def occurring(self) -> Groups:
        """Without the groups that have no recording."""
        present = np.flatnonzero(self.counts)
        renumbered = np.full(len(self) + 1, -1)
        renumbered[present] = np.arange(len(present))
        return Groups(renumbered[self.codes], tuple(self.labels[i] for i in present), self.title, self.values[present])


def by_level(table: pd.DataFrame, most: int = MOST_LEVELS) -> Groups:
    """Levels in dB nHL, ascending; rounded to 5, 10 or 20 dB (halves up) where there are more than ``most``."""
    level = table[INTENSITY.name].to_numpy(dtype=float)
    known = np.isfinite(level)
    distinct = np.unique(level[known])
    for step in LEVEL_STEPS_DB:
        # a level that is no multiple of 1 dB stays as it is unless there are too many
        rounded = distinct if step == 1 else np.unique(_rounded(distinct, step))
        if len(rounded) <= most:
            break
    values = level[known] if step == 1 else _rounded(level[known], step)
    codes = np.full(len(level), -1)
    codes[known] = np.searchsorted(rounded, values)
    title = INTENSITY.title if step == 1 else f"{INTENSITY.label} (dB nHL, rounded to {step} dB)"
    return Groups(codes, tuple(f"{v:g}" for v in rounded), title, rounded)


def _rounded(level: np.ndarray, step: int) -> np.ndarray:
    """Halves go up, always: to the even neighbour, every second group would get both its halves and the others none."""
    return np.floor(level / step + 0.5) * step


def by_age(table: pd.DataFrame) -> Groups:
    """The bands of :data:`AGE_BANDS`; a band's upper end belongs to the next."""
    age = table[AGE.name].to_numpy(dtype=float)
    codes = np.searchsorted([end for _, end in AGE_BANDS], age, side="right")
    codes[np.isnan(age)] = -1
    return _named(codes, tuple(name for name, _ in AGE_BANDS), AGE.label)


def by_hearing(table: pd.DataFrame) -> Groups:
    """Hearing-loss classes, in the order of the schema."""
    return by_class(table, HEARING_LOSS.name, HEARING_LOSS.label, {h.code: h.short_label for h in HEARING_LOSSES})


def by_class(table: pd.DataFrame, column: str, title: str, names: dict[str, str]) -> Groups:
    """Values of a column of classes; ``names`` are its codes and how to show them, in order."""
    codes = pd.Index(list(names)).get_indexer(table[column])
    return _named(codes, tuple(names.values()), title)


def by_rate(table: pd.DataFrame) -> Groups:
    """Stimulus rates as they are where there are few, else in bands."""
    rate = table[RATE.name].to_numpy(dtype=float)
    known = np.isfinite(rate)
    rounded = np.round(rate, 1)
    distinct = np.unique(rounded[known])
    codes = np.full(len(rate), -1)
    if len(distinct) <= MOST_RATES:
        codes[known] = np.searchsorted(distinct, rounded[known])
        return Groups(codes, tuple(f"{v:g}" for v in distinct), RATE.title, distinct)
    codes[known] = np.searchsorted(RATE_EDGES, rate[known], side="right")
    between = pairwise(RATE_EDGES)
    labels = (f"under {RATE_EDGES[0]:g}", *(f"{a:g}–{b:g}" for a, b in between), f"{RATE_EDGES[-1]:g} and more")
    return _named(codes, labels, RATE.title)


def by_ear(table: pd.DataFrame) -> Groups:
    """Right and left."""
    return by_class(table, "ear", "Ear", {"right": "right", "left": "left"})


def _named(codes: np.ndarray, labels: tuple[str, ...], title: str) -> Groups:
    return Groups(np.asarray(codes), labels, title, np.arange(len(labels), dtype=float))
