"""An ear as a model sees it in one recording of it, or in several."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.ears.codes import Codes, codes_of, responses_of
from abr_model.ears.familiarity import FamiliarityOf, left_over
from abr_model.ears.link import EarLink
from abr_model.ears.pairs import MOST_KNOWN, ears_of
from abr_model.errors import InputError
from abr_model.generation.conditions import check_condition, check_conditions
from abr_model.generation.imputed_labels import Imputation
from abr_model.generation.inference import impute, on_time_axis
from abr_model.preparation import model_inputs
from abr_model.schema import COLUMNS_BY_NAME, CONDITION_NAMES, LABEL_NAMES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.model import TrainedModel

CAUTION = (
    "A model's inference from a recording: what the model expects of an ear with this code. Not a measurement, "
    "and not a prediction about the patient. Generated; research use only."
)
"""Goes with every figure and file of an inferred ear."""


@dataclass(frozen=True)
class Ear:
    """What a model makes of R recordings of one ear; the first is *the* recording.

    Parameters
    ----------
    recordings
        On the model's time axis, their conditions complete.
    codes
        Of the recordings.
    stated
        Conditions that the first recording lacked and a person stated.
    estimate_uv
        [R, T] response estimate of each recording at its own conditions: decoded at the mean of q(z | recording), as
        :func:`abr_model.generation.inference.reconstruct` gives it.
    left_uv
        [R] root mean square of what the estimate leaves of the recording.
    correlation
        [R] of estimate and recording.
    familiarity
        How far the first recording is from the training data; None without a link of ears.
    labels
        Wave labels of the recordings, missing ones imputed.
    link
        None: the model cannot tell other conditions.
    """

    recordings: Cohort
    codes: Codes
    stated: tuple[str, ...]
    estimate_uv: np.ndarray
    left_uv: np.ndarray
    correlation: np.ndarray
    familiarity: FamiliarityOf | None
    labels: Imputation
    link: EarLink | None

    @property
    def condition(self) -> dict:
        """The four conditions of the first recording."""
        return check_condition(self.recordings.table.iloc[0][list(CONDITION_NAMES)].to_dict())

    @property
    def digest(self) -> str:
        """Start of the SHA-256 of the traces: says which recordings these were to whoever has them, and to nobody
        else."""
        return hashlib.sha256(self.recordings.waveforms.tobytes()).hexdigest()[:16]

    @property
    def labels_given(self) -> list[str]:
        """Labels that the first recording has."""
        return [name for name, given in zip(LABEL_NAMES, self.labels.given[0], strict=True) if given]


def infer_ear(
    model: TrainedModel,
    recordings: Cohort,
    link: EarLink | None,
    stated: Mapping[str, float | str] | None = None,
    level: float = 0.9,
) -> Ear:
    """Infer an ear from its recordings, with the wave labels that they have and no others.

    Parameters
    ----------
    model
        A trained model.
    recordings
        One or more of one ear; the first is the one that is asked about. Beyond the first, at most seven are used:
        those nearest in level.
    link
        What the model has learned about ears; None: no other conditions.
    stated
        Conditions to fill in where a recording lacks them, by their names. What a recording says is not replaced.
    level
        Share of marks that intervals of imputed labels are to cover.

    Raises
    ------
    InputError
        No recording, recordings of different ears, a condition that is neither recorded nor stated (names it), a
        stated value that is not allowed, or recordings that do not cover the model's time axis.
    """
    if not len(recordings):
        raise InputError("there is no recording to infer an ear from", allowed="one recording or more")
    if len(set(ears_of(recordings.table).tolist())) > 1:
        raise InputError("the recordings are of different ears", allowed="recordings of one ear")
    filled = _nearest_in_level(_with_stated(recordings, stated or {}))
    lacking = recordings.table.iloc[0][list(CONDITION_NAMES)].isna()
    fitted = on_time_axis(model, filled)
    codes = codes_of(model.network, model_inputs(fitted, model.scaling))
    estimate = responses_of(model, codes.mean, codes.static)
    recorded = fitted.waveforms.astype(np.float64)
    left = np.sqrt(((recorded - estimate) ** 2).mean(1))
    familiarity = None
    if link is not None:
        ratio = left_over(left, fitted.table)[0]
        familiarity = link.description.familiarity.of(float(codes.kl[0].sum()), float(ratio))
    return Ear(
        recordings=fitted,
        codes=codes,
        stated=tuple(name for name in CONDITION_NAMES if lacking[name]),
        estimate_uv=estimate,
        left_uv=left,
        correlation=_correlation(recorded, estimate),
        familiarity=familiarity,
        labels=impute(model, fitted, level),
        link=link,
    )


def missing_conditions(recording: pd.Series) -> list[str]:
    """Names of the conditions that a recording lacks: to be stated."""
    return [name for name in CONDITION_NAMES if pd.isna(recording[name])]


def _with_stated(recordings: Cohort, stated: Mapping) -> Cohort:
    table = recordings.table.copy()
    unknown = sorted(set(stated) - set(CONDITION_NAMES))
    if unknown:
        raise InputError("there is no such condition", column=unknown[0], allowed=", ".join(CONDITION_NAMES))
    for name, value in stated.items():
        table[name] = table[name].where(table[name].notna(), value)
    for name in CONDITION_NAMES:
        if pd.isna(table[name].iloc[0]):
            column = COLUMNS_BY_NAME[name]
            raise InputError(
                f"{column.in_sentence} is not recorded and has to be stated", column=name, allowed=column.allowed
            )
    complete = table[list(CONDITION_NAMES)].notna().all(axis=1).to_numpy()  # others of the ear may lack one: left out
    kept = recordings.take(complete)
    checked = check_conditions(table[complete])
    return replace(kept, table=kept.table.assign(**{name: checked[name].to_numpy() for name in CONDITION_NAMES}))


def _nearest_in_level(recordings: Cohort) -> Cohort:
    levels = recordings.table["intensity_db_nhl"].to_numpy(float)
    order = np.argsort(np.abs(levels - levels[0]), kind="stable")
    return recordings if len(order) <= MOST_KNOWN else recordings.take(np.r_[0, order[order != 0]][:MOST_KNOWN])


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)
