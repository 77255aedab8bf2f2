"""Tables on disk as blocks of rows, so that a large export never lies in memory as text."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "–")


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

    path: Path
    header: list[str]
    decimal: str = "."
    progress: float = 0.0

    def head(self, count: int) -> list[list[str | None]]:
        """[count][columns] the first rows as text, None = empty; fewer where the file has fewer."""
        raise NotImplementedError

    def count(self) -> int | None:
        """Rows below the header where that is known without reading them all; None else."""
        return None

    def blocks(self, text: list[int], samples: list[int], on_bad_row: Callable[[int, str], None]) -> Iterator[Block]:
        """Blocks of rows with the columns at the positions ``text`` and ``samples``. Blank rows are passed over."""
        raise NotImplementedError


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


def without_blank_rows(block: Block, header: list[str], samples: list[int]) -> Block:
    broken_rows = {row for row, _, _ in block.broken}
    filled = block.text.notna().any(axis=1).to_numpy() | np.isfinite(block.samples).any(axis=1)
    filled |= np.isin(block.rows, list(broken_rows))
    if filled.all():
        return block
    text = block.text[filled].reset_index(drop=True)
    return Block(block.rows[filled], text, block.samples[filled], block.broken)


def as_text(cell) -> str | None:
    """A spreadsheet's cell as the text of the same cell in a CSV file."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip() or None


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
