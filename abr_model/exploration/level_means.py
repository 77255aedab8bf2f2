"""The mean trace of each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.exploration.grand_means import grand_means
from abr_model.exploration.grouping import by_level
from abr_model.recordings import Recordings
from abr_model.schema import INTENSITY, Kind

MAXIMUM_LEVELS = 12
"""Levels that a picture can stack and a person can still tell apart."""


@dataclass(frozen=True)
class LevelMeans:
    """Mean and SD of the recordings at each level: ``levels`` [L] in dB nHL, loudest first; ``counts`` [L] recordings;
    ``mean`` and ``sd`` [L, T] in µV (SD is NaN for a single recording); ``time_ms`` [T]."""

    levels: np.ndarray
    counts: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    time_ms: np.ndarray
    kind: Kind


def level_means(
    recordings: Recordings, most_levels: int = MAXIMUM_LEVELS, among: np.ndarray | None = None
) -> LevelMeans:
    """Mean ± SD by level of all recordings, or of those in the mask ``among`` [N].

    Levels are rounded where there are more than ``most_levels``, as :func:`~abr_model.exploration.grouping.by_level`
    does. Recordings without a level are left out. Returns arrays of length 0 when none has one. Traces are read block
    by block.
    """
    level = recordings.table[[INTENSITY.name]]
    groups = by_level(level if among is None else level[INTENSITY.name].where(among).to_frame(), most_levels)
    if not len(groups):
        nothing = np.zeros((0, recordings.samples))
        return LevelMeans(
            groups.values, groups.counts, nothing, nothing, np.asarray(recordings.time_ms), recordings.kind
        )
    means = grand_means(recordings.blocks(groups.codes >= 0), groups.codes, groups.labels, groups.title)
    loudest_first = slice(None, None, -1)
    return LevelMeans(
        groups.values[loudest_first],
        means.counts[loudest_first],
        means.mean[loudest_first],
        means.sd[loudest_first],
        means.time_ms,
        means.kind,
    )
