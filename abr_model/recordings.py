"""What every set of recordings can do, whether its waveforms are in memory, on disk, or a part of another set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.provenance import Provenance, Sampling
from abr_model.schema import Kind

if TYPE_CHECKING:
    from abr_model.cohort import Cohort

BLOCK = 20_000
"""Recordings read at once; 37 MB at 467 samples."""


class Recordings(ABC):
    """Recordings of one kind and one sampling.

    ``table`` [N rows] is in memory and never changed in place; ``take`` and ``blocks`` give the waveforms, and read no
    more of them than they must.
    """

    table: pd.DataFrame
    sampling: Sampling
    provenance: Provenance
    samples: int

    @abstractmethod
    def take(self, rows) -> Cohort:
        """The recordings at ``rows``, with their waveforms: a boolean mask [N] or integer positions, in that order."""

    def __len__(self) -> int:
        return len(self.table)

    @property
    def time_ms(self) -> np.ndarray:
        """[T] times of the samples in ms relative to stimulus onset."""
        return self.sampling.time_ms(self.samples)

    @property
    def kind(self) -> Kind:
        """Clinical, simulated or generated."""
        return self.provenance.kind

    @property
    def patients(self) -> int:
        """Number of different patients."""
        return self.table["patient_id"].nunique()

    def blocks(self, rows=None, size: int = BLOCK) -> Iterator[tuple[np.ndarray, Cohort]]:
        """All recordings, or those at ``rows``, ``size`` at a time: their positions, and the recordings."""
        rows = np.arange(len(self)) if rows is None else positions(rows)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield part, self.take(part)

    def part(self, rows) -> Recordings:
        """Those at ``rows``, in that order, without reading a trace."""
        return _Part(self, positions(rows))

    def whole(self) -> Cohort:
        """All of them in memory; read block by block, so that nothing lies there twice."""
        if len(self) <= BLOCK:
            return self.take(np.arange(len(self)))
        waveforms = np.empty((len(self), self.samples), dtype=np.float32)
        for rows, part in self.blocks():
            waveforms[rows] = part.waveforms
        return replace(part, waveforms=waveforms, table=self.table)


class _Part(Recordings):
    """Some recordings of another set."""

    def __init__(self, of: Recordings, rows: np.ndarray):
        self._of, self._rows = of, rows
        self.table = of.table.iloc[rows].reset_index(drop=True)
        self.sampling, self.provenance, self.samples = of.sampling, of.provenance, of.samples

    def take(self, rows) -> Cohort:
        return self._of.take(self._rows[positions(rows)])


def positions(rows) -> np.ndarray:
    """Integer positions of a boolean mask; positions as they are."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)


def digest_of(recordings: Recordings) -> str:
    """SHA-256 of the content of a cohort in memory or on disk."""
    digest = recordings.digest
    return digest() if callable(digest) else digest
