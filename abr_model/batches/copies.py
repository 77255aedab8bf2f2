"""The training recordings of a model, to tell which recordings of a batch repeat one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from abr_model.cohort_file import CohortFile
from abr_model.errors import InputError
from abr_model.evaluation.privacy.near_copies import BY_CHANCE, SAME, CopyFinder
from abr_model.evaluation.subject import Subject
from abr_model.recordings import Recordings, digest_of
from abr_model.scaling import Scaling
from abr_model.schema import Kind
from abr_model.training.parts import prepare_parts
from abr_model.training_cohort import check_same_parts, find_training_cohort

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


SIMULATED_AGAIN = "the simulated training cohort was made again here; its samples differ in the last digits"


class CopyReport(BaseModel):
    """What was done about near-copies of training recordings in one batch.

    Where ``checked``: ``withheld`` are the rows (1 = the first) that were not exported, ``thresholds`` those of
    :class:`~abr_model.evaluation.privacy.near_copies.CopyFinder`; ``note`` says where the recordings looked at are not
    bit for bit those of the training. Else ``why_not`` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checked: bool
    why_not: str = ""
    note: str = ""
    training_kind: Kind
    training_cohort: str
    training_digest: str
    training_recordings: int = 0
    training_patients: int = 0
    by_chance: float = BY_CHANCE
    same: float = SAME
    thresholds: tuple[float, ...] = ()
    withheld: tuple[int, ...] = Field(default=(), description="rows of the design, 1 = the first")


@dataclass(frozen=True)
class Training:
    """The recordings that a model learned from, ready to be looked for; ``note`` says where they are not bit for bit
    those of its training."""

    finder: CopyFinder
    note: str = ""


def training_of(model: TrainedModel, recordings: Recordings) -> Training:
    """The training part of ``recordings``, divided as for the training of ``model``.

    A simulated clinic that was made again on another machine has other last digits, and so another hash. It passes
    where its parts are as large and its training part has the means and spreads that the model was scaled by.

    Raises
    ------
    InputError
        The recordings are not the ones that the model was trained on, or too few patients.
    """
    made = model.provenance
    Subject.of_model(model, recordings)
    again = digest_of(recordings) != made.cohort_digest
    parts = prepare_parts(recordings, model.preset, made.filter)
    if again:
        check_same_parts(made, parts.split.sizes)
        if not _alike(parts.scaling, model.scaling):
            raise InputError(
                "the model was trained on another cohort: the recordings of this simulated clinic have another mean "
                "and spread",
                allowed=f"{made.cohort}, SHA-256 {made.cohort_digest[:12]}…",
            )
    return Training(CopyFinder(parts.train), SIMULATED_AGAIN if again else "")


def _alike(one: Scaling, other: Scaling) -> bool:
    numbers = []
    for scaling in (one, other):
        values = scaling.model_dump()
        rows = [values[name] for name in ("condition_mean", "condition_sd", "waveform_mean_uv", "waveform_sd_uv")]
        rows += [[np.nan if v is None else v for v in values[name]] for name in ("label_mean", "label_sd")]
        numbers.append(np.concatenate([np.asarray(row, dtype=float) for row in rows]))
    same = len(numbers[0]) == len(numbers[1])
    return same and np.allclose(*numbers, rtol=1e-4, atol=1e-6, equal_nan=True)


def copy_report(model: TrainedModel, training: Training | None, why_not: str = "") -> CopyReport:
    """The report of a batch, before anything was withheld."""
    made = model.provenance
    report = CopyReport(
        checked=training is not None,
        why_not=why_not,
        training_kind=made.kind,
        training_cohort=made.cohort,
        training_digest=made.cohort_digest,
        training_recordings=made.recordings.get("train", 0),
        training_patients=made.patients.get("train", 0),
    )
    if training is None:
        return report
    return report.model_copy(update={"thresholds": training.finder.thresholds, "note": training.note})


def training_here(model: TrainedModel) -> tuple[Training | None, str]:
    """The training recordings, from the data folder; None, and why, where they are not there."""
    path = find_training_cohort(model)
    if path is None:
        return None, not_here(model)
    try:
        return training_of(model, CohortFile.open(path)), ""
    except InputError:  # a simulation of that name by another version of the simulator, or damaged
        return None, f"{not_here(model)}; a cohort of the same name is, but another one"


def not_here(model: TrainedModel) -> str:
    """Why nobody looked: the sentence for a model whose training cohort is not here."""
    return f"the training cohort (SHA-256 {model.provenance.cohort_digest[:12]}…) is not here"
