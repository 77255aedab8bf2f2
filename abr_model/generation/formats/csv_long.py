"""CSV with one row a sample: what mixed models and plotting packages take.

As the wide CSV in encoding and numbers. Conditions and wave labels of a recording stand in each of its rows; of what
the recordings are, what must not get lost: kind, model, seed, content.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from abr_model.cohort import Cohort
from abr_model.generation.formats.about import export_table
from abr_model.generation.formats.csv_wide import CsvWideWriter, microvolts
from abr_model.schema import CONDITION_NAMES, LABEL_NAMES

TIME_COLUMN, SAMPLE_COLUMN = "time_ms", "waveform_uv"
TIME_DECIMALS = 6
COLUMNS = (
    *("recording_id", "patient_id", "kind", "model_id", "seed", "content", "ear"),
    *CONDITION_NAMES,
    *LABEL_NAMES,
    "training_support",
)
"""Of :func:`~abr_model.generation.formats.about.export_table`, before time and sample."""


class CsvLongWriter(CsvWideWriter):
    """See the head of this file."""

    def _table(self, part: Cohort) -> pa.Table:
        table = pa.Table.from_pandas(export_table(part)[list(COLUMNS)], preserve_index=False)
        table = table.take(pa.array(np.repeat(np.arange(len(part)), part.samples)))
        times = np.tile(np.round(part.time_ms, TIME_DECIMALS) + 0.0, len(part))
        table = table.append_column(TIME_COLUMN, pa.array(times))
        return table.append_column(SAMPLE_COLUMN, pa.array(microvolts(part).reshape(-1)))
