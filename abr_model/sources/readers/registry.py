"""Every reader, in the order in which they are asked; and which of them a file is for, by its content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.readers import biosig, eclipse, navigator, smartep, table, wfdb_records
from abr_model.sources.readers.reader import Reader, companions_of

READERS: tuple[Reader, ...] = (smartep, eclipse, wfdb_records, navigator, biosig, table)
"""A plain table comes last: it would take what a more exact reader knows better."""

READABLE = "; ".join(f"{reader.FORMAT} ({', '.join(reader.ENDINGS)})" for reader in READERS)
"""What can be imported, for a message."""

START_BYTES = 1 << 16
_PARQUET = b"PAR1"


def start_of(path: Path) -> bytes:
    """The first 64 kB of a file.

    Raises
    ------
    InputError
        There is no such file, it is empty or cannot be opened.
    """
    if not path.is_file():
        raise InputError("there is no such file", file=path.name, allowed=READABLE)
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
    except OSError as error:
        raise InputError("the file cannot be opened", file=path.name) from error
    if not start.strip():
        raise InputError("the file is empty", file=path.name, allowed=READABLE)
    return start


def reader_of(path: Path) -> Reader:
    """The reader for what is in the file.

    Raises
    ------
    InputError
        No such file, an empty one, a cohort file, or one that no reader recognises.
    """
    start = start_of(path)
    if is_cohort(path, start):
        raise InputError("this is a cohort: a cohort is opened, not imported", file=path.name, allowed=READABLE)
    for reader in READERS:
        if reader.recognises(path, start):
            return reader
    raise InputError("the file is not of a kind that can be read", file=path.name, allowed=READABLE)


def is_cohort(path: Path, start: bytes) -> bool:
    """Whether the file is a cohort of this product: Parquet with our own metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from abr_model.cohort_storage import FORMAT

    if not start.startswith(_PARQUET):
        return False
    try:
        return FORMAT.encode() in (pq.read_metadata(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def readers_of(paths: Iterable[Path]) -> list[tuple[Path, Reader]]:
    """The files that are read, each with its reader; a companion of another one is read with that and not listed.

    Raises
    ------
    InputError
        As :func:`reader_of`, for a file that is no companion either.
    """
    paths = list(paths)
    found: list[tuple[Path, Reader | InputError]] = []
    for path in paths:
        try:
            found.append((path, reader_of(path)))
        except InputError as error:
            found.append((path, error))
    companions = {
        companion.resolve()
        for path, reader in found
        if not isinstance(reader, InputError)
        for companion in companions_of(reader, path)
    }
    chosen = []
    for path, reader in found:
        if path.resolve() in companions:
            continue
        if isinstance(reader, InputError):
            raise reader
        chosen.append((path, reader))
    return chosen
