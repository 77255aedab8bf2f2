"""The cohorts that a batch needs: the one its conditions are drawn from, and the one its model learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.batches.request import BatchRequest
from abr_model.cohort_file import CohortFile
from abr_model.cohort_storage import read_metadata
from abr_model.data_folder import data_folder
from abr_model.generation.designs.rows import DesignRows
from abr_model.provenance import Provenance
from abr_model.recordings import Recordings
from abr_model.training_cohort import is_training_cohort

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

DRAWN = ("cohort", "balanced")
"""Kinds of designs that draw their conditions from a cohort."""


def find_cohort(digest: str) -> Path | None:
    """The file of the cohort with this content in the data folder; None where it is not there.

    Files are told by what they say of their content's hash.
    """
    return _first(lambda metadata: metadata.get("digest") == digest)


def find_training_cohort(model: TrainedModel) -> Path | None:
    """The file of the cohort that the model learned from, in the data folder; of a simulated one also the same
    simulation made here (:mod:`abr_model.training_cohort`). None where there is none. No trace is read."""
    made = model.provenance
    return find_cohort(made.cohort_digest) or _first(
        lambda metadata: Provenance.model_validate(metadata["provenance"]).title == made.cohort,
        lambda file: is_training_cohort(made, file.digest, file),
    )


def _first(fits: Callable[[dict], bool], confirmed: Callable[[CohortFile], bool] = lambda file: True) -> Path | None:
    for path in sorted((data_folder() / "cohorts").glob("*.parquet")):
        try:
            if fits(read_metadata(path)) and confirmed(CohortFile.open(path)):
                return path
        except (ValueError, KeyError):  # a file that is no cohort, or damaged
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
        path = find_cohort(design.cohort_digest)
        recordings = None if path is None else CohortFile.open(path)
    return design.rows(recordings)
