"""The formats that there are: name, words, ending, and how many recordings are sensible in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from abr_model.errors import InputError
from abr_model.generation.formats import eclipse, wfdb
from abr_model.generation.formats.csv_long import CsvLongWriter
from abr_model.generation.formats.csv_wide import CsvWideWriter
from abr_model.generation.formats.eclipse import EclipseWriter
from abr_model.generation.formats.parquet import ParquetWriter
from abr_model.generation.formats.wfdb import WfdbWriter
from abr_model.generation.formats.writer import ExportWriter


@dataclass(frozen=True)
class Format:
    """One format. ``endings`` of its files, the usual one first (WFDB without one is a folder); ``most`` recordings,
    None: as many as the disk holds. For an estimate: ``bytes_each`` and ``seconds_each`` to write, for 200 samples."""

    key: str
    label: str
    writer: type[ExportWriter]
    endings: tuple[str, ...]
    mime: str
    bytes_each: int
    seconds_each: float
    help: str
    most: int | None = None

    def check(self, recordings: int) -> None:
        """Nothing where so many recordings fit in.

        Raises
        ------
        InputError
            They are too many for this format.
        """
        if self.most is not None and recordings > self.most:
            raise InputError(
                f"too many recordings for {self.label}",
                value=f"{recordings:,}",
                allowed=f"1 to {self.most:,}; Parquet or CSV for more",
            )


FORMATS: dict[str, Format] = {
    format.key: format
    for format in (
        Format(
            "csv", "CSV, wide", CsvWideWriter, (".csv",), "text/csv", 2_130, 0.0003,
            "One row a recording, one column a sample.",
        ),
        Format(
            "csv-long", "CSV, long", CsvLongWriter, (".csv",), "text/csv", 30_600, 0.001,
            "One row a sample, for mixed models and plots.",
        ),
        Format(
            "parquet", "Parquet", ParquetWriter, (".parquet",), "application/vnd.apache.parquet", 700, 0.0001,
            "Smallest; opens in this product again, in pandas, R (arrow) and DuckDB.",
        ),
        Format(
            "eclipse", "Excel, Eclipse-shaped", EclipseWriter, (".xlsx",),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 1_400, 0.0012,
            "The columns of Interacoustics Eclipse's research export.", eclipse.MOST_RECORDINGS,
        ),
        Format(
            "wfdb", "WFDB", WfdbWriter, (".zip", ""), "application/zip", 930, 0.001,
            "PhysioNet's records: header and samples of each recording.", wfdb.MOST_RECORDINGS,
        ),
    )
}  # fmt: skip


def format_named(name: str) -> Format:
    """The format of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in FORMATS:
        raise InputError("there is no such export format", value=name, allowed=", ".join(FORMATS))
    return FORMATS[name]


def format_of(path: Path, name: str | None = None) -> Format:
    """The format ``name``, or that of the ending of ``path``; the ending must be one of the format's.

    Raises
    ------
    InputError
        There is no such format, the ending is none's, or that of another format.
    """
    ending = path.suffix.lower()
    if name is None:
        found = next((format for format in FORMATS.values() if ending and ending in format.endings), None)
        if found is None:
            known = ", ".join(dict.fromkeys(f.endings[0] for f in FORMATS.values()))
            raise InputError("there is no such export format", value=path.suffix, allowed=known)
        return found
    format = format_named(name)
    if ending not in format.endings:
        allowed = ", ".join(e or "a folder without an ending" for e in format.endings)
        raise InputError(f"the file of {format.label} must end otherwise", value=path.name, allowed=allowed)
    return format
