"""Opens a table, whatever it is stored in."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.sheets.cells import Sheet, start_of_text
from abr_model.sources.sheets.csv_sheet import CsvSheet
from abr_model.sources.sheets.parquet_sheet import ParquetSheet
from abr_model.sources.sheets.workbook_sheet import workbook_sheets
from abr_model.sources.sheets.xlsx_sheet import xlsx_sheets

_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"


def sheets_of(path: Path, start: bytes) -> Iterator[Sheet]:
    """The tables in a file that begins with ``start``: the sheets of a workbook, or the one of a CSV or Parquet file.

    Nothing for a binary file of another kind.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if start.startswith(_PARQUET):
        yield ParquetSheet(path)
    elif start.startswith(_OLE):
        yield from workbook_sheets(path)
    elif start.startswith(_ZIP):
        yield from xlsx_sheets(path) if _is_xlsx(path) else workbook_sheets(path)
    elif "\0" not in start_of_text(start):
        yield CsvSheet(path)


def _is_xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError("the workbook is damaged or not an Excel file", file=path.name) from error
