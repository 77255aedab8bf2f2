"""Generated recordings as if averaged over another number of sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.generation.response import ResponseSeries
from abr_model.schema import INTENSITY, SWEEPS_ACCEPTED

FEWEST = 3
"""A median of fewer recordings than this is none."""
LEVEL_STEP_DB = 5.0
"""Clinics average more sweeps near the threshold than far above it: what is usual is told for each level."""


def usual_sweeps(table: pd.DataFrame) -> float | None:
    """Median number of accepted sweeps of recordings, None where fewer than three say it."""
    known = table[SWEEPS_ACCEPTED.name].dropna()
    known = known[known > 0]
    return float(known.median()) if len(known) >= FEWEST else None


def sweeps_by_level(table: pd.DataFrame) -> dict[float, float]:
    """:func:`usual_sweeps` of recordings at each level (dB nHL, in steps of 5), of those levels where it is known."""
    levels = LEVEL_STEP_DB * np.round(table[INTENSITY.name] / LEVEL_STEP_DB)
    found = {float(level): usual_sweeps(part) for level, part in table.groupby(levels)}
    return {level: sweeps for level, sweeps in found.items() if sweeps}


def noise_factor(sweeps: float, learned: float) -> np.float32:
    """By how much noise of ``learned`` sweeps is multiplied to become that of ``sweeps``; parameters and errors as
    :func:`at_sweeps`."""
    for name, value in (("sweeps", sweeps), ("learned", learned)):
        if not value > 0:
            raise InputError("the number of sweeps is not allowed", column=name, value=value, allowed="above 0")
    return np.float32(np.sqrt(learned / sweeps))


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
    noise = series.recordings - series.responses
    return replace(series, recordings=series.responses + noise_factor(sweeps, learned) * noise)
