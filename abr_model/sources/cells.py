"""Tables on disk (CSV, XLSX) as blocks of rows, so that a large export never lies in memory as text."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from python_calamine import CalamineError, CalamineWorkbook

from abr_model.errors import InputError

MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "–")
CSV_BLOCK_BYTES = 8 << 20
XLSX_BLOCK_ROWS = 2_000


@dataclass(frozen=True)
class Block:
    """Some consecutive rows: ``rows`` [n] are their numbers in the file (1 = first line of data).

    ``text`` [n, columns] holds the cells asked for as text (None = empty); ``samples`` [n, T] float32 the numeric ones
    (NaN = empty or broken). ``broken`` lists the cells of ``samples`` that are not numbers: (row, column, value).
    """

    rows: np.ndarray
    text: pd.DataFrame
    samples: np.ndarray
    broken: list[tuple[int, str, str]] = field(default_factory=list)


class Sheet:
    """A table whose first row names its columns.

    ``header`` [columns] are the names as they stand in the file; :meth:`blocks` reads the rows. ``decimal`` is the
    decimal sign of numbers written as text, ``progress`` how much of the file was read (0 to 1). Rows with too many or
    too few cells go to ``on_bad_row(row, reason)``.
    """

    header: list[str]
    decimal: str = "."
    progress: float = 0.0

    def blocks(self, text: list[int], samples: list[int], on_bad_row: Callable[[int, str], None]) -> Iterator[Block]:
        """Blocks of rows with the columns at the positions ``text`` and ``samples``. Blank rows are passed over."""
        raise NotImplementedError


class CsvSheet(Sheet):
    """CSV with comma, semicolon or tab, and a decimal point or comma."""

    def __init__(self, path: Path):
        self.path = path
        self.encoding = encoding_of(path)
        try:
            with path.open(encoding=self.encoding, newline="") as file:
                start = file.read(1 << 16)
        except UnicodeError as error:
            raise InputError("the file is damaged: it cannot be read as text", file=path.name) from error
        first_line = start.splitlines()[0] if start.strip() else ""
        self.delimiter = max(",;\t", key=first_line.count)
        try:
            records = list(csv.reader(io.StringIO(start, newline=""), delimiter=self.delimiter))
        except csv.Error as error:
            raise InputError("the file is damaged: it cannot be read as CSV", file=path.name) from error
        self.header = [name.strip() for name in records[0]] if records else []
        self.decimal = _decimal([cell for record in records[1:] for cell in record])

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
                        block_size=CSV_BLOCK_BYTES,
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
        cells = pd.DataFrame({p: batch.column(f"c{p}").to_pandas() for p in text}, dtype="str")
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
        return _without_blank_rows(Block(rows, cells, numbers, broken), self.header, samples)


class XlsxSheet(Sheet):
    """One sheet of an Excel workbook, read by calamine."""

    def __init__(self, path: Path, sheet_name: str | None = None):
        self.path = path
        try:
            with path.open("rb") as file:
                workbook = CalamineWorkbook.from_filelike(file)
            self.sheet_names = list(workbook.sheet_names)
            self._sheet = workbook.get_sheet_by_name(sheet_name or self.sheet_names[0])
            first = next(iter(self._sheet.iter_rows()), [])
        except (CalamineError, zipfile.BadZipFile, IndexError, OSError) as error:
            raise InputError("the workbook is damaged or not an Excel file", file=path.name) from error
        self.header = [_as_text(cell) or "" for cell in first]

    def blocks(self, text, samples, on_bad_row):
        rows, pending = [], []
        cells = iter(self._sheet.iter_rows())
        next(cells, None)
        for number, row in enumerate(cells, start=1):
            rows.append(number)
            pending.append(row)
            if len(rows) == XLSX_BLOCK_ROWS:
                self.progress = number / max(number, self._sheet.height)
                yield self._block(rows, pending, text, samples)
                rows, pending = [], []
        if rows:
            yield self._block(rows, pending, text, samples)

    def _block(self, rows: list[int], cells: list[list], text: list[int], samples: list[int]) -> Block:
        words = pd.DataFrame({p: [_as_text(row[p]) for row in cells] for p in text}, dtype="str")
        numbers = np.full((len(rows), len(samples)), np.nan, dtype=np.float32)
        broken = []
        for i, row in enumerate(cells):
            values = [row[p] for p in samples]
            if all(type(v) is float for v in values):
                numbers[i] = values
                continue
            for k, value in enumerate(values):
                number = value if type(value) is float else parse_number(_as_text(value), self.decimal)
                if number is None:
                    broken.append((rows[i], self.header[samples[k]], _as_text(value)))
                else:
                    numbers[i, k] = number
        return _without_blank_rows(Block(np.array(rows), words, numbers, broken), self.header, samples)


def parse_number(text: str | None, decimal: str = ".") -> float | None:
    """The number that a cell holds: NaN for an empty one, None for one that is not a (finite) number."""
    if text is None or text.strip().casefold() in MISSING_WORDS:
        return np.nan
    text = text.strip()
    if decimal == "," and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) and "_" not in text else None


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


def _without_blank_rows(block: Block, header: list[str], samples: list[int]) -> Block:
    broken_rows = {row for row, _, _ in block.broken}
    filled = block.text.notna().any(axis=1).to_numpy() | np.isfinite(block.samples).any(axis=1)
    filled |= np.isin(block.rows, list(broken_rows))
    if filled.all():
        return block
    text = block.text[filled].reset_index(drop=True)
    return Block(block.rows[filled], text, block.samples[filled], block.broken)


def _as_text(cell) -> str | None:
    """A spreadsheet's cell as the text of the same cell in a CSV file."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip() or None


def _decimal(cells: list[str]) -> str:
    """A comma where numbers are written with one and none with a point."""
    numbers = [cell.strip() for cell in cells]
    with_comma = sum(bool(re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", n)) for n in numbers)
    with_point = sum(bool(re.fullmatch(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", n)) for n in numbers)
    return "," if with_comma > with_point else "."


def start_of_text(content: bytes) -> str:
    """The first bytes of a text file as text, enough to recognise its format: by its byte-order mark, else Latin-1."""
    encoding = "latin-1"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    return content.decode(encoding, errors="replace")


def encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 where the file is; otherwise Latin-1, in which every byte has a meaning (names are dropped)."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"
