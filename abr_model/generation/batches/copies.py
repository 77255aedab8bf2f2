"""The training recordings of a model, to tell which recordings of a batch repeat one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from abr_model.evaluation.privacy.near_copies import BY_CHANCE, SAME, CopyFinder
from abr_model.evaluation.subject import Subject
from abr_model.recordings import Recordings
from abr_model.schema import Kind
from abr_model.training.parts import prepare_parts

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


class CopyReport(BaseModel):
    """What was done about near-copies of training recordings in one batch.

    Where ``checked``: ``withheld`` are the rows (1 = the first) that were not exported; ``thresholds`` are those of
    :class:`~abr_model.evaluation.privacy.near_copies.CopyFinder`. Else ``why_not`` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checked: bool
    why_not: str = ""
    training_kind: Kind
    training_cohort: str
    training_digest: str
    training_recordings: int = 0
    training_patients: int = 0
    by_chance: float = BY_CHANCE
    same: float = SAME
    thresholds: tuple[float, ...] = ()
    withheld: tuple[int, ...] = Field(default=(), description="rows of the design, 1 = the first")


def copy_finder(model: TrainedModel, recordings: Recordings) -> CopyFinder:
    """Knows the recordings that ``model`` learned from: the training part of ``recordings``, divided as for training.

    Raises
    ------
    InputError
        The recordings are not the ones that the model was trained on, or too few patients.
    """
    Subject.of_model(model, recordings)
    return CopyFinder(prepare_parts(recordings, model.preset, model.provenance.filter).train)


def copy_report(model: TrainedModel, finder: CopyFinder | None, why_not: str = "") -> CopyReport:
    """The report of a batch, before anything was withheld."""
    made = model.provenance
    report = CopyReport(
        checked=finder is not None,
        why_not=why_not,
        training_kind=made.kind,
        training_cohort=made.cohort,
        training_digest=made.cohort_digest,
        training_recordings=made.recordings.get("train", 0),
        training_patients=made.patients.get("train", 0),
    )
    return report if finder is None else report.model_copy(update={"thresholds": finder.thresholds})


def not_here(model: TrainedModel) -> str:
    """Why nobody looked: the sentence for a model whose training cohort is not here."""
    return f"the training cohort (SHA-256 {model.provenance.cohort_digest[:12]}…) is not here"
