"""What every format's writer is: a block in which parts are written, and a file that is there when it ends well."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.provenance import Provenance, Sampling


class ExportWriter(ABC):
    """Writes one file, or one folder, a part at a time; it never lies in memory whole.

    A context manager: the file appears, complete, when the block ends; after an error there is none, and one that was
    there before stays as it was.

    Parameters
    ----------
    path
        Where; folders are made.
    sampling, samples
        Those of every part.
    provenance
        Of the whole. May be replaced (:attr:`provenance`) until the block ends, for what is known only then.
    """

    def __init__(self, path: str | Path, sampling: Sampling, samples: int, provenance: Provenance):
        self.path, self.sampling, self.samples, self.provenance = Path(path), sampling, samples, provenance
        self.recordings = 0
        self._partial = self.path.with_name(f".{self.path.name}.partial")

    def __enter__(self) -> ExportWriter:
        self._remove_partial()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._open()
        return self

    def write(self, part: Cohort) -> None:
        """Add recordings; a part may be empty, which writes at least the header of a table."""
        if part.samples != self.samples or part.sampling != self.sampling:
            raise InputError("the recordings differ in sampling or length")
        self._write(part)
        self.recordings += len(part)

    def __exit__(self, error_type, error, traceback) -> None:
        try:
            self._close(complete=error_type is None)
            if error_type is None:
                self._partial.replace(self.path)
        finally:
            self._remove_partial()

    @abstractmethod
    def _open(self) -> None:
        """Begin; what is written goes to ``self._partial``."""

    @abstractmethod
    def _write(self, part: Cohort) -> None: ...

    @abstractmethod
    def _close(self, complete: bool) -> None:
        """End, with what goes last where everything was written; must leave nothing open."""

    def _remove_partial(self) -> None:
        if self._partial.is_dir():
            shutil.rmtree(self._partial, ignore_errors=True)
        else:
            self._partial.unlink(missing_ok=True)
