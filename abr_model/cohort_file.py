"""A cohort on disk: its table in memory, its waveforms read when asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from abr_model.cohort import Cohort, read_whole
from abr_model.cohort_digest import ContentDigest
from abr_model.cohort_storage import StoredRecordings
from abr_model.errors import InputError
from abr_model.recordings import BLOCK, Recordings, positions
from abr_model.table import conform_table

READ_AT_ONCE = 100_000_000
"""Samples of a file that is read whole when it is opened: 400 MB, 214,000 recordings of 467 samples."""

CHANGED = "the content does not match its checksum: the file was changed or damaged"


class CohortFile(Recordings):
    """A cohort file of any size, used as a :class:`~abr_model.cohort.Cohort` is.

    Made by :meth:`open`. A file of up to :data:`READ_AT_ONCE` samples is read at once and compared with its checksum.
    Of a larger one the table is read, checked and compared with its own checksum; waveforms are read when asked for
    and checked for samples that are not a number; :meth:`verify` compares all of it.
    """

    def __init__(self, stored: StoredRecordings, table: pd.DataFrame, whole: Cohort | None):
        self._stored, self.table, self._whole = stored, table, whole
        self.path, self.name = stored.path, stored.name
        self.sampling, self.provenance, self.samples = stored.sampling, stored.provenance, stored.samples

    @classmethod
    def open(cls, path: str | Path, name: str | None = None, read_at_once: int = READ_AT_ONCE) -> CohortFile:
        """Open a cohort file.

        Parameters
        ----------
        path
            A file that :meth:`Cohort.write` or a ``CohortWriter`` wrote.
        name
            How to call it in a message; its own name when left out.
        read_at_once
            Samples up to which it is read whole.

        Raises
        ------
        InputError
            As :meth:`Cohort.read`; of a large file, what its metadata and its table can tell.
        """
        stored = StoredRecordings(path, name)
        if stored.recordings * stored.samples <= read_at_once:
            whole = read_whole(stored)
            return cls(stored, whole.table, whole)
        table = conform_table(stored.table(), stored.name)
        if stored.table_sha256 is not None:
            content = ContentDigest(stored.sampling, stored.samples)
            content.update(table=table)
            if content.table_sha256 != stored.table_sha256:
                raise InputError(CHANGED, file=stored.name)
        return cls(stored, table, None)

    @property
    def digest(self) -> str:
        """SHA-256 of the content, as the file says; true once it was read whole or verified."""
        return self._stored.digest

    @property
    def in_memory(self) -> bool:
        """Whether the waveforms are."""
        return self._whole is not None

    def take(self, rows) -> Cohort:
        """The recordings at ``rows`` (a boolean mask [N] or positions, in that order); reads only their row groups.

        Raises
        ------
        InputError
            The file is damaged there, or was removed or replaced since it was opened.
        """
        if self._whole is not None:
            return self._whole.take(rows)
        rows = positions(rows)
        table = self.table.iloc[rows].reset_index(drop=True)
        return Cohort(self._stored.waveforms(rows), table, self.sampling, self.provenance, _checked=True)

    def read(self) -> Cohort:
        """All recordings in memory, compared with the checksum.

        Raises
        ------
        InputError
            As :meth:`Cohort.read`.
        """
        return self._whole if self._whole is not None else read_whole(self._stored)

    def whole(self) -> Cohort:
        """As :meth:`read`."""
        return self.read()

    def verify(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Compare everything with the checksum, block by block; ``on_progress`` gets recordings done and in all.

        Raises
        ------
        InputError
            The content is not what was written.
        """
        if self._whole is not None:
            return
        if self._stored.version == 1:  # its checksum knows the content only as a whole
            self.read()
            return
        content = ContentDigest(self.sampling, self.samples)
        for rows, part in self.blocks(size=BLOCK):
            content.update(part.waveforms, part.table)
            if on_progress:
                on_progress(int(rows[-1]) + 1, len(self))
        if content.hexdigest() != self.digest:
            raise InputError(CHANGED, file=self.name)
