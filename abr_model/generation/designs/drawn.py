"""Conditions drawn from a cohort: as they occur together there, or as many of each hearing class.

A draw chooses a patient (every one alike), then one of this patient's recordings: a patient with forty recordings
counts no more than one with two. ``weighting="recording"`` chooses among all recordings instead, as the cohort's own
figures do. Level, rate and class are taken as they are. The age is moved, because an exact age beside a rare class
could point at somebody: by a factor from e^−0.1 to e^0.1 in (age + 0.1 years), so by up to 10 %, and by some days near
birth.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.generation.designs.grid import classes_of
from abr_model.generation.designs.rows import MOST_ROWS, DesignRows, check_count
from abr_model.recordings import Recordings
from abr_model.scaling import AGE_OFFSET_YEARS
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, HEARING_LOSS_CODES, INTENSITY, RATE

AGE_FACTOR = 0.1
"""Largest shift of an age, in the logarithm of (age + 0.1 years)."""
AGE_DECIMALS = 4
"""A ten-thousandth of a year is an hour."""
BLOCK = 256
"""Rows that share their random numbers: so any stretch can be drawn alone, and the first rows do not depend on how many
follow."""
_STREAM = 6_151
"""Keeps these random numbers apart from others of the same seed."""


class _Drawn(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cohort: str = Field(default="", description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings are drawn from")
    n: int = Field(ge=1, le=MOST_ROWS, description="recordings")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the drawing; that of the recordings is another one")
    weighting: Literal["patient", "recording"] = Field(
        default="patient", description="whether every patient counts alike, or every recording"
    )

    @field_validator("filter")
    @classmethod
    def _of_nobody_in_particular(cls, filter: CohortFilter) -> CohortFilter:
        if filter.patients:
            raise ValueError("a filter that names no patients: their pseudonyms would leave with the batch")
        return filter

    def _source(self, recordings: Recordings | None) -> pd.DataFrame:
        """Patient and conditions of the recordings that are drawn from."""
        from abr_model.recordings import digest_of

        if recordings is None:
            raise InputError(
                "the design draws its conditions from a cohort that is not here",
                value=f"{self.cohort}, SHA-256 {self.cohort_digest[:12]}…",
                allowed="that cohort's file",
            )
        if (digest := digest_of(recordings)) != self.cohort_digest:
            raise InputError(
                "the design draws its conditions from another cohort",
                value=f"{recordings.provenance.title}, SHA-256 {digest[:12]}…",
                allowed=f"{self.cohort}, SHA-256 {self.cohort_digest[:12]}…",
            )
        table = recordings.table[["patient_id", *CONDITION_NAMES]]
        if not self.filter.is_empty:
            table = table[self.filter.mask(recordings.table)]
        table = table.dropna().reset_index(drop=True)
        if not len(table):
            raise InputError("the cohort has no recording whose age, level, rate and hearing class are all known")
        return table


class CohortDesign(_Drawn):
    """As a cohort is: age, level, rate and hearing class in the combinations that occur there."""

    kind: Literal["cohort"] = "cohort"

    @property
    def in_words(self) -> str:
        """``"1,000 drawn like the cohort “…”, every patient alike"``."""
        return f"{self.n:,} drawn like the cohort “{self.cohort}”, every {self.weighting} alike"

    def rows(self, recordings: Recordings | None = None) -> DesignRows:
        """Its rows, drawn from ``recordings``: the cohort in memory or on disk, unfiltered.

        Raises
        ------
        InputError
            Another cohort, or one in which no recording has all four conditions.
        """
        source = _Source(self._source(recordings), self.weighting)
        return _DrawnRows([(source, None, check_count(self.n))], self.seed)


class BalancedDesign(_Drawn):
    """As many recordings of every hearing class (``n`` of each); one class after the other."""

    kind: Literal["balanced"] = "balanced"
    classes: Annotated[tuple[str, ...], BeforeValidator(classes_of)] = Field(
        default=(), description="hearing-loss classes; without any those that the cohort holds"
    )
    conditions: Literal["own", "shared"] = Field(
        default="own",
        description="own: age, level and rate as they occur in the class; shared: in all classes as in the whole "
        "cohort, so that nothing but the class differs",
    )

    @property
    def in_words(self) -> str:
        """``"1,000 of each hearing class, drawn like the cohort “…”, …"``."""
        which = f"each of {', '.join(self.classes)}" if self.classes else "each hearing class"
        like = "as in the class" if self.conditions == "own" else "the same for all classes"
        return (
            f"{self.n:,} of {which}, drawn from the cohort “{self.cohort}”, every {self.weighting} alike; "
            f"age, level and rate {like}"
        )

    def rows(self, recordings: Recordings | None = None) -> DesignRows:
        """As :meth:`CohortDesign.rows`.

        Raises
        ------
        InputError
            Also a class that does not exist, and, with their own conditions, one that the cohort does not hold.
        """
        table = self._source(recordings)
        held = [code for code in HEARING_LOSS_CODES if (table[HEARING_LOSS.name] == code).any()]
        classes = self.classes or tuple(held)
        if len(set(classes)) < len(classes):
            raise InputError("a hearing class is given twice", column=HEARING_LOSS.name, value=", ".join(classes))
        for code in classes:
            if code not in (HEARING_LOSS_CODES if self.conditions == "shared" else held):
                raise InputError(
                    "the hearing class is not in the cohort" if code in HEARING_LOSS_CODES else "is not a known class",
                    column=HEARING_LOSS.name,
                    value=code,
                    allowed=", ".join(held),
                )
        check_count(self.n * len(classes))
        if self.conditions == "shared":
            source = _Source(table, self.weighting)
            return _DrawnRows([(source, code, self.n) for code in classes], self.seed)
        own = {code: table[table[HEARING_LOSS.name] == code] for code in classes}
        return _DrawnRows([(_Source(own[code], self.weighting), None, self.n) for code in classes], self.seed)


class _Source:
    """Recordings to draw from, those of a patient side by side."""

    def __init__(self, table: pd.DataFrame, weighting: str):
        table = table.sort_values("patient_id", kind="stable")
        self.numbers = table[[AGE.name, INTENSITY.name, RATE.name]].to_numpy(dtype=np.float64)
        self.classes = table[HEARING_LOSS.name].to_numpy(dtype=str)
        if weighting == "recording":
            self.starts, self.counts = np.arange(len(table)), np.ones(len(table), dtype=np.int64)
        else:
            _, self.starts, self.counts = np.unique(
                table["patient_id"].to_numpy(dtype=str), return_index=True, return_counts=True
            )

    def rows(self, random: np.ndarray) -> np.ndarray:
        """[n] rows for random numbers [n, 2] of 0 to 1: whose, and which of theirs."""
        whose = (random[:, 0] * len(self.starts)).astype(np.int64)
        return self.starts[whose] + (random[:, 1] * self.counts[whose]).astype(np.int64)


class _DrawnRows(DesignRows):
    """Stretches of n rows, each drawn from one source, with its own class or the one that is given."""

    def __init__(self, stretches: list[tuple[_Source, str | None, int]], seed: int):
        self._stretches, self._seed = stretches, seed
        self._ends = np.cumsum([n for _, _, n in stretches])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def at(self, start: int, stop: int) -> pd.DataFrame:
        random = self._random(start, stop)
        numbers, classes = np.empty((stop - start, 3)), np.empty(stop - start, dtype=object)
        of = np.searchsorted(self._ends, np.arange(start, stop), side="right")
        for number in np.unique(of):
            here = of == number
            source, code, _ = self._stretches[number]
            rows = source.rows(random[here])
            numbers[here] = source.numbers[rows]
            classes[here] = source.classes[rows] if code is None else code
        numbers[:, 0] = moved_age(numbers[:, 0], random[:, 2])
        columns = dict(zip((AGE.name, INTENSITY.name, RATE.name), numbers.T, strict=True))
        return pd.DataFrame(columns | {HEARING_LOSS.name: pd.Series(classes, dtype="str")})[list(CONDITION_NAMES)]

    def _random(self, start: int, stop: int) -> np.ndarray:
        first = start // BLOCK
        blocks = range(first, -(-stop // BLOCK))
        drawn = [np.random.default_rng([self._seed, _STREAM, block]).random((BLOCK, 3)) for block in blocks]
        return np.concatenate(drawn or [np.empty((0, 3))])[start - first * BLOCK : stop - first * BLOCK]


def moved_age(years: np.ndarray, random: np.ndarray) -> np.ndarray:
    """Ages [n] moved by ``random`` [n] of 0 to 1, as the head of this file says; below birth they are mirrored."""
    moved = (years + AGE_OFFSET_YEARS) * np.exp((2 * random - 1) * AGE_FACTOR) - AGE_OFFSET_YEARS
    return np.round(np.minimum(np.abs(moved), AGE.maximum), AGE_DECIMALS)
