"""SHA-256 of what a cohort holds, worked out a block at a time and independent of how it lies on disk."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from abr_model.provenance import Sampling
from abr_model.schema import COLUMNS, RESPONSES


class ContentDigest:
    """The checksum of format version 2: sampling, shape, waveforms and table, whatever the size of the blocks."""

    def __init__(self, sampling: Sampling, samples: int):
        self._sampling, self._samples, self._recordings = sampling, samples, 0
        self._waveforms = hashlib.sha256()
        self._columns = {c.name: (hashlib.sha256(), hashlib.sha256()) for c in COLUMNS}

    def update(self, waveforms: np.ndarray | None = None, table: pd.DataFrame | None = None) -> None:
        """The next ``waveforms`` [n, T] float32, the next rows of ``table``, or both."""
        if waveforms is not None:
            self._waveforms.update(np.ascontiguousarray(waveforms, dtype="<f4"))
        if table is None:
            return
        self._recordings += len(table)
        for column in COLUMNS:  # written out rather than pandas' own hash, which another release may change
            content, lengths = self._columns[column.name]
            values = table[column.name]
            if column.kind == "number":
                numbers = values.to_numpy(dtype=np.float64)
                content.update(
                    np.where(np.isnan(numbers), np.nan, numbers).astype("<f8", copy=False)
                )  # one kind of NaN
            else:
                text, length = _utf8(values)
                content.update(text)
                lengths.update(length)

    @property
    def table_sha256(self) -> str:
        """Of the table alone."""
        digests = {name: [part.hexdigest() for part in parts] for name, parts in self._columns.items()}
        return hashlib.sha256(json.dumps([self._recordings, digests]).encode()).hexdigest()

    def hexdigest(self) -> str:
        """Of everything."""
        return whole_digest(
            self._sampling, (self._recordings, self._samples), self._waveforms.hexdigest(), self.table_sha256
        )


def whole_digest(sampling: Sampling, shape: tuple[int, int], waveforms_sha256: str, table_sha256: str) -> str:
    """The checksum of a cohort from those of its parts."""
    parts = [sampling.model_dump_json(), list(shape), waveforms_sha256, table_sha256]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _utf8(values: pd.Series) -> tuple[bytes, bytes]:
    """The text of a column one after the other, and the bytes of each (int32; −1 is missing)."""
    array = pa.array(values, type=pa.large_string(), from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    lengths = pc.binary_length(array).fill_null(-1).to_numpy(zero_copy_only=False).astype("<i4")
    text = "".join(array.fill_null("").to_pylist()).encode()
    return text, lengths.tobytes()


def digest_version_1(sampling: Sampling, waveforms: np.ndarray, table: pd.DataFrame) -> str:
    """The checksum of files of format version 1, which had no column for what was judged of a wave."""
    added = {c.name for c in RESPONSES}
    hasher = hashlib.sha256()
    hasher.update(sampling.model_dump_json().encode())
    hasher.update(str(waveforms.shape).encode())
    hasher.update(waveforms.tobytes())
    for column in COLUMNS:
        if column.name in added:
            continue
        values = table[column.name]
        hasher.update(column.name.encode())
        if column.kind == "number":
            hasher.update(np.where(values.isna(), np.nan, values).astype("<f8").tobytes())
        else:
            hasher.update(json.dumps([None if v is None or v != v else v for v in values.tolist()]).encode())
    return hasher.hexdigest()
