"""Marked latencies beside one another: of two reviewers, and of a reviewer and the label of the recording."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.review.analysis.agreement import pairs
from abr_model.review.analysis.latencies import bland_altman
from abr_model.review.analysis.results import LatencyAgreement
from abr_model.review.config import StudyConfig


def latency_agreement(marks: pd.DataFrame, config: StudyConfig) -> list[LatencyAgreement]:
    """Limits of agreement for each wave: every two reviewers on all items; each reviewer against the cohort's marks on
    recorded items, and against the model's on generated ones; where there are three pairs or more."""
    first = marks[marks["repeat"] == 0]
    found = []
    for wave in config.mark:
        own = first[first["wave"] == wave]
        latency = own.pivot(index="reviewer", columns=["item", "trace"], values="ms")
        judged = own.assign(said=True).pivot(index="reviewer", columns=["item", "trace"], values="said").notna()
        for one, other in pairs(list(latency.index)):
            both = (judged.loc[one] & judged.loc[other]).to_numpy()
            a, b = latency.loc[one].to_numpy()[both], latency.loc[other].to_numpy()[both]
            found += _agreement(wave, one, other, "all", a, b, seen=True)
        for which, is_generated, label in (("recorded", False, "cohort"), ("generated", True, "model")):
            for code, of in own[own["generated"] == is_generated].groupby("reviewer"):
                found += _agreement(
                    wave, code, label, which, of["ms"].to_numpy(), of["label_ms"].to_numpy(), seen=False
                )
    return found


def _agreement(wave, one, other, which, a: np.ndarray, b: np.ndarray, seen: bool) -> list[LatencyAgreement]:
    limits = bland_altman(a, b)
    if limits is None:
        return []
    # a label that is missing says nothing: "not marked" is not "no response"
    same = float((np.isfinite(a) == np.isfinite(b)).mean()) if seen and len(a) else None
    return [LatencyAgreement(wave=wave, one=one, other=other, which=which, absent_same=same, **vars(limits))]
