"""A cohort that the model did not learn from: another clinic, another year. All of its patients are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abr_model.errors import InputError
from abr_model.generation.inference import on_time_axis
from abr_model.schema import FMP, POLARITY, Kind
from abr_model.training_cohort import is_training_cohort, simulated_as

if TYPE_CHECKING:
    from abr_model.configuration import Preset
    from abr_model.model import TrainedModel
    from abr_model.recordings import Recordings

THIRDS = (0.34, 0.33, 0.33)
"""Of the patients: one part teaches the readers and the embedding of the evaluation, one is real against real, one is
what generated recordings stand beside."""


def preset_for(model: TrainedModel, recordings: Recordings) -> Preset:
    """The model's preset, fitted to a cohort that it did not learn from: the same selection, patients in thirds.

    A rule about a quality that is stated of no recording (Fmp, polarity) would leave nothing; it is dropped.
    """
    table, asked = recordings.table, model.preset.preparation
    changes = {"split": "patient", "fractions": THIRDS}
    for rule, column in (("fmp_above", FMP.name), ("polarity", POLARITY.name)):
        if getattr(asked, rule) is not None and table[column].isna().all():
            changes[rule] = None
    if asked.sampling_rate_hz is None:
        changes["sampling_rate_hz"] = model.sampling.rate_hz
    return model.preset.changed(preparation=changes)


def check_held_out(model: TrainedModel, recordings: Recordings, digest: str) -> None:
    """Nothing where no recording of ``recordings`` can have been seen by the model, as far as that can be told.

    Raises
    ------
    InputError
        It is the cohort that the model learned from, a part of it, the same simulated patients, or generated; or it
        does not cover the model's window.
    """
    made, of = model.provenance, recordings.provenance
    part_of = of.details.get("part_of")
    whole = part_of.get("digest") if isinstance(part_of, dict) else None
    if whole == made.cohort_digest or is_training_cohort(made, digest, recordings):
        raise InputError(
            "the model learned from this cohort: its training patients are not held out",
            value=of.title,
            allowed="--cohort with the cohort as it was trained on, or another cohort",
        )
    if of.kind == Kind.GENERATED:
        raise InputError("generated recordings are no held-out patients", value=of.title, allowed="recorded ones")
    own, theirs = simulated_as(made.cohort), simulated_as(of.title)
    if own is not None and theirs is not None and own[1] == theirs[1]:
        raise InputError(
            "the same seed simulates the same patients: the model has learned from some of them",
            value=of.title,
            allowed=f"a simulated clinic of another seed than {own[1]}",
        )
    if len(recordings):
        on_time_axis(model, recordings.take([0]))
