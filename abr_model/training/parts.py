"""From a cohort to the three parts that a preset trains, validates and tests on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from abr_model.cohort import Cohort
from abr_model.configuration import Preset
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.preparation import (
    Scaling,
    SelectionRules,
    Split,
    select,
    split_by_patient,
    split_by_recording_leaky,
)
from abr_model.recordings import Recordings


@dataclass(frozen=True)
class Parts:
    """Selected recordings of each part, the scaling fitted on ``train`` alone, and how they came to be."""

    train: Cohort
    validation: Cohort
    test: Cohort
    scaling: Scaling
    funnel: pd.DataFrame
    split: Split

    @property
    def patients(self) -> dict[str, int]:
        """Patients per part."""
        return {"train": self.train.patients, "validation": self.validation.patients, "test": self.test.patients}


def prepare_parts(cohort: Recordings, preset: Preset, filter: CohortFilter = EVERYTHING) -> Parts:
    """Filter, select, split and scale as ``preset`` says; the same cohort, filter and preset give the same parts.

    Raises
    ------
    InputError
        Nothing is left after selection, too few patients, recordings too short.
    """
    asked = preset.preparation
    selection = select(cohort, SelectionRules.of(asked), filter)
    divide = split_by_patient if asked.split == "patient" else split_by_recording_leaky
    split = divide(selection.cohort, asked.seed, asked.fractions)
    train = selection.cohort.take(split.train)
    return Parts(
        train=train,
        validation=selection.cohort.take(split.validation),
        test=selection.cohort.take(split.test),
        scaling=Scaling.fit(train, age=preset.scaling.age, waveform=preset.scaling.waveform),
        funnel=selection.funnel,
        split=split,
    )
