"""The recordings of an inferred ear, with what was stated filled in, to be drawn beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from abr_model.cohort import Cohort
from abr_model.recordings import Recordings
from abr_model.schema import CONDITION_NAMES
from dashboard.ears import InferredEar

MOST = 60


def recordings_of_ear(recordings: Recordings, inferred: InferredEar) -> Cohort:
    """All recordings of the ear, at most 60; a condition that was stated holds for each that lacks it."""
    table, row = recordings.table, inferred.rows[0]
    patient, side = table["patient_id"].iloc[row], table["ear"].iloc[row]
    same = table["patient_id"] == patient
    same &= table["ear"].isna() if side != side or side is None else table["ear"] == side
    found = recordings.take(np.flatnonzero(same)[:MOST])
    filled = found.table.copy()
    for name in CONDITION_NAMES:
        if name in inferred.ear.stated:
            filled[name] = filled[name].where(filled[name].notna(), inferred.ear.condition[name])
    return replace(found, table=filled)
