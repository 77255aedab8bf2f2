"""Parquet tables of others: samples in columns of numbers, or as one list a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from abr_model.errors import InputError
from abr_model.sources.sheets.cells import Block, Sheet, as_text, parse_number, without_blank_rows

BLOCK_ROWS = 5_000


class ParquetSheet(Sheet):
    """A Parquet file that is no cohort.

    Raises
    ------
    InputError
        It is damaged or truncated.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with pq.ParquetFile(path) as parquet:
                self._schema = parquet.schema_arrow
                self._rows = parquet.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._damaged() from error
        self.header = list(self._schema.names)

    def _damaged(self) -> InputError:
        return InputError("the file is not a Parquet file, or it is truncated", file=self.path.name)

    def count(self):
        return self._rows

    def head(self, count):
        for batch in self._batches(list(range(len(self.header))), count):
            columns = [[_text(value) for value in column.to_pylist()] for column in batch.columns]
            return [list(row) for row in zip(*columns, strict=True)][:count]
        return []

    def blocks(self, text, samples, on_bad_row):
        longest = self._longest_list(samples)
        done = 0
        for batch in self._batches([*text, *samples], BLOCK_ROWS):
            rows = np.arange(done + 1, done + len(batch) + 1)
            done += len(batch)
            columns = batch.columns
            words = pd.DataFrame(
                {p: [_text(v) for v in column.to_pylist()] for p, column in zip(text, columns, strict=False)},
                index=range(len(batch)),
                dtype="str",
            )
            traces, broken = columns[len(text) :], []
            if longest is not None:
                numbers = _lists(traces[0], longest)
            else:
                numbers = np.full((len(batch), len(samples)), np.nan, dtype=np.float32)
                for k, column in enumerate(traces):
                    numbers[:, k], bad = _numbers(column)
                    broken += [(int(rows[i]), self.header[samples[k]], value) for i, value in bad]
            self.progress = done / max(1, self._rows)
            yield without_blank_rows(Block(rows, words, numbers, broken), self.header, samples)

    def _longest_list(self, samples: list[int]) -> int | None:
        """Samples of the longest list; None where the samples are columns of numbers."""
        if len(samples) != 1 or not _is_list(self._schema.field(samples[0]).type):
            return None
        kind = self._schema.field(samples[0]).type.value_type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise InputError(
                "the lists do not hold numbers", file=self.path.name, column=self.header[samples[0]], allowed="samples"
            )
        lengths = [pc.max(pc.list_value_length(b.column(0))).as_py() or 0 for b in self._batches(samples, BLOCK_ROWS)]
        return max(lengths, default=0)

    def _batches(self, positions: list[int], size: int):
        names = [self.header[p] for p in positions]
        try:
            with pq.ParquetFile(self.path) as parquet:
                for batch in parquet.iter_batches(batch_size=size, columns=list(dict.fromkeys(names))):
                    yield batch.select(names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged() from error


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _lists(column: pa.Array, longest: int) -> np.ndarray:
    """[rows, longest] float32; NaN behind the end of a shorter list."""
    numbers = np.full((len(column), longest), np.nan, dtype=np.float32)
    for i, values in enumerate(column):
        if values.is_valid:
            trace = values.values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            numbers[i, : len(trace)] = trace
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _numbers(column: pa.Array) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Numbers of a column, NaN where empty, and the cells that are none: (position, value)."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
        bad = [(int(i), str(values[i])) for i in np.flatnonzero(np.isinf(values))]
    else:
        cells = [_text(v) for v in column.to_pylist()]
        parsed = [parse_number(cell) for cell in cells]
        bad = [(i, cells[i]) for i, number in enumerate(parsed) if number is None]
        values = np.array([np.nan if n is None else n for n in parsed])
    values[[i for i, _ in bad]] = np.nan
    return values, bad


def _text(value) -> str | None:
    """A value as the text of the same cell in a CSV file; a list begins with a bracket."""
    if isinstance(value, list):
        return str([round(v, 6) if isinstance(v, float) else v for v in value[:4]])[:-1] + ", …]"
    return as_text(value)
