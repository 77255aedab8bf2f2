"""Resampling: a training recording of the nearest conditions, with a little noise. Nothing is learned.

Hard to beat in likeness, since it *is* a recording; it fails where a model must not: it hands out the patients' own
traces, and it has nothing between the conditions that it has seen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from abr_model.cohort import Cohort
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.evaluation.comparison import Generate
from abr_model.schema import HEARING_LOSS, HEARING_LOSS_CODES, LABEL_NAMES
from abr_model.training.parts import Parts

from .generated import generated_cohort

NEIGHBOURS = 20
"""Recordings nearest in condition, one of which is taken by chance."""
NOISE = 0.1
"""SD of the added noise, as a share of the SD of recordings about the mean of their neighbours."""
LEVEL_WEIGHT = 4.0
"""An SD of the level counts as so many SDs of log-age or rate: the trace follows it most."""
TIES = 1e-4
"""SD of a jitter on the places: among recordings of equal conditions chance decides, not their order in the file."""
RIDGE = 1e-6


def fit(
    parts: Parts,
    preset: Preset,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
    neighbours: int = NEIGHBOURS,
    noise: float = NOISE,
) -> Generate:
    """Search trees, one a hearing class, and the covariance of recordings about the mean of their neighbours."""
    train, scaling = parts.train, parts.scaling
    places, classes = _places(scaling, train.table)
    random = np.random.default_rng(seed)
    places += TIES * random.standard_normal(places.shape)
    rows_of = {c: np.flatnonzero(classes == c) for c in np.unique(classes)}
    trees = {c: cKDTree(places[rows]) for c, rows in rows_of.items()}

    def nearest(table: pd.DataFrame, random: np.random.Generator) -> list[np.ndarray]:
        """Training rows nearest to each condition, of its class: as many as asked for or the class has."""
        places, classes = _places(scaling, table)
        places += TIES * random.standard_normal(places.shape)
        found: list[np.ndarray] = [np.empty(0, int)] * len(table)
        for c in np.unique(classes):
            if c not in trees:
                raise InputError(
                    "the training part has no recording of this hearing loss",
                    column=HEARING_LOSS.name,
                    value=HEARING_LOSS_CODES[c],
                    allowed=", ".join(HEARING_LOSS_CODES[k] for k in trees),
                )
            k = min(neighbours, len(rows_of[c]))
            rows = np.flatnonzero(classes == c)
            positions = trees[c].query(places[rows], k)[1].reshape(len(rows), k)
            for row, near in zip(rows, rows_of[c][positions], strict=True):
                found[row] = near
        return found

    some = random.permutation(len(train))[:2000]
    around = np.stack([train.waveforms[rows].mean(0) for rows in nearest(train.table.iloc[some], random)])
    scatter = np.cov((train.waveforms[some] - around).T.astype(np.float64))
    scatter += RIDGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    colour = noise * np.linalg.cholesky(scatter)
    noise_nv = 1000 * float(np.sqrt((colour**2).sum() / len(scatter)))
    if on_progress:
        on_progress(1.0)

    def generate(conditions: pd.DataFrame, seed: int) -> Cohort:
        random = np.random.default_rng(seed)
        taken = np.array([random.choice(rows) for rows in nearest(conditions, random)], dtype=int)
        added = random.standard_normal((len(taken), len(colour))) @ colour.T
        return generated_cohort(
            "nearest_recording",
            conditions,
            train.waveforms[taken] + added,
            train.sampling,
            seed,
            train.table[list(LABEL_NAMES)].to_numpy()[taken],
            neighbours=neighbours,
            noise_sd_nv=round(noise_nv, 2),
        )

    return generate


def _places(scaling, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """[N, 3] scaled age, level and rate to measure distances in, and [N] class index."""
    static = scaling.static(table).astype(np.float64)
    return static[:, :3] * (1.0, LEVEL_WEIGHT, 1.0), static[:, 3].astype(int)
