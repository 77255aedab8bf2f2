"""Workbooks that cannot be streamed (.xls, .xlsb, .ods): small by their nature, or rare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from abr_model.errors import InputError
from abr_model.sources.sheets.cells import Block, Sheet, as_text, parse_number, without_blank_rows

BLOCK_ROWS = 2_000


class WorkbookSheet(Sheet):
    """One sheet of a workbook, unpacked in memory by calamine."""

    def __init__(self, path: Path, sheet: CalamineSheet):
        self.path, self._sheet = path, sheet
        self.header = [as_text(cell) or "" for cell in next(iter(sheet.iter_rows()), [])]

    def head(self, count):
        rows = islice(self._sheet.iter_rows(), 1, 1 + count)
        return [[as_text(cell) for cell in row] for row in rows]

    def count(self):
        return max(0, self._sheet.height - 1)

    def blocks(self, text, samples, on_bad_row):
        rows, pending = [], []
        cells = iter(self._sheet.iter_rows())
        next(cells, None)
        for number, row in enumerate(cells, start=1):
            rows.append(number)
            pending.append(row)
            if len(rows) == BLOCK_ROWS:
                self.progress = number / max(number, self._sheet.height)
                yield self._block(rows, pending, text, samples)
                rows, pending = [], []
        if rows:
            yield self._block(rows, pending, text, samples)

    def _block(self, rows: list[int], cells: list[list], text: list[int], samples: list[int]) -> Block:
        words = pd.DataFrame({p: [as_text(row[p]) for row in cells] for p in text}, index=range(len(rows)), dtype="str")
        numbers = np.full((len(rows), len(samples)), np.nan, dtype=np.float32)
        broken = []
        for i, row in enumerate(cells):
            values = [row[p] for p in samples]
            if all(type(v) is float for v in values):
                numbers[i] = values
                continue
            for k, value in enumerate(values):
                number = value if type(value) is float else parse_number(as_text(value), self.decimal)
                if number is None:
                    broken.append((rows[i], self.header[samples[k]], as_text(value)))
                else:
                    numbers[i, k] = number
        return without_blank_rows(Block(np.array(rows), words, numbers, broken), self.header, samples)


def workbook_sheets(path: Path) -> Iterator[WorkbookSheet]:
    """The sheets of a workbook, in their order.

    Raises
    ------
    InputError
        The workbook is damaged, encrypted or not one.
    """
    try:
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
        names = list(workbook.sheet_names)
        if not names:
            raise InputError("the workbook holds no sheet", file=path.name)
        for name in names:
            yield WorkbookSheet(path, workbook.get_sheet_by_name(name))
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("the workbook is damaged or not an Excel file", file=path.name) from error
