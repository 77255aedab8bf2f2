"""CSV with one row a recording and one column a sample.

UTF-8 without a byte-order mark, comma-separated, a point for decimals. Header names carry their unit and stay unique in
R (``make.names``). Samples and amplitudes are rounded to 10⁻⁶ µV; missing is an empty cell. The notice, the model and
the seed stand in every row, because rows are copied and files renamed.
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from abr_model.cohort import Cohort
from abr_model.generation.formats.about import DECIMALS, export_table, sample_columns
from abr_model.generation.formats.writer import ExportWriter


class CsvWideWriter(ExportWriter):
    """See the head of this file."""

    _stream: BinaryIO | None = None
    _begun = False

    def _open(self) -> None:
        self._stream = self._partial.open("wb")

    def _write(self, part: Cohort) -> None:
        self._write_table(self._table(part))

    def _write_table(self, table: pa.Table) -> None:
        options = pyarrow.csv.WriteOptions(include_header=not self._begun, quoting_style="needed")
        pyarrow.csv.write_csv(table, self._stream, options)
        self._begun = True

    def _table(self, part: Cohort) -> pa.Table:
        table = pa.Table.from_pandas(export_table(part), preserve_index=False)
        for name, values in zip(sample_columns(part), microvolts(part).T, strict=True):
            table = table.append_column(name, pa.array(values))
        return table

    def _close(self, complete: bool) -> None:
        if self._stream is not None:
            self._stream.close()


def microvolts(part: Cohort) -> np.ndarray:
    """[n, T] samples in µV as they are written: rounded, and no ``-0``."""
    return np.round(part.waveforms.astype(np.float64), DECIMALS) + 0.0
