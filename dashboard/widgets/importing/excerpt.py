"""The first recordings of a file as a small file of its own, so that a change of the settings is seen at once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.preview import Preview
from abr_model.sources.readers.registry import start_of
from abr_model.sources.sheets.cells import Sheet
from abr_model.sources.sheets.opening import sheets_of
from abr_model.sources.sheets.parquet_sheet import ParquetSheet

EXCERPT_ROWS = 80
MAXIMUM_WORDS = 12
LONGEST_WORD = 24


@dataclass(frozen=True)
class Excerpt:
    """The first rows of a table in a file that any reader of the whole one can read.

    ``header`` and ``rows`` hold the cells as text, unmasked: they stay in the private folder and are not shown.
    A format that is no table is its own excerpt, without rows.
    """

    path: Path
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()

    def words(self, column: str) -> tuple[str, ...]:
        """The different short words of a column, as they stand in the file; none where it holds longer text."""
        if column not in self.header:
            return ()
        position = self.header.index(column)
        cells = {row[position].strip() for row in self.rows if position < len(row) and row[position]}
        if len(cells) > MAXIMUM_WORDS or any(len(cell) > LONGEST_WORD for cell in cells):
            return ()
        return tuple(sorted(cell for cell in cells if cell))


def excerpt_of(path: Path, preview: Preview, rows: int = EXCERPT_ROWS) -> Excerpt:
    """The first ``rows`` recordings of a table, written beside it; the file itself for a format that is no table.

    Raises
    ------
    InputError
        The file is damaged.
    """
    sheet = _sheet(path, preview)
    if sheet is None:
        return Excerpt(path)
    head = [tuple(row) for row in sheet.head(rows)]
    small = path.with_name(f"{path.name}-excerpt")
    if isinstance(sheet, ParquetSheet):
        _write_parquet(path, small, rows)
    else:
        with small.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t")
            writer.writerow(sheet.header)
            writer.writerows([cell or "" for cell in row] for row in head)
    return Excerpt(small, tuple(sheet.header), tuple(head))


def _sheet(path: Path, preview: Preview) -> Sheet | None:
    """The table that the preview shows; None where the format is none."""
    if not preview.header:
        return None
    sheets = sheets_of(path, start_of(path))
    return next((sheet for sheet in sheets if tuple(sheet.header) == tuple(preview.header)), None)


def _write_parquet(path: Path, small: Path, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            batch = next(parquet.iter_batches(batch_size=rows), None)
            table = parquet.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
            pq.write_table(table, small)
    except (pa.ArrowException, OSError) as error:
        raise InputError("the file is not a Parquet file, or it is truncated", file=path.name) from error
