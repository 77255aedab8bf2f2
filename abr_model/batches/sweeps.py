"""Another number of sweeps for a batch: what is asked for, and of how many the learned noise is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.cohort_file import CohortFile
from abr_model.errors import InputError
from abr_model.generation.sweeps import noise_factor, sweeps_by_level
from abr_model.recordings import Recordings
from abr_model.schema import SWEEPS_ACCEPTED
from abr_model.training_cohort import find_training_cohort
from abr_model.validation import as_input_error

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

MOST = int(SWEEPS_ACCEPTED.maximum)
OF_TRAINING = "the median of its training recordings at the level"
GIVEN = "the number that was given"


class LearnedSweeps(BaseModel):
    """Recordings at about ``level_db_nhl`` that a model learned from are averages over about ``sweeps`` sweeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level_db_nhl: float
    sweeps: float = Field(gt=0, le=MOST)


class NoiseOfSweeps(BaseModel):
    """Residual noise as of an average over ``sweeps`` sweeps (:mod:`abr_model.generation.sweeps`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sweeps: int = Field(ge=1, le=MOST, description="over which the recordings shall look averaged")
    learned: tuple[LearnedSweeps, ...] = Field(
        min_length=1, description="of how many sweeps the noise is that the model has learned; the nearest level counts"
    )
    learned_from: str = Field(default=GIVEN, description="where that is from")

    def factors(self, levels_db_nhl: np.ndarray) -> np.ndarray:
        """[n] float32, by which the noise at each of these levels [n] is multiplied."""
        levels = np.array([at.level_db_nhl for at in self.learned])
        factors = np.array([noise_factor(self.sweeps, at.sweeps) for at in self.learned], dtype=np.float32)
        return factors[np.abs(np.asarray(levels_db_nhl, dtype=float)[:, None] - levels).argmin(axis=1)]

    @property
    def in_words(self) -> str:
        """``"residual noise as of 500 sweeps instead of 784 to 2,997"``."""
        return f"residual noise as of {self.sweeps:,} sweeps instead of {range_in_words(self.learned)}"


def range_in_words(learned: tuple[LearnedSweeps, ...]) -> str:
    """``"784 to 2,997"``, or the one number that holds at every level."""
    least, most = (f"{pick(at.sweeps for at in learned):,.0f}" for pick in (min, max))
    return least if least == most else f"{least} to {most}"


def learned_sweeps(recordings: Recordings) -> tuple[LearnedSweeps, ...]:
    """Median number of sweeps at each level; empty where recordings do not say it. No trace is read."""
    return tuple(LearnedSweeps(level_db_nhl=at, sweeps=n) for at, n in sweeps_by_level(recordings.table).items())


def noise_of_sweeps(
    model: TrainedModel, sweeps: int, learned: float | None = None, training: Recordings | None = None
) -> NoiseOfSweeps:
    """Noise of ``sweeps`` sweeps for a batch of ``model``.

    Parameters
    ----------
    learned
        Of how many sweeps the learned noise is, where the person says so.
    training
        The cohort that the model learned from; else it is looked for in the data folder.

    Raises
    ------
    InputError
        Nobody says of how many sweeps the learned noise is, or a number that cannot be.
    """
    try:
        if learned is not None:
            return NoiseOfSweeps(sweeps=sweeps, learned=[{"level_db_nhl": 0, "sweeps": learned}])
        known = sweeps_of_training(model, training)
        if not known:
            raise InputError(
                "nobody says over how many sweeps the recordings were averaged that the model learned from: its "
                "training cohort is not here, or does not say",
                allowed="--learned-sweeps N",
            )
        return NoiseOfSweeps(sweeps=sweeps, learned=known, learned_from=OF_TRAINING)
    except ValidationError as error:
        raise as_input_error(error, NoiseOfSweeps, "sweeps") from error


def sweeps_of_training(model: TrainedModel, training: Recordings | None = None) -> tuple[LearnedSweeps, ...]:
    """:func:`learned_sweeps` of the recordings that ``model`` learned from (``training``, else that of the data
    folder); empty where they are not here or do not say it."""
    if training is None:
        path = find_training_cohort(model)
        if path is None:
            return ()
        training = CohortFile.open(path)
    return learned_sweeps(training.part(np.flatnonzero(model.provenance.filter.mask(training.table))))
