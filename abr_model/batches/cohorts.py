"""The cohort that the conditions of a batch are drawn from."""

from __future__ import annotations

from abr_model.batches.request import BatchRequest
from abr_model.cohort_file import CohortFile
from abr_model.generation.designs.rows import DesignRows
from abr_model.recordings import Recordings
from abr_model.training_cohort import find_cohort

DRAWN = ("cohort", "balanced")
"""Kinds of designs that draw their conditions from a cohort."""


def rows_of(request: BatchRequest, recordings: Recordings | None = None) -> DesignRows:
    """The rows of a request's design, its cohort found by its content where it is not given.

    Raises
    ------
    InputError
        The cohort is not here, is another one, or the design itself cannot be.
    """
    design = request.design
    if design.kind in DRAWN and recordings is None:
        path = find_cohort(design.cohort_digest)
        recordings = None if path is None else CohortFile.open(path)
    return design.rows(recordings)
