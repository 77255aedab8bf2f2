"""The groups that missing values are counted in: level, age, hearing, ear, sex, rate, polarity, stimulus.

A cohort's table has no column for the site where a recording was made, so there is none here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.exploration.grouping import Groups, by_age, by_class, by_ear, by_hearing, by_level, by_rate
from abr_model.schema import AGE, COLUMNS_BY_NAME, HEARING_LOSS, INTENSITY, POLARITY, RATE

NOT_KNOWN = "not known"
MOST_LEVELS = 12
"""More levels than this are rounded: a share needs many recordings, and a cell room for its number."""


@dataclass(frozen=True)
class Grouping:
    """A way to group recordings.

    Parameters
    ----------
    name
        As a person chooses it: ``"level"``.
    column
        The table's column behind it.
    groups
        What makes the groups of a table.
    """

    name: str
    column: str
    groups: Callable[[pd.DataFrame], Groups]

    def of(self, table: pd.DataFrame) -> pd.Series:
        """[N] ordered categorical: the group of each recording, by its name; :data:`NOT_KNOWN` is the last group."""
        groups = self.groups(table).occurring()
        codes = np.where(groups.codes < 0, len(groups), groups.codes)
        names = [*groups.labels, NOT_KNOWN] if (groups.codes < 0).any() else list(groups.labels)
        return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True))

    def title(self, table: pd.DataFrame) -> str:
        """Axis title with unit: ``"Intensity (dB nHL, rounded to 10 dB)"``."""
        return self.groups(table).title


def _classes(column: str) -> Callable[[pd.DataFrame], Groups]:
    names = {name: name for name in COLUMNS_BY_NAME[column].classes}
    return lambda table: by_class(table, column, COLUMNS_BY_NAME[column].label, names)


def _by_stimulus(table: pd.DataFrame) -> Groups:
    found = sorted(table["stimulus_type"].dropna().unique())
    return by_class(table, "stimulus_type", COLUMNS_BY_NAME["stimulus_type"].label, {name: name for name in found})


GROUPINGS = (
    Grouping("level", INTENSITY.name, lambda table: by_level(table, MOST_LEVELS)),
    Grouping("age", AGE.name, by_age),
    Grouping("hearing loss", HEARING_LOSS.name, by_hearing),
    Grouping("ear", "ear", by_ear),
    Grouping("sex", "sex", _classes("sex")),
    Grouping("rate", RATE.name, by_rate),
    Grouping("polarity", POLARITY.name, _classes(POLARITY.name)),
    Grouping("stimulus", "stimulus_type", _by_stimulus),
)


def grouping(name: str) -> Grouping:
    """The grouping of this name.

    Raises
    ------
    InputError
        There is none.
    """
    for one in GROUPINGS:
        if one.name == name:
            return one
    raise InputError("there is no such grouping", value=name, allowed=", ".join(g.name for g in GROUPINGS))
