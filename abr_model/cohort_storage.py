"""Reading a cohort file: a row a recording, its trace in a column, what goes with all of them in the metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from abr_model.errors import InputError
from abr_model.provenance import Provenance, Sampling

FORMAT = "abr-cohort"
FORMAT_VERSION = 2
WAVEFORM_FIELD = "waveform_uv"
_COHORT_FILE = "a cohort file (.parquet) written by this product"


class StoredRecordings:
    """The parts of a cohort file, read when asked for. Nothing is checked against a checksum here.

    Attributes
    ----------
    path, name
        Where, and how to call the file in a message.
    sampling, samples, provenance, recordings, digest, version, table_sha256
        What the file says of itself; ``table_sha256`` is None in old files.

    Raises
    ------
    InputError
        As :func:`read_metadata`, or the file lacks what a cohort has.
    """

    def __init__(self, path: str | Path, name: str | None = None):
        self.path = Path(path)
        self.name = name or self.path.name
        metadata = read_metadata(self.path, self.name)
        try:
            self.sampling = Sampling.model_validate(metadata["sampling"])
            self.provenance = Provenance.model_validate(metadata["provenance"])
        except (KeyError, ValidationError) as error:
            raise InputError(f"the cohort file is incomplete: {error}", file=self.name) from error
        self.recordings: int = metadata["recordings"]
        self.digest, self.version = metadata.get("digest"), metadata["version"]
        self.table_sha256 = metadata.get("table_sha256")
        self._state = self._identity()
        with self._parquet() as parquet:
            self._metadata, schema = parquet.metadata, parquet.schema_arrow
        self._columns = [name for name in schema.names if name != WAVEFORM_FIELD]
        kind = schema.field(WAVEFORM_FIELD).type if WAVEFORM_FIELD in schema.names else None
        if kind is None or not (pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()):
            found = "none" if kind is None else kind
            raise InputError(
                "the cohort file has no waveforms that can be read",
                file=self.name,
                value=str(found),
                allowed="the same number of float32 samples for every recording",
            )
        self.samples: int = kind.list_size
        sizes = [self._metadata.row_group(i).num_rows for i in range(self._metadata.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])

    def table(self) -> pd.DataFrame:
        """The table as it lies in the file, not yet checked."""
        with self._parquet() as parquet:
            return parquet.read(columns=self._columns).to_pandas()

    def waveforms(self, rows: np.ndarray | None = None) -> np.ndarray:
        """[n, T] float32 at ``rows`` (positions, in that order), or all; only their row groups are read.

        Raises
        ------
        InputError
            The file is damaged, was replaced since it was opened, or a sample is not a finite number.
        """
        rows = np.arange(self.recordings) if rows is None else np.asarray(rows, dtype=np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= self.recordings):
            raise IndexError(f"recordings 0 to {self.recordings - 1}")
        waveforms = np.empty((len(rows), self.samples), dtype=np.float32)
        groups = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(groups, kind="stable")
        bounds = np.flatnonzero(np.diff(groups[order], prepend=-1, append=-1))
        with self._parquet() as parquet:
            for first, last in pairwise(bounds):
                at = order[first:last]
                traces = self._row_group(parquet, int(groups[at[0]]))
                within = rows[at] - self._starts[groups[at[0]]]
                whole = len(at) == len(traces) and at[-1] - at[0] == len(at) - 1 and (np.diff(within) == 1).all()
                if whole:
                    waveforms[at[0] : at[-1] + 1] = traces
                else:
                    waveforms[at] = traces[within]
        return waveforms

    def _row_group(self, parquet: pq.ParquetFile, group: int) -> np.ndarray:
        column = parquet.read_row_group(group, columns=[WAVEFORM_FIELD]).column(0).combine_chunks()
        if column.null_count:
            raise InputError("a recording has no waveform", file=self.name)
        traces = column.flatten().to_numpy().reshape(-1, self.samples)
        if len(traces) != self._starts[group + 1] - self._starts[group]:
            raise InputError("the cohort file is damaged or truncated", file=self.name)
        if not np.isfinite(traces).all():
            row = int(self._starts[group]) + int(np.flatnonzero(~np.isfinite(traces).all(axis=1))[0])
            raise InputError(
                "the waveform holds a value that is not a number",
                file=self.name,
                row=row + 1,
                allowed="finite samples in µV",
            )
        return traces

    def _identity(self) -> tuple:
        try:
            state = self.path.stat()
        except OSError as error:
            raise InputError("there is no such file", file=self.name) from error
        return state.st_mtime_ns, state.st_size, state.st_ino

    def _open_again(self) -> None:
        """The file was replaced: by the same content or by another?"""
        found = StoredRecordings(self.path, self.name)
        if found.digest != self.digest:
            raise InputError("the file was replaced since it was opened", file=self.name)
        self.__dict__.update(found.__dict__)

    @contextmanager
    def _parquet(self) -> Iterator[pq.ParquetFile]:
        """The open file; opened for each reading, so that it can be replaced or removed while a page shows it."""
        if self._identity() != self._state:
            self._open_again()
        try:
            with pq.ParquetFile(self.path, metadata=getattr(self, "_metadata", None)) as parquet:
                if self._identity() != self._state:
                    raise InputError("the file was replaced since it was opened", file=self.name)
                yield parquet
        except (pa.ArrowException, OSError) as error:
            raise InputError("the cohort file is damaged or truncated", file=self.name) from error


def read_metadata(path: str | Path, name: str | None = None) -> dict:
    """Sampling, provenance and digest of a cohort file, without reading its recordings; adds ``recordings``.

    Raises
    ------
    InputError
        No such file, not Parquet, truncated, or Parquet but not a cohort.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError("there is no such file", file=name)
    if path.stat().st_size == 0:
        raise InputError("the file is empty", file=name, allowed=_COHORT_FILE)
    try:
        with pq.ParquetFile(path) as parquet:
            raw = (parquet.metadata.metadata or {}).get(FORMAT.encode())
            recordings = parquet.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the file is not a Parquet file, or it is truncated", file=name, allowed=_COHORT_FILE
        ) from error
    if raw is None:
        raise InputError(
            "the file is Parquet but not a cohort: it has no sampling rate and no provenance",
            file=name,
            allowed=f"{_COHORT_FILE}; import other tables",
        )
    try:
        metadata = json.loads(raw)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        raise InputError("the cohort file is damaged: what it says of itself cannot be read", file=name)
    if metadata.get("version") not in range(1, FORMAT_VERSION + 1):
        raise InputError(
            "the cohort file has another format version",
            file=name,
            value=metadata.get("version"),
            allowed=f"1 to {FORMAT_VERSION}",
        )
    return metadata | {"recordings": recordings}


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Bad input found inside is said to be in ``file``."""
    try:
        yield
    except InputError as error:
        raise InputError(
            error.problem,
            file=file,
            row=error.row,
            column=error.column,
            value=error.value,
            allowed=error.allowed,
        ) from error
