"""Recordings as a file that leaves the product, in one of the formats of :mod:`abr_model.generation.formats.formats`.

A batch with provenance and data card is made by :mod:`abr_model.batches.batch`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from abr_model.errors import InputError
from abr_model.generation.formats.about import export_table, sample_columns
from abr_model.generation.formats.formats import FORMATS, format_named, format_of
from abr_model.recordings import Recordings
from abr_model.spreadsheet import safe_cell

__all__ = ("FORMATS", "export", "export_bytes", "export_table", "safe_cell", "sample_columns")

_ROWS_AT_ONCE = 2_000
"""Recordings written together; 467 samples of each are 7.5 MB as numbers, several times that as text."""


def export(cohort: Recordings, target: str | Path | BinaryIO, format: str | None = None) -> None:
    """Write a cohort to a file or a binary buffer.

    Parameters
    ----------
    cohort
        Recordings of any kind, in memory or not: they are written block by block.
    target
        A path, or a binary buffer open for writing.
    format
        A key of :data:`FORMATS`: ``"csv"``, ``"csv-long"``, ``"parquet"`` (a cohort file that :meth:`Cohort.read` gives
        back), ``"eclipse"``, ``"wfdb"``; from the ending of the path when left out.

    Raises
    ------
    InputError
        Another format, too many recordings for it, or a path that cannot be written.
    """
    if not isinstance(target, str | Path):
        with tempfile.TemporaryDirectory() as folder:
            chosen = format_named(format or "csv")
            path = Path(folder) / f"recordings{chosen.endings[0]}"
            export(cohort, path, chosen.key)
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    target.write(chunk)
        return
    path = Path(target)
    chosen = format_of(path, format)
    chosen.check(len(cohort))
    try:
        with chosen.writer(path, cohort.sampling, cohort.samples, cohort.provenance) as writer:
            blocks = cohort.blocks(size=_ROWS_AT_ONCE) if len(cohort) else [(None, cohort.take([]))]
            for _, part in blocks:
                writer.write(part)
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}", file=path.name) from error


def export_bytes(cohort: Recordings, format: str) -> bytes:
    """The content of the file that :func:`export` would write."""
    import io

    buffer = io.BytesIO()
    export(cohort, buffer, format)
    return buffer.getvalue()
