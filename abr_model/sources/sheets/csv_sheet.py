"""CSV with comma, semicolon or tab, read block by block."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from abr_model.errors import InputError
from abr_model.sources.sheets.cells import Block, Sheet, encoding_of, parse_number, without_blank_rows

BLOCK_BYTES = 8 << 20
_START_CHARACTERS = 1 << 20
_COUNTED_BYTES = 32 << 20
"""A file up to this size is read through to count its rows for a preview."""


class CsvSheet(Sheet):
    """CSV with comma, semicolon or tab, and a decimal point or comma."""

    def __init__(self, path: Path):
        self.path = path
        self.encoding = encoding_of(path)
        try:
            with path.open(encoding=self.encoding, newline="") as file:
                start = file.read(_START_CHARACTERS)
        except UnicodeError as error:
            raise InputError("the file is damaged: it cannot be read as text", file=path.name) from error
        first_line = start.splitlines()[0] if start.strip() else ""
        self.delimiter = max(",;\t", key=first_line.count)
        try:
            records = list(csv.reader(io.StringIO(start, newline=""), delimiter=self.delimiter))
        except csv.Error as error:
            raise InputError("the file is damaged: it cannot be read as CSV", file=path.name) from error
        self.header = [name.strip() for name in records[0]] if records else []
        whole = len(start) < _START_CHARACTERS
        self._head = [record for record in records[1:] if any(record)][: None if whole else -1]
        self.decimal = _decimal([cell for record in records[1:] for cell in record])

    def head(self, count):
        return [[cell.strip() or None for cell in record] for record in self._head[:count]]

    def count(self):
        if self.path.stat().st_size > _COUNTED_BYTES:
            return None
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                return sum(any(record) for record in csv.reader(file, delimiter=self.delimiter)) - 1
        except (csv.Error, UnicodeError):
            return None

    def blocks(self, text, samples, on_bad_row):
        names = [f"c{position}" for position in range(len(self.header))]
        skipped: list[int] = []

        def on_invalid(row):
            number = row.number - 1  # the parser counts the header
            skipped.append(number)
            on_bad_row(number, f"the row has {row.actual_columns} cells, the header {row.expected_columns}")
            return "skip"

        size = max(1, self.path.stat().st_size)
        try:
            with (
                pa.OSFile(str(self.path)) as file,
                pa.csv.open_csv(
                    file,
                    read_options=pa.csv.ReadOptions(
                        column_names=names,
                        skip_rows=1,
                        use_threads=False,  # row numbers are known without threads alone
                        block_size=BLOCK_BYTES,
                        encoding="utf8" if self.encoding == "utf-8-sig" else self.encoding,
                    ),
                    parse_options=pa.csv.ParseOptions(
                        delimiter=self.delimiter, ignore_empty_lines=False, invalid_row_handler=on_invalid
                    ),
                    convert_options=pa.csv.ConvertOptions(
                        column_types={name: pa.string() for name in names},
                        include_columns=[names[p] for p in (*text, *samples)],
                        null_values=[""],
                        strings_can_be_null=True,
                    ),
                ) as reader,
            ):
                # The parser runs ahead of the blocks, so the numbers of refused rows are all known by then.
                read = 0
                for batch in reader:
                    rows, read = _row_numbers(read, len(batch), skipped)
                    self.progress = min(1.0, file.tell() / size)
                    yield self._block(batch, rows, text, samples)
        except pa.ArrowInvalid as error:
            raise InputError("the file is damaged: it cannot be read as CSV", file=self.path.name) from error

    def _block(self, batch: pa.RecordBatch, rows: np.ndarray, text: list[int], samples: list[int]) -> Block:
        cells = pd.DataFrame({p: batch.column(f"c{p}").to_pandas() for p in text}, index=range(len(batch)), dtype="str")
        numbers = np.full((len(batch), len(samples)), np.nan, dtype=np.float32)
        broken = []
        for index, position in enumerate(samples):
            column = pc.utf8_trim_whitespace(batch.column(f"c{position}"))
            if self.decimal == ",":
                column = pc.replace_substring(column, ",", ".")
            try:
                values = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
                fast = not np.isinf(values).any()
            except pa.ArrowInvalid:
                fast = False
            if not fast:
                raw = batch.column(f"c{position}").to_pylist()
                values, bad = _numbers(raw, self.decimal)
                broken += [(int(rows[i]), self.header[position], raw[i]) for i in bad]
            numbers[:, index] = values
        return without_blank_rows(Block(rows, cells, numbers, broken), self.header, samples)


def _numbers(cells: list[str | None], decimal: str) -> tuple[np.ndarray, list[int]]:
    """Numbers of the cells (NaN where empty or broken) and the positions of the broken ones."""
    numbers = [parse_number(cell, decimal) for cell in cells]
    broken = [i for i, number in enumerate(numbers) if number is None]
    return np.array([np.nan if n is None else n for n in numbers], dtype=np.float64), broken


def _row_numbers(read: int, count: int, skipped: list[int]) -> tuple[np.ndarray, int]:
    """File row numbers of the next ``count`` rows after row ``read``, past the rows that were skipped."""
    if not skipped:
        return np.arange(read + 1, read + count + 1), read + count
    candidates = np.arange(read + 1, read + count + len(skipped) + 1)
    rows = candidates[~np.isin(candidates, skipped)][:count]
    return rows, int(rows[-1]) if count else read


def _decimal(cells: list[str]) -> str:
    """A comma where numbers are written with one and none with a point."""
    numbers = [cell.strip() for cell in cells]
    with_comma = sum(bool(re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", n)) for n in numbers)
    with_point = sum(bool(re.fullmatch(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", n)) for n in numbers)
    return "," if with_comma > with_point else "."
