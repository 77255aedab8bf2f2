"""Generated ears at several levels: one ear, new noise at each, as a clinic records a level series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.conditions import check_conditions, check_seed
from abr_model.generation.generate import as_cohort, block_generator, decode, draw, on_peaks, present_labels

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


def generate_ears(model: TrainedModel, ears: Sequence[pd.DataFrame], seed: int) -> Cohort:
    """The recordings of ears, one after another.

    What the sampler draws for an ear is the same at each of its levels; residual noise is drawn anew each time.

    Parameters
    ----------
    ears
        For each ear the conditions of its recordings, columns :data:`abr_model.schema.CONDITION_NAMES`.
    seed
        Ear number k is the same whatever the number of ears.

    Returns
    -------
    Cohort
        As :func:`abr_model.generation.generate.generate` makes it, the rows of all ears below one another; the
        recordings of an ear share their ``patient_id``.

    Raises
    ------
    InputError
        No ear, or conditions or a seed that are not allowed.
    """
    seed = check_seed(seed)
    if not len(ears):
        raise InputError("there is no ear to generate", allowed="one or more")
    tables = [check_conditions(ear) for ear in ears]
    waveforms, labels = [], []
    for k, conditions in enumerate(tables):
        generator = block_generator(seed, k)
        drawn = draw(model, conditions, generator, ears=1)
        decoded = decode(model, drawn, conditions, generator)
        waveforms.append(decoded.recording)
        labels.append(present_labels(on_peaks(decoded, model.sampling), generator))
    cohort = as_cohort(
        model,
        pd.concat(tables, ignore_index=True),
        np.concatenate(waveforms),
        np.concatenate(labels),
        seed,
        "recording",
    )
    ear = np.repeat(np.arange(1, len(tables) + 1), [len(table) for table in tables])
    table = cohort.table.assign(patient_id=[f"generated-ear-{k:06d}" for k in ear])
    return Cohort(cohort.waveforms, table, cohort.sampling, cohort.provenance)
