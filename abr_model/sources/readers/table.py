"""Any other table with one row per recording (CSV, TSV, Excel, Parquet): a mapping says what its columns are."""

from __future__ import annotations

from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.columns.guessing import FEWEST_SAMPLES, guess_mapping
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.columns.remembered import recall
from abr_model.sources.part import Given, ReadFile
from abr_model.sources.readers.mapped import read_mapped
from abr_model.sources.readers.reader import NotStatedError, Tell
from abr_model.sources.sheets.cells import Sheet
from abr_model.sources.sheets.opening import sheets_of

FORMAT = "table with one row per recording"
ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")
GUESS_ROWS = 50


def recognises(path: Path, start: bytes) -> bool:
    """Whether one table of the file could hold traces; a damaged one too, so that :func:`read` says what is wrong."""
    try:
        return any(_could_hold_traces(sheet) for sheet in sheets_of(path, start))
    except InputError:
        return True


def trace_sheet(path: Path, start: bytes, mapping: ColumnMapping | None = None) -> Sheet:
    """The table of the file that ``mapping`` is for; else the first in which traces are found, else could be.

    Raises
    ------
    InputError
        The file is damaged.
    """
    sheets = [sheet for sheet in sheets_of(path, start) if _could_hold_traces(sheet)]
    if mapping is not None and (fitting := [s for s in sheets if not mapping.lacking(s.header)]):
        return fitting[0]
    found = (s for s in sheets if guess_mapping(s.header, s.head(GUESS_ROWS), s.decimal).mapping is not None)
    return next(found, sheets[0])


def read(path: Path, given: Given, salt: bytes, tell: Tell) -> ReadFile:
    """Read all recordings of a table as the given mapping says, else as the one remembered for these columns.

    Raises
    ------
    NotStatedError
        There is no mapping, or it leaves sampling rate, time zero or unit open and they were not given.
    InputError
        The mapping names a column that is not there, the file holds no recording.
    """
    with path.open("rb") as file:
        sheet = trace_sheet(path, file.read(1 << 16), given.mapping)
    notes = ()
    mapping = given.mapping
    if mapping is None or mapping.lacking(sheet.header):
        remembered = recall(sheet.header)
        if remembered is not None:
            mapping = remembered
            notes = ("the columns were read as confirmed for an earlier file with the same columns",)
    if mapping is None:
        raise NotStatedError(
            "mapping",
            "it is not said what the columns of this table are",
            file=path.name,
            allowed="say what they are (command line: --mapping FILE.yaml, which --look --save-mapping FILE.yaml "
            "makes; Python: mapping)",
        )
    return read_mapped(sheet, mapping, given, salt, tell, name=FORMAT, notes=notes)


def _could_hold_traces(sheet: Sheet) -> bool:
    """Enough columns for a trace and a row that fills them, or a column of lists."""
    head = sheet.head(3)
    if any(cell and cell.startswith("[") for row in head for cell in row):
        return True
    return len(sheet.header) >= FEWEST_SAMPLES and (not head or any(len(row) == len(sheet.header) for row in head))
