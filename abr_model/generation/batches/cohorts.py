"""The cohorts that a batch needs: the one its conditions are drawn from, and the one its model learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.cohort_file import CohortFile
from abr_model.cohort_storage import read_metadata
from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.generation.batches.request import BatchRequest
from abr_model.generation.designs.rows import DesignRows
from abr_model.provenance import Provenance
from abr_model.recordings import Recordings
from abr_model.schema import Kind

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

DRAWN = ("cohort", "balanced")
"""Kinds of designs that draw their conditions from a cohort."""


def find_cohort(digest: str, folder: str | Path | None = None) -> CohortFile | None:
    """The cohort with this content among the cohort files of the data folder; None where it is not there.

    Files are told by what they say of their content's hash.
    """
    folder = data_folder() / "cohorts" if folder is None else Path(folder)
    for path in sorted(folder.glob("*.parquet")):
        try:
            if read_metadata(path).get("digest") == digest:
                return CohortFile.open(path)
        except InputError:
            continue
    return None


def find_training_cohort(model: TrainedModel, folder: str | Path | None = None) -> CohortFile | None:
    """The cohort that the model learned from, in the data folder; of a simulated one also a simulation of the same
    patients that was made here. None where there is none."""
    made = model.provenance
    if found := find_cohort(made.cohort_digest, folder):
        return found
    if made.kind != Kind.SIMULATED:
        return None
    folder = data_folder() / "cohorts" if folder is None else Path(folder)
    for path in sorted(folder.glob("*.parquet")):
        try:
            if Provenance.model_validate(read_metadata(path).get("provenance")).title == made.cohort:
                return CohortFile.open(path)
        except ValueError:  # InputError and pydantic's
            continue
    return None


def rows_of(request: BatchRequest, recordings: Recordings | None = None) -> DesignRows:
    """The rows of a request's design, its cohort found by its content where it is not given.

    Raises
    ------
    InputError
        The cohort is not here, is another one, or the design itself cannot be.
    """
    design = request.design
    if design.kind in DRAWN and recordings is None:
        recordings = find_cohort(design.cohort_digest)
    return design.rows(recordings)
