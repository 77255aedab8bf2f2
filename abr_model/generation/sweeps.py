"""Generated recordings as if averaged over another number of sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.generation.response import ResponseSeries
from abr_model.schema import SWEEPS_ACCEPTED

FEWEST = 3
"""A median of fewer recordings than this is none."""


def usual_sweeps(table: pd.DataFrame) -> float | None:
    """Median number of accepted sweeps of recordings, None where fewer than three say it."""
    known = table[SWEEPS_ACCEPTED.name].dropna()
    known = known[known > 0]
    return float(known.median()) if len(known) >= FEWEST else None


def at_sweeps(series: ResponseSeries, sweeps: float, learned: float) -> ResponseSeries:
    """``series`` with the residual noise of an average over ``sweeps`` sweeps.

    The noise of an average falls with the square root of the number of sweeps (physiology notes, section 7: 2 µV of
    single-sweep noise leave 63 nV at 1,000 and 32 nV at 4,000 sweeps). Each recording's noise is scaled so; how
    noisy an ear is beside others stays as the model has learned it.

    Parameters
    ----------
    sweeps
        Number of sweeps asked for.
    learned
        Number of sweeps that the noise learned by the model stands for: :func:`usual_sweeps` of recordings like those
        that it learned from.

    Raises
    ------
    InputError
        A number of sweeps that is not above 0.
    """
    for name, value in (("sweeps", sweeps), ("learned", learned)):
        if not value > 0:
            raise InputError("the number of sweeps is not allowed", column=name, value=value, allowed="above 0")
    noise = series.recordings - series.responses
    return replace(series, recordings=series.responses + np.float32(np.sqrt(learned / sweeps)) * noise)
