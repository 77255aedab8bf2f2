"""The recordings that a session works with: those of the loaded cohort, and those of them that pass the filter."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.cohort_file import CohortFile
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.provenance import Provenance, Sampling
from abr_model.recordings import Recordings, positions


@dataclass(frozen=True, eq=False, repr=False)
class LoadedCohort(Recordings):
    """The recordings a session works with, all of them. Shared by all sessions and never changed in place.

    ``digest`` is the SHA-256 of their content; use it (or :attr:`key`) as a cache key.
    """

    file: CohortFile | Cohort
    name: str
    path: Path
    digest: str

    @property
    def table(self) -> pd.DataFrame:
        """The whole table."""
        return self.file.table

    @property
    def sampling(self) -> Sampling:
        """Of all recordings."""
        return self.file.sampling

    @property
    def provenance(self) -> Provenance:
        """What they are."""
        return self.file.provenance

    @property
    def samples(self) -> int:
        """Samples per recording."""
        return self.file.samples

    @property
    def key(self) -> str:
        """For caches: equal recordings have equal keys."""
        return self.digest

    @property
    def cohort(self) -> Cohort:
        """All recordings with their traces in memory: only for what cannot do with a part.

        Raises
        ------
        InputError
            The cohort is too large for that.
        """
        if isinstance(self.file, Cohort) or self.file.in_memory:
            return self.file.whole()
        raise InputError(
            "the cohort is too large to lie in memory whole",
            value=f"{len(self):,} recordings",
            allowed="a filter that leaves fewer",
        )

    def take(self, rows) -> Cohort:
        """The recordings at ``rows`` with their traces; reads no others."""
        return self.file.take(rows)


@dataclass(frozen=True, eq=False, repr=False)
class FilteredCohort(Recordings):
    """The recordings of the loaded cohort that pass the filter; may be none.

    Parameters
    ----------
    loaded
        The whole cohort.
    filter
        What passes.
    rows
        [n] positions in the loaded cohort, ascending.
    table
        Their table, index 0 … n−1; shared by all sessions and never changed in place.
    """

    loaded: LoadedCohort
    filter: CohortFilter
    rows: np.ndarray
    table: pd.DataFrame

    @property
    def sampling(self) -> Sampling:
        """Of all recordings."""
        return self.loaded.sampling

    @property
    def provenance(self) -> Provenance:
        """What they are: where a filter is set, which part of what."""
        whole = self.loaded.provenance
        if self.filter.is_empty:
            return whole
        part_of = {"source": whole.source, "digest": self.loaded.digest, "details": whole.details}
        details = {"filter": json.loads(self.filter.to_json()), "part_of": part_of}
        return whole.model_copy(update={"source": f"{whole.source}, filtered", "details": details})

    @property
    def samples(self) -> int:
        """Samples per recording."""
        return self.loaded.samples

    @property
    def key(self) -> str:
        """For caches: equal recordings have equal keys."""
        return self.loaded.key if self.filter.is_empty else f"{self.loaded.key}-{self.filter.sha256()[:16]}"

    def take(self, rows) -> Cohort:
        """Recordings at ``rows``, positions in :attr:`table` (a mask [n] or integers, in that order), with traces."""
        return replace(self.loaded.take(self.rows[positions(rows)]), provenance=self.provenance)


def filtered(loaded: LoadedCohort, filter: CohortFilter) -> FilteredCohort:
    """The recordings of ``loaded`` that pass ``filter``."""
    if filter.is_empty:
        return FilteredCohort(loaded, filter, np.arange(len(loaded)), loaded.table)
    rows = np.flatnonzero(filter.mask(loaded.table))
    return FilteredCohort(loaded, filter, rows, loaded.table.iloc[rows].reset_index(drop=True))
