"""What an evaluation looks at: held-out recordings, and for each a generated one of the same conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.clean import clean_responses
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.recordings import Recordings
from abr_model.schema import CONDITION_NAMES
from abr_model.training.parts import prepare_parts

if TYPE_CHECKING:
    from abr_model.configuration import Preset
    from abr_model.model import TrainedModel

Generate = Callable[[pd.DataFrame, int], Cohort]
"""From conditions (columns :data:`CONDITION_NAMES`, N rows) and a seed to N generated recordings in their order."""


MEAN_DRAWS = 32
"""Recordings for each held-out condition that the generator's mean is taken of."""
MEAN_SEED = 8000
"""Added to the evaluation's seed: none of these draws is one that another section judges."""


@dataclass(frozen=True)
class Comparison:
    """Generated beside held-out recordings; all cohorts have the same sampling and number of samples.

    Parameters
    ----------
    train
        What the model learned from.
    other
        Recordings of other held-out patients (the validation part): against them ``real`` is real against real.
    real
        Held-out recordings (the test part), n of them.
    generated
        n recordings, row for row of the same conditions as ``real``; ``patient_id`` of a row is its own. Where folds or
        resampling go by patient, a generated row belongs to the patient of the real row.
    clean
        [n, T] µV, the true response that each recording of ``real`` hides; None where it is not known.
    seed
        Of all that is random in the evaluation.
    generate
        Makes more recordings, for conditions of the training patients; None where there is no generator to ask.
    """

    train: Cohort
    other: Cohort
    real: Cohort
    generated: Cohort
    clean: np.ndarray | None
    seed: int
    generate: Generate | None = None

    @property
    def patients(self) -> np.ndarray:
        """[n] patient of each real row, and of the generated one beside it."""
        return self.real.table["patient_id"].to_numpy()

    def conditional_mean(self, on_progress: Callable[[float], None] | None = None) -> np.ndarray:
        """What the generator makes of each held-out condition on average: [n, T] µV.

        The mean of ``generated`` and of :data:`MEAN_DRAWS` − 1 more recordings for each row, so that a cell's mean is
        the generator's own and not the scatter of one small sample of it. Only where there is a generator.
        """
        total = self.generated.waveforms.astype(np.float64)
        conditions = self.real.table[list(CONDITION_NAMES)]
        for draw in range(1, MEAN_DRAWS):
            total += self.generate(conditions, self.seed + MEAN_SEED + draw).waveforms
            if on_progress:
                on_progress(draw / (MEAN_DRAWS - 1))
        return total / MEAN_DRAWS

    def against(self, generate: Generate) -> Comparison:
        """The same held-out recordings beside what another generator makes of their conditions."""
        return replace(self, generated=generate(self.real.table[list(CONDITION_NAMES)], self.seed), generate=generate)


def compare(
    recordings: Recordings, preset: Preset, generate: Generate, seed: int = 0, filter: CohortFilter = EVERYTHING
) -> Comparison:
    """Split ``recordings`` as ``preset`` does, and generate for the conditions of its test part.

    Parameters
    ----------
    recordings
        The cohort that the generator was trained on: the same preset finds the same held-out patients.
    preset
        Selection, split and scaling.
    generate
        See :data:`Generate`.
    filter
        Which recordings the generator was trained on, where it was not on all of them.
    """
    parts = prepare_parts(recordings, preset, filter)
    held_out = parts.test
    return Comparison(
        train=parts.train,
        other=parts.validation,
        real=held_out,
        generated=generate(held_out.table[list(CONDITION_NAMES)], seed),
        clean=clean_responses(held_out, recordings.provenance, preset),
        seed=seed,
        generate=generate,
    )


def generator_of(model: TrainedModel) -> Generate:
    """Recordings of ``model`` (with residual noise where it has learned it)."""
    from abr_model.generation.generate import generate

    return lambda conditions, seed: generate(model, conditions, seed, "recording")
