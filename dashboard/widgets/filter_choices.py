"""What there is to choose from in a cohort: the stops of a slider, the classes that occur, the patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.filtering import SETS
from abr_model.schema import AGE, COLUMNS_BY_NAME, FMP, INTENSITY, RATE, RESIDUAL_NOISE
from dashboard.recordings import LoadedCohort

CONDITION_RANGES = (AGE.name, INTENSITY.name)
QUALITY_RANGES = (RATE.name, FMP.name, RESIDUAL_NOISE.name, "sweeps_accepted")
AGE_STOPS = (0, 1 / 12, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 18, 30, 45, 60, 75, 90, 110)
FMP_STOPS = (
    *(0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100),
    *(200, 500, 1_000, 2_000, 5_000, 10_000, 100_000),
)
"""Fine where thresholds lie."""
MOST_STOPS = 30
LEVEL_STEP_DB = 5
MOST_CLASSES = 12
"""Text columns with more values than these are no classes."""


@dataclass(frozen=True)
class Choices:
    """``stops`` of the number columns that have values, lowest and highest beyond all of them; ``classes`` that occur,
    None last where some are not known; ``incomplete``: number columns that lack a value somewhere; ``patients``."""

    stops: dict[str, tuple[float, ...]]
    classes: dict[str, tuple[str | None, ...]]
    incomplete: frozenset[str]
    patients: tuple[str, ...]


def choices(loaded: LoadedCohort) -> Choices:
    """Worked out once for a cohort."""
    return _choices(loaded.digest, loaded.table)


@st.cache_data(max_entries=8, show_spinner=False)
def _choices(digest: str, _table: pd.DataFrame) -> Choices:
    return choices_of(_table)


def choices_of(table: pd.DataFrame) -> Choices:
    """The choices of a cohort's table; a column with one value leaves nothing to choose and is left out."""
    stops, incomplete = {}, set()
    for name in CONDITION_RANGES + QUALITY_RANGES:
        values = table[name].to_numpy(dtype=float)
        known = values[np.isfinite(values)]
        if len(known) and known.min() < known.max():
            stops[name] = _stops(name, known)
            if len(known) < len(values):
                incomplete.add(name)
    classes = {}
    for name in SETS:
        found = table[name].dropna().unique().tolist()
        order = COLUMNS_BY_NAME[name].classes or sorted(found)
        values = tuple(v for v in order if v in found) + ((None,) if table[name].isna().any() else ())
        if 2 <= len(values) <= MOST_CLASSES and found:
            classes[name] = values
    return Choices(stops, classes, frozenset(incomplete), tuple(sorted(table["patient_id"].unique())))


def _stops(name: str, known: np.ndarray) -> tuple[float, ...]:
    low, high = float(known.min()), float(known.max())
    if name == AGE.name:
        return _around(AGE_STOPS, low, high)
    if name == FMP.name:
        return _around(FMP_STOPS, low, high)
    if name == INTENSITY.name:
        first, last = np.floor(low / LEVEL_STEP_DB), np.ceil(high / LEVEL_STEP_DB)
        return tuple(float(v) * LEVEL_STEP_DB for v in np.arange(first, last + 1))
    values = np.unique(known)
    if name == RATE.name and len(values) <= MOST_STOPS:
        return tuple(values.tolist())
    return _around(_series(high), low, high)


def _series(high: float) -> list[float]:
    """0, then ten steps a decade, from 1/200 of the highest on."""
    decades = range(int(np.floor(np.log10(max(high, 1e-3) / 200))), int(np.ceil(np.log10(max(high, 1e-3)))) + 1)
    return [
        0.0,
        *(round(step * 10.0**decade, 6) for decade in decades for step in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8)),
    ]


def _around(stops, low: float, high: float) -> tuple[float, ...]:
    """Those of ``stops`` within the values, one below them and one above."""
    stops = np.asarray(stops, dtype=float)
    first = max(int(np.searchsorted(stops, low, side="right")) - 1, 0)
    last = min(int(np.searchsorted(stops, high, side="left")), len(stops) - 1)
    return tuple(stops[first : last + 1].tolist())
