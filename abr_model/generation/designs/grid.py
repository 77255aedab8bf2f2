"""A grid: every combination of some ages, levels, rates and hearing classes, n recordings of each."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from abr_model.errors import InputError
from abr_model.generation.conditions import check_conditions
from abr_model.generation.designs.rows import MOST_ROWS, DesignRows, check_count
from abr_model.schema import AGE, CONDITION_NAMES, CONDITIONS, HEARING_LOSS, INTENSITY, RATE

MOST_VALUES = 1_000
"""Values along one condition."""


def values_of(given) -> tuple:
    """``"20:100:10"`` (both ends, by 10), ``"20,40,60"``, a number or a list of them as a tuple of numbers; a
    ValueError where a text is not that."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return (float(given),)
    if not isinstance(given, str):
        return tuple(given)
    values: list[float] = []
    for part in given.split(","):
        try:
            values += _range(*(float(number) for number in part.split(":")))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"numbers, or first:last:step such as 20:100:10, {MOST_VALUES:,} values at most"
            ) from error
    return tuple(values)


def _range(first: float, last: float | None = None, step: float = 1.0) -> list[float]:
    """Both ends, where the step meets the last."""
    steps = 0.0 if last is None else (last - first) / step if step else math.inf
    if not 0 <= steps < MOST_VALUES:
        raise ValueError
    return [round(first + i * step, 9) for i in range(math.floor(steps + 1e-9) + 1)]


def classes_of(given) -> tuple:
    """``"normal,total"`` or a list as a tuple of words."""
    return tuple(word.strip() for word in given.split(",")) if isinstance(given, str) else tuple(given)


Values = Annotated[tuple[float, ...], BeforeValidator(values_of), Field(min_length=1, max_length=MOST_VALUES)]
Classes = Annotated[tuple[str, ...], BeforeValidator(classes_of), Field(min_length=1)]


class GridDesign(BaseModel):
    """Every combination, ages slowest and hearing classes fastest; the recordings of one condition follow one
    another."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["grid"] = "grid"
    age_years: Values = Field(description="ages in years; a list, or first:last:step")
    intensity_db_nhl: Values = Field(description="levels in dB nHL")
    stimulus_rate_per_s: Values = Field(description="stimuli per second")
    hearing_loss: Classes = Field(description="hearing-loss classes")
    n: int = Field(default=1, ge=1, le=MOST_ROWS, description="recordings of each condition")

    @property
    def conditions(self) -> int:
        """How many different conditions there are."""
        return math.prod(len(getattr(self, name)) for name in CONDITION_NAMES)

    @property
    def in_words(self) -> str:
        """``"grid of 36 conditions (1 age, 9 levels, 2 rates, 2 classes), 10 of each"``."""
        counts = (
            (len(getattr(self, column.name)), one, many)
            for column, one, many in (
                (AGE, "age", "ages"),
                (INTENSITY, "level", "levels"),
                (RATE, "rate", "rates"),
                (HEARING_LOSS, "class", "classes"),
            )
        )
        parts = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)
        if self.conditions == 1:
            return f"one condition, {self.n:,} recording{'s' if self.n > 1 else ''}"
        return f"grid of {self.conditions:,} conditions ({parts}), {self.n:,} of each"

    def rows(self, recordings=None) -> DesignRows:
        """Its rows.

        Raises
        ------
        InputError
            A value out of range or given twice, a class that does not exist, too many recordings.
        """
        return _GridRows(self)


class _GridRows(DesignRows):
    def __init__(self, design: GridDesign):
        self._values = {}
        for column in CONDITIONS:
            values = getattr(design, column.name)
            others = {AGE.name: 0.0, INTENSITY.name: 0.0, RATE.name: RATE.minimum, HEARING_LOSS.name: "normal"}
            checked = check_conditions(pd.DataFrame(others | {column.name: values}))[column.name]
            if (twice := checked[checked.duplicated()]).size:
                raise InputError("the value is given twice", column=column.name, value=twice.tolist()[0])
            self._values[column.name] = checked.to_numpy()
        self._shape = tuple(len(values) for values in self._values.values())
        self._n = design.n
        check_count(math.prod(self._shape) * self._n)

    def __len__(self) -> int:
        return math.prod(self._shape) * self._n

    def at(self, start: int, stop: int) -> pd.DataFrame:
        places = np.unravel_index(np.arange(start, stop) // self._n, self._shape)
        columns = {name: values[place] for (name, values), place in zip(self._values.items(), places, strict=True)}
        return pd.DataFrame(columns).astype({HEARING_LOSS.name: "str"})
