"""The cohort that a model learned from: is this it, and where is it?

A simulated clinic can be made again; a recorded one cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.cohort_file import CohortFile
from abr_model.cohort_storage import read_metadata
from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.provenance import Provenance

if TYPE_CHECKING:
    from abr_model.model import ModelProvenance, TrainedModel
    from abr_model.recordings import Recordings

_SIMULATED = re.compile(r"Simulated clinic · ([\d,]+) patients · seed (\d+)")


def simulated_as(title: str) -> tuple[int, int] | None:
    """Patients and seed of a simulated clinic by its title (:attr:`abr_model.provenance.Provenance.title`)."""
    found = _SIMULATED.fullmatch(title)
    return None if found is None else (int(found[1].replace(",", "")), int(found[2]))


def is_training_cohort(made: ModelProvenance, digest: str, recordings: Recordings) -> bool:
    """Whether a cohort is the one that the model learned from: the same content, or the same simulation.

    Another processor rounds differently, so a clinic that is simulated again there has another digest, with the same
    patients, levels and marks. :func:`check_same_parts` asks for the rest.
    """
    return digest == made.cohort_digest or is_simulated_again(made, digest, recordings)


def is_simulated_again(made: ModelProvenance, digest: str, recordings: Recordings) -> bool:
    """Whether it is that simulation, made a second time by the simulator as it is today."""
    from abr_model.sources.simulator import DEFAULT

    provenance = recordings.provenance
    details = provenance.details
    return (
        digest != made.cohort_digest
        and simulated_as(made.cohort) is not None
        and provenance.title == made.cohort
        and details.get("parameters_sha256") == DEFAULT.sha256()
        and details.get("residual_noise", True) is True
        and recordings.patients == details.get("patients")
    )


def find_cohort(digest: str) -> Path | None:
    """The file of the cohort with this content in the data folder; None where it is not there.

    Files are told by what they say of their content's hash.
    """
    return _first(lambda metadata: metadata.get("digest") == digest)


def find_training_cohort(model: TrainedModel) -> Path | None:
    """The file of the cohort that the model learned from, in the data folder; of a simulated one also the same
    simulation made here. None where there is none. No trace is read."""
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
        except (ValueError, KeyError, OSError):  # a file that is no cohort, damaged, or gone meanwhile
            continue
    return None


def check_same_parts(made: ModelProvenance, found: Mapping[str, int]) -> None:
    """For a simulation that was made again: nothing where it gives the parts that the model was trained on.

    ``found``: recordings of its training, validation and test part.

    Raises
    ------
    InputError
        Another number of recordings in a part: the simulator has changed since.
    """
    if dict(found) != made.recordings:
        raise InputError(
            "the simulated clinic is not the one that the model learned from: the simulator has changed since",
            value=str(dict(found)),
            allowed=str(made.recordings),
        )
