"""The cohort file itself: opens in this product again, and in any Parquet reader."""

from __future__ import annotations

from abr_model.cohort import Cohort
from abr_model.cohort_writer import CohortWriter
from abr_model.generation.formats.writer import ExportWriter
from abr_model.schema import Kind


class ParquetWriter(ExportWriter):
    """See :mod:`abr_model.cohort_writer`; the provenance lies in the file's metadata."""

    def _open(self) -> None:
        # Names of generated recordings are counted by their row: to keep all of them, to find one twice, is not needed.
        given = self.provenance.kind == Kind.GENERATED
        self._cohort = CohortWriter(self._partial, self.sampling, self.samples, self.provenance, check_ids=not given)
        self._cohort.__enter__()

    def _write(self, part: Cohort) -> None:
        self._cohort.write(part)

    def _close(self, complete: bool) -> None:
        self._cohort.provenance = self.provenance
        self._cohort.__exit__(None if complete else RuntimeError, None, None)
