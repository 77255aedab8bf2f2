"""Recordings as a file that leaves the product: CSV for Excel, R and pandas, or Parquet to come back.

CSV is UTF-8 without a byte-order mark, comma-separated, a point for decimals, one row a recording. Header names carry
their unit and stay unique in R (``make.names``). Numbers are rounded: samples and amplitudes to 10⁻⁶ µV, latencies to
10⁻⁴ ms, all others to six decimals; missing is an empty cell. The notice that the recordings are synthetic, the model
and the seed stand in every row, because rows are copied and files renamed.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from abr_model.cohort import Cohort
from abr_model.cohort_writer import write_recordings
from abr_model.errors import InputError
from abr_model.generation.support import support_of_rows
from abr_model.recordings import Recordings
from abr_model.schema import COLUMNS, CONDITION_NAMES, LATENCIES
from abr_model.spreadsheet import safe_cell

FORMATS = ("csv", "parquet")
SAMPLE_COLUMN = "uv_at_{:.3f}_ms"
DECIMALS = 6
LATENCY_DECIMALS = 4
_ROWS_AT_ONCE = 20_000


def export(cohort: Recordings, target: str | Path | BinaryIO, format: str | None = None) -> None:
    """Write a cohort to a file or a binary buffer.

    Parameters
    ----------
    cohort
        Recordings of any kind, in memory or not: they are written block by block.
    target
        A path, or a binary buffer open for writing.
    format
        ``"csv"`` or ``"parquet"`` (a cohort file that :meth:`Cohort.read` gives back); from the ending of the path
        when left out.

    Raises
    ------
    InputError
        Another format, or a path that cannot be written.
    """
    is_path = isinstance(target, str | Path)
    if format is None:
        format = Path(target).suffix.lower().lstrip(".") if is_path else "csv"
    if format not in FORMATS:
        raise InputError("there is no such export format", value=format, allowed=", ".join(FORMATS))
    if not is_path:
        _write_csv(cohort, target) if format == "csv" else _write_parquet(cohort, target)
        return
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if format == "parquet":
            write_recordings(cohort, path)
            return
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("wb") as stream:
            _write_csv(cohort, stream)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}", file=path.name) from error


def export_bytes(cohort: Recordings, format: str) -> bytes:
    """The content of the file that :func:`export` would write."""
    buffer = io.BytesIO()
    export(cohort, buffer, format)
    return buffer.getvalue()


def export_table(cohort: Cohort) -> pd.DataFrame:
    """The columns of the CSV before the samples: what the recordings are, then the cohort's table."""
    provenance, details = cohort.provenance, cohort.provenance.details
    first = {
        "kind": cohort.kind.value,
        "notice": provenance.notice.replace("–", "-"),  # ASCII: Excel takes a UTF-8 dash for three letters
        "source": provenance.source,
        # the word before it keeps spreadsheets from reading "12e34567" as a number
        "model_id": f"model-{details['model_id']}" if "model_id" in details else None,
        "preset": details.get("preset"),
        "seed": details.get("seed"),
        "content": details.get("content"),
        "trained_on": details.get("trained_on"),
        "sampling_rate_hz": cohort.sampling.rate_hz,
    }
    about = {name: [value] * len(cohort) for name, value in first.items()}
    if support := details.get("training_support"):
        about["training_support"] = support_of_rows(support, cohort.table[list(CONDITION_NAMES)])
    else:
        about["training_support"] = [None] * len(cohort)
    columns = {name: cohort.table[name] for name in ("recording_id", "patient_id")} | about
    latencies = {c.name for c in LATENCIES}
    for column in COLUMNS:
        values = cohort.table[column.name]
        if column.kind == "number":
            values = values.round(LATENCY_DECIMALS if column.name in latencies else DECIMALS)
        columns.setdefault(column.name, values)
    table = pd.DataFrame(columns)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].map(safe_cell)
    return table


def sample_columns(cohort: Recordings) -> list[str]:
    """Header of each sample: ``uv_at_0.000_ms``; more decimals where three would not tell two samples apart."""
    for decimals in range(3, 10):
        names = [SAMPLE_COLUMN.replace(".3f", f".{decimals}f").format(t + 0.0) for t in cohort.time_ms]
        if len(set(names)) == len(names):
            return names
    raise InputError("the samples are too dense to be told apart by their time", value=cohort.sampling.rate_hz)


def _write_csv(cohort: Recordings, stream: BinaryIO) -> None:
    names = sample_columns(cohort)
    blocks = cohort.blocks(size=_ROWS_AT_ONCE) if len(cohort) else [(None, cohort.take([]))]
    for number, (_, part) in enumerate(blocks):
        samples = np.round(part.waveforms.astype(np.float64), DECIMALS) + 0.0  # no "-0"
        table = pa.Table.from_pandas(export_table(part), preserve_index=False)
        for name, values in zip(names, samples.T, strict=True):
            table = table.append_column(name, pa.array(values))
        options = pyarrow.csv.WriteOptions(include_header=number == 0, quoting_style="needed")
        pyarrow.csv.write_csv(table, stream, options)


def _write_parquet(cohort: Recordings, stream: BinaryIO) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stream.write(write_recordings(cohort, Path(folder) / "cohort.parquet").read_bytes())
