"""Excel workbooks (.xlsx), streamed: a sheet of a gigabyte of XML is read row by row and never unpacked as a whole."""

from __future__ import annotations

import gc
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from operator import methodcaller
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.sources.sheets.cells import Block, Sheet, as_text, parse_number, without_blank_rows

BLOCK_ROWS = 2_000
_CHUNK_BYTES = 1 << 20
_kind = methodcaller("get", "t")
_DAMAGED = (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, KeyError, IndexError, ValueError, OSError, EOFError)


class XlsxSheet(Sheet):
    """One sheet of a workbook; its first row that is not empty names the columns.

    Raises
    ------
    InputError
        The workbook is damaged, encrypted or not one.
    """

    def __init__(self, path: Path, member: str, strings: list[str]):
        self.path, self._member, self._strings = path, member, strings
        self._first_row, self._columns = 0, {}
        first = next(self._rows(), None)
        if first is None:
            self.header = []
            return
        self._first_row, row = first
        cells = _by_column(row)
        positions = range(min(cells), max(cells) + 1)
        self._columns = {column: i for i, column in enumerate(positions)}
        self.header = [as_text(self._value(cells.get(p))) or "" for p in positions]

    def head(self, count):
        rows = []
        for number, row in self._rows():
            if len(rows) == count:
                break
            if number > self._first_row:
                cells = _by_column(row)
                rows.append([as_text(self._value(cells.get(c))) for c in self._columns])
        return rows

    def count(self):
        with zipfile.ZipFile(self.path) as workbook, workbook.open(self._member) as file:
            stated = re.search(rb'<(?:\w+:)?dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"', file.read(4096))
        return max(0, int(stated.group(1)) - self._first_row) if stated else None

    def blocks(self, text, samples, on_bad_row):
        first, last = min(self._columns, default=1), max(self._columns, default=0)
        words_at, samples_at = [first + p for p in text], [first + p for p in samples]
        rows, words, traces, broken = [], [], [], []
        for number, row in self._rows():
            if number <= self._first_row:
                continue
            number -= self._first_row
            trace = _contiguous(row, samples_at)
            cells = _by_column(row if trace is None else row[: len(row) - len(samples)])
            if cells and (max(cells) > last or min(cells) < first):
                on_bad_row(number, f"the row has cells beyond the {len(self.header)} columns of the header")
                continue
            bad = []
            if trace is None:
                trace, bad = self._trace([cells.get(c) for c in samples_at])
            rows.append(number)
            words.append([as_text(self._value(cells.get(c))) for c in words_at])
            traces.append(trace)
            broken += [(number, self.header[samples[k]], value) for k, value in bad]
            if len(rows) == BLOCK_ROWS:
                yield self._block(rows, words, traces, broken, text, samples)
                rows, words, traces, broken = [], [], [], []
        if rows:
            yield self._block(rows, words, traces, broken, text, samples)

    def _block(self, rows, words, traces, broken, text, samples) -> Block:
        table = pd.DataFrame(words, columns=text, index=range(len(rows)), dtype="str")
        return without_blank_rows(Block(np.array(rows), table, np.stack(traces), broken), self.header, samples)

    def _trace(self, cells: list[ElementTree.Element | None]) -> tuple[np.ndarray, list[tuple[int, str]]]:
        """Samples of a row cell by cell, NaN where empty, and the cells that are not numbers: (position, value)."""
        values, bad = np.full(len(cells), np.nan, dtype=np.float32), []
        for k, cell in enumerate(cells):
            word = as_text(self._value(cell))
            number = parse_number(word, self.decimal)
            if number is None:
                bad.append((k, word))
            else:
                values[k] = number
        return values, bad

    def _value(self, cell: ElementTree.Element | None) -> str | float | None:
        """What stands in a cell."""
        content, kind = (None, None) if cell is None else _content(cell)
        if content is None:
            return None
        try:
            if kind == "s":
                return self._strings[int(content)]
            if kind == "b":
                return "TRUE" if content == "1" else "FALSE"
            return float(content) if kind in (None, "n") else content  # else text, a formula's text, an error: #N/A
        except (ValueError, IndexError) as error:
            raise InputError("the workbook is damaged: a cell cannot be read", file=self.path.name) from error

    def _rows(self) -> Iterator[tuple[int, ElementTree.Element]]:
        """The rows that have cells, with their number in the sheet."""
        try:
            with zipfile.ZipFile(self.path) as workbook, workbook.open(self._member) as file:
                size = max(1, workbook.getinfo(self._member).file_size)
                number = 0
                for row in _elements_of(file, "sheetData", "row"):
                    number = int(row.get("r") or number + 1)
                    self.progress = min(1.0, file.tell() / size)
                    if any(map(len, row)):
                        yield number, row
        except _DAMAGED as error:
            raise InputError("the workbook is damaged or not an Excel file", file=self.path.name) from error


def xlsx_sheets(path: Path) -> Iterator[XlsxSheet]:
    """The sheets of a workbook, in their order; one is looked into when it is asked for.

    Raises
    ------
    InputError
        The workbook is damaged, encrypted or not one.
    """
    try:
        with zipfile.ZipFile(path) as workbook:
            members = _sheet_members(workbook)
            strings = _shared_strings(workbook)
    except (*_DAMAGED, StopIteration) as error:
        raise InputError("the workbook is damaged or not an Excel file", file=path.name) from error
    for member in members:
        yield XlsxSheet(path, member, strings)


def _sheet_members(workbook: zipfile.ZipFile) -> list[str]:
    targets = {}
    for relation in ElementTree.fromstring(workbook.read("xl/_rels/workbook.xml.rels")):
        target = relation.get("Target", "")
        targets[relation.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    members = []
    for element in ElementTree.fromstring(workbook.read("xl/workbook.xml")).iter():
        if _local(element.tag) == "sheet":
            key = next(value for name, value in element.attrib.items() if _local(name) == "id" and name != "id")
            if targets[key] in workbook.namelist() and "chartsheet" not in targets[key]:
                members.append(targets[key])
    return members


def _shared_strings(workbook: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in workbook.namelist():
        return []
    strings = []
    with workbook.open("xl/sharedStrings.xml") as file:
        for _, element in ElementTree.iterparse(file):
            if _local(element.tag) == "si":
                strings.append(_joined_text(element))
                element.clear()
    return strings


def _elements_of(file: BinaryIO, parent: str, name: str) -> Iterator[ElementTree.Element]:
    """The elements ``name`` within ``parent``, each once it is complete; at no time more than a chunk of the file.

    The growing tree is looked at between chunks: an event per cell would take longer than all the parsing.
    """
    builder = ElementTree.TreeBuilder()
    root = builder.start("document", {})
    parser = ElementTree.XMLParser(target=builder)
    holder = None
    while chunk := file.read(_CHUNK_BYTES):
        with _no_garbage_collection():
            parser.feed(chunk)
        if holder is None:
            holder = next((e for top in root for e in top if _local(e.tag) == parent), None)
        if holder is not None:
            complete = holder[:-1]  # the last one may still be growing
            yield from (element for element in complete if _local(element.tag) == name)
            del holder[: len(complete)]
    builder.end("document")
    parser.close()
    yield from (element for element in (() if holder is None else holder) if _local(element.tag) == name)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """While a chunk is parsed: every cell is an object that the collector would walk over again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _contiguous(row: ElementTree.Element, columns: list[int]) -> np.ndarray | None:
    """The samples, where they are the last cells of the row, without a gap, all of them finite numbers: the usual case.

    None where that is not so, and the row has to be read cell by cell.
    """
    count = len(columns)
    if not columns or len(row) < count or columns[-1] - columns[0] != count - 1:
        return None
    cells = row[len(row) - count :]
    ends = [cell.get("r", "").rstrip("0123456789") for cell in (cells[0], cells[-1])]
    if [_column_number(name) for name in ends] != [columns[0], columns[-1]]:
        return None
    if not set(map(_kind, cells)) <= {None, "n"} or set(map(len, cells)) != {1}:
        return None
    try:
        values = np.fromiter((float(cell[0].text) for cell in cells), dtype=np.float64, count=count)
    except (ValueError, TypeError):
        return None
    return values.astype(np.float32) if np.isfinite(values).all() else None


def _by_column(cells: Iterable[ElementTree.Element]) -> dict[int, ElementTree.Element]:
    """Column number → cell that holds something; a cell without a reference stands behind the one before."""
    found, column = {}, 0
    for cell in cells:
        reference = cell.get("r")
        column = _column_number(reference.rstrip("0123456789")) if reference else column + 1
        if len(cell):
            found[column] = cell
    return found


def _content(cell: ElementTree.Element) -> tuple[str | None, str | None]:
    """XML text of a cell and its type; the value is the last child, behind a formula."""
    kind = cell.get("t")
    if kind == "inlineStr":
        return _joined_text(cell) or None, kind
    if not len(cell):
        return None, None
    value = cell[-1] if len(cell) == 1 else next((c for c in cell if _local(c.tag) == "v"), None)
    return (None if value is None or _local(value.tag) != "v" else value.text), kind


def _joined_text(element: ElementTree.Element) -> str:
    """Text of its runs; readings (phonetics) of Japanese text are not part of it."""
    runs = []
    for child in element:
        if _local(child.tag) == "t":
            runs.append(child.text or "")
        elif _local(child.tag) in ("r", "is"):
            runs.append(_joined_text(child))
    return "".join(runs)


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


@lru_cache(maxsize=20_000)
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
