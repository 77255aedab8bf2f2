"""How often a label is missing along the values of another column: where it depends on it, the curve bends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.missingness.rates import missing_rates, require_columns
from abr_model.schema import COLUMNS_BY_NAME

MOST_VALUES = 25
"""A number column with more distinct values than this is put into bins."""


def rate_along(table: pd.DataFrame, label: str, variable: str, bins: int = 15) -> pd.DataFrame:
    """Share of recordings in which ``label`` is missing, along the values of ``variable``.

    Parameters
    ----------
    table
        A cohort's table.
    label, variable
        Columns of the table. Recordings in which ``variable`` is missing are left out.
    bins
        For a number column with more than 25 distinct values: bins of about equally many recordings.

    Returns
    -------
    DataFrame
        In order: ``value`` (the number, the median of the bin, or the class), ``first``, ``last`` (of the bin),
        ``recordings``, ``patients``, ``missing``, ``rate``, ``low``, ``high`` as in
        :func:`abr_model.missingness.missing_rates`.

    Raises
    ------
    InputError
        No such column.
    """
    require_columns(table, (label, variable))
    known = table[table[variable].notna()]
    values = known[variable]
    if not pd.api.types.is_numeric_dtype(values):
        classes = COLUMNS_BY_NAME[variable].classes if variable in COLUMNS_BY_NAME else ()
        names = [c for c in classes if (values == c).any()] or sorted(values.unique())
        rates = missing_rates(known, by=pd.Series(pd.Categorical(values, names, ordered=True)), columns=[label])
        return _named(rates, names, names, names)
    numbers = values.to_numpy(float)
    distinct, place = np.unique(numbers, return_inverse=True)
    if len(distinct) > MOST_VALUES:
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
        place = np.unique(np.searchsorted(edges, numbers, side="right"), return_inverse=True)[1]
    groups = int(place.max(initial=-1)) + 1
    parts = [numbers[place == group] for group in range(groups)]
    rates = missing_rates(known, by=pd.Series(place), columns=[label])
    return _named(rates, [np.median(p) for p in parts], [p.min() for p in parts], [p.max() for p in parts])


def _named(rates: pd.DataFrame, values, first, last) -> pd.DataFrame:
    columns = ["value", "first", "last", "recordings", "patients", "missing", "rate", "low", "high"]
    return rates.assign(value=values, first=first, last=last)[columns]
