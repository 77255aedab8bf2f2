"""From a cohort to the three parts that a preset trains, validates and tests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.cohort_file import CohortFile
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.preparation import (
    Scaling,
    SelectionRules,
    Split,
    split_by_patient,
    split_by_recording_leaky,
)
from abr_model.recordings import Recordings
from abr_model.runs.run_config import RunConfig
from abr_model.selection import SelectedRecordings, selected
from abr_model.training.sample import sample_of
from abr_model.training.start import Start


@dataclass(frozen=True)
class Parts:
    """Selected recordings of each part, the scaling (fitted on ``train`` alone), and how they came to be.

    ``noise`` [n, T] µV: ends of training recordings, where no response is left; None where they end too early.
    """

    train: Cohort
    validation: Cohort
    test: Cohort
    scaling: Scaling
    funnel: pd.DataFrame
    split: Split
    noise: np.ndarray | None = None

    @property
    def patients(self) -> dict[str, int]:
        """Patients per part."""
        return {"train": self.train.patients, "validation": self.validation.patients, "test": self.test.patients}


def prepare_parts(
    cohort: Recordings,
    preset: Preset,
    filter: CohortFilter = EVERYTHING,
    scaling: Scaling | None = None,
    recordings: int | None = None,
) -> Parts:
    """Filter, select, split and scale as ``preset`` says; the same cohort, filter and preset give the same parts.

    Parameters
    ----------
    cohort, preset, filter
        What to take the recordings from, and how.
    scaling
        That of the weights that a training starts from; without one it is fitted on the training part.
    recordings
        Take about so many, whole patients (:func:`~abr_model.training.sample.sample_of`); all when left out.

    Raises
    ------
    InputError
        Nothing is left after selection, too few patients, recordings too short.
    """
    asked = preset.preparation
    kept, funnel = selected(cohort, SelectionRules.of(asked), filter)
    divide = split_by_patient if asked.split == "patient" else split_by_recording_leaky
    split = divide(kept, asked.seed, asked.fractions)
    rows = np.arange(len(kept))
    if recordings is not None and recordings < len(kept):
        split, rows = _sampled(split, kept, recordings, asked.seed)
        words = f"a sample of about {recordings:,}, whole patients"
        funnel.loc[len(funnel)] = (words, len(kept) - len(rows), len(rows))
    chosen = kept.part(rows).whole()  # of the others no trace is read
    train = chosen.take(split.train)
    return Parts(
        train=train,
        validation=chosen.take(split.validation),
        test=chosen.take(split.test),
        scaling=scaling or Scaling.fit(train, age=preset.scaling.age, waveform=preset.scaling.waveform),
        funnel=funnel,
        split=split,
        noise=_noise(kept, rows[split.train], preset),
    )


def _sampled(split: Split, kept: SelectedRecordings, recordings: int, seed: int) -> tuple[Split, np.ndarray]:
    """The split of a sample, and the positions [n] in ``kept`` that it counts from."""
    parts = sample_of(split, kept.table, recordings, seed)
    rows = np.sort(np.concatenate([parts.train, parts.validation, parts.test]))
    return Split(*(np.searchsorted(rows, p) for p in (parts.train, parts.validation, parts.test)), parts.kind), rows


def _noise(kept: SelectedRecordings, train: np.ndarray, preset: Preset) -> np.ndarray | None:
    objective = preset.objective
    if objective.kind != "whitened" or objective.noise_from != "end of recordings":
        return None
    spread = np.linspace(0, len(train) - 1, min(objective.rows, len(train))).astype(int)
    return kept.after_response(train[spread])


def parts_of(config: RunConfig, folder: Path) -> Parts:
    """The parts of a run, from its cohort file; with the scaling of the weights that it starts from, if any.

    Raises
    ------
    InputError
        As :func:`prepare_parts`; the cohort is missing or was replaced; the weights belong to another sampling.
    """
    cohort = CohortFile.open(config.cohort_path, config.cohort)
    if cohort.digest != config.cohort_digest:
        raise InputError("the cohort was replaced since this run was prepared", file=config.cohort)
    cohort.verify()
    if config.start is None:
        return prepare_parts(cohort, config.preset, config.filter, recordings=config.recordings)
    start = Start.read(folder, config.start)
    parts = prepare_parts(cohort, config.preset, config.filter, start.scaling, config.recordings)
    start.check_sampling(parts.train.sampling)
    return parts
