"""A sample of the recordings: whole patients, the same ones each time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.preparation import Split


def sample_of(split: Split, table: pd.DataFrame, recordings: int, seed: int) -> Split:
    """About ``recordings`` of all, as whole patients, each part with its share.

    The recordings were divided before, so a patient who is held out of a training on the sample is held out of one on
    all of them, too: a search on a sample, or weights that came from one, have not seen the test part. Patients come in
    one order, drawn by ``seed`` and their ids alone: of two samples the larger holds the smaller.

    Parameters
    ----------
    split
        All recordings, divided.
    table
        Their table.
    recordings
        How many are wished for; each part is as near to its share as whole patients allow, one patient at least.
    seed
        Of the order of the patients.
    """
    parts = (split.train, split.validation, split.test)
    total = sum(len(part) for part in parts)
    if recordings >= total:
        return split
    ids = table["patient_id"].astype(str)
    names = np.sort(ids.unique())
    rank = ids.map(dict(zip(names, _order(len(names), seed), strict=True))).to_numpy(dtype=np.int64)
    if split.kind == "patient":
        chosen = [_first_patients(part, rank, recordings * len(part) / total) for part in parts]
    else:  # a patient is in several parts, and is to be whole
        kept = _first_patients(np.concatenate(parts), rank, recordings)
        chosen = [part[np.isin(part, kept)] for part in parts]
    return Split(*chosen, kind=split.kind)


def _order(patients: int, seed: int) -> np.ndarray:
    """Place of each patient; of other random numbers than the split, which shuffles the same patients."""
    return np.random.default_rng([seed, 1]).permutation(patients)


def _first_patients(rows: np.ndarray, rank: np.ndarray, wished: float) -> np.ndarray:
    """Those of ``rows`` whose patients come first, until they are nearest to ``wished``; of one patient at least."""
    ranks, counts = np.unique(rank[rows], return_counts=True)
    last = int(np.argmin(np.abs(np.cumsum(counts) - wished)))
    return rows[rank[rows] <= ranks[last]]
