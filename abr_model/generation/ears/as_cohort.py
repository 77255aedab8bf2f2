"""Responses of an inferred ear as a cohort: kind generated, with what they were inferred from, ready to be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, Provenance
from abr_model.generation.ears.ear import CAUTION, Ear
from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.generation.support import outside_conditions, support_summary
from abr_model.schema import WAVES, Kind, amplitude_column, latency_column

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

MARKED_FROM = 0.5
"""A wave gets its labels where it is marked in at least half of the draws."""


def ears_as_cohort(
    model: TrainedModel, responses: EarResponses, ears: list[Ear], seed: int = 0, shares: np.ndarray | None = None
) -> Cohort:
    """One row per condition: the mean response, with the waves that are mostly marked.

    Nobody's pseudonym goes along: provenance names the recordings by the start of the SHA-256 of their traces on the
    model's time axis, which whoever has the recordings can check.

    Parameters
    ----------
    responses
        Of one ear, or of a blend of two.
    ears
        The ear, or the two.
    shares
        [C] of the second ear, for a blend.
    """
    count = len(responses)
    unsure = responses.marked < MARKED_FROM
    labels = {}
    for k, wave in enumerate(WAVES):
        labels[latency_column(wave)] = np.where(unsure[:, k], np.nan, responses.latency_ms[:, k])
    for k, wave in enumerate(WAVES):
        labels[amplitude_column(wave)] = np.where(unsure[:, k], np.nan, responses.amplitude_uv[:, k])
    ids = pd.DataFrame(
        {
            "recording_id": [f"inferred-{row:06d}" for row in range(1, count + 1)],
            "patient_id": ["inferred-ear"] * count if shares is None else [f"blend-{s:.2f}" for s in shares],
        }
    )
    conditions = responses.conditions.reset_index(drop=True)
    details = {
        "model_id": model.model_id,
        "preset": model.preset.name,
        "seed": seed,
        "content": "response of one ear, inferred" if shares is None else "response between two ears, inferred",
        "caution": CAUTION,
        "inferred_from": [inferred_from(ear) for ear in ears],
        "conditions": conditions.drop_duplicates().to_dict("records"),
        "trained_on": model.support.get("kind"),
        "training_support": support_summary(model.support),
        "outside_training_support": outside_conditions(model.support, conditions.drop_duplicates()),
    }
    if shares is not None:
        details["share_of_second"] = [float(share) for share in shares]
    kinds = " and ".join(dict.fromkeys(ear.recordings.kind.value for ear in ears))
    what = f"one ear, inferred from a {kinds} recording" if len(ears) == 1 else f"between two ears, {kinds}"
    source = f"model {model.model_id} ({model.preset.name}): {what}"
    table = pd.concat([ids, conditions, pd.DataFrame(labels)], axis=1)
    provenance = Provenance(kind=Kind.GENERATED, source=source, details=details)
    return Cohort(responses.mean.astype(np.float32), table, model.sampling, provenance)


def inferred_from(ear: Ear) -> dict:
    """What an ear was inferred from, in JSON values; no pseudonym."""
    found = {
        "kind": ear.recordings.kind.value,
        "recordings": len(ear.recordings),
        "traces_sha256": ear.digest,
        "condition": ear.condition,
        "stated": list(ear.stated),
        "labels_given": ear.labels_given,
        "correlation_with_recording": round(float(ear.correlation[0]), 4),
        "left_uv": round(float(ear.left_uv[0]), 5),
    }
    if ear.familiarity is not None:
        found["familiarity"] = ear.familiarity.degree
        found["familiarity_in_words"] = ear.familiarity.sentence
    return found
