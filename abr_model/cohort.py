"""The one kind of thing that flows through the product: a :class:`Cohort` of ABR recordings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.signal import resample_poly

from abr_model import __version__
from abr_model.errors import InputError
from abr_model.schema import COLUMNS, KIND_NOTICES, RESPONSES, Kind
from abr_model.table import conform_table

FORMAT = "abr-cohort"
FORMAT_VERSION = 2
_ADDED_BY_VERSION = {2: RESPONSES}
"""Columns that an older file does not have, and that its checksum does not cover."""
WAVEFORM_FIELD = "waveform_uv"


class Sampling(BaseModel):
    """When the samples of a waveform were taken.

    Never guessed: it comes from the file or from the person (``original.md``, faults of the original's data handling).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rate_hz: float = Field(gt=0, le=1e6, description="samples per second")
    start_ms: float = Field(ge=-1000, le=1000, description="time of the first sample relative to stimulus onset, ms")

    def time_ms(self, samples: int) -> np.ndarray:
        """Times of ``samples`` samples in ms, shape [samples], float64."""
        return self.start_ms + np.arange(samples) * (1000.0 / self.rate_hz)


class Provenance(BaseModel):
    """What a cohort is and how it came to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    source: str = Field(description="what it is, in words for a person: 'simulated clinic', 'Eclipse export'")
    source_sha256: str | None = Field(default=None, description="hash of the file or model it came from")
    software: str = Field(default_factory=lambda: f"abr-synthesis {__version__}")
    details: dict = Field(
        default_factory=dict,
        description="JSON values: seed and parameters (simulated); model id, seed and conditions asked for "
        "(generated); import choices and refused rows (clinical)",
    )

    @property
    def notice(self) -> str:
        """The sentence that goes with these recordings wherever they are shown or exported."""
        return KIND_NOTICES[self.kind]

    @property
    def title(self) -> str:
        """What a person calls these recordings: ``"Simulated clinic · 300 patients · seed 1"``.

        Never a file's name: that may hold a patient's.
        """
        source = self.source[:1].upper() + self.source[1:]
        patients, seed = self.details.get("patients"), self.details.get("seed")
        if self.kind == Kind.SIMULATED and isinstance(patients, int) and isinstance(seed, int):
            return f"{source} · {patients:,} patients · seed {seed}"
        return source


@dataclass(frozen=True)
class Cohort:
    """Recordings of one kind, with one sampling.

    Parameters
    ----------
    waveforms
        [N, T] float32, µV, vertex positive up.
    table
        N rows with exactly the columns of :data:`abr_model.schema.COLUMNS`; missing is NaN or None. Checked here.
    sampling
        Rate and time of the first sample, the same for all recordings.
    provenance
        Clinical, simulated or generated, and from what.

    Raises
    ------
    InputError
        Shapes that do not agree, a value out of range, a wrong class, a duplicate recording; names row and column.
    """

    waveforms: np.ndarray
    table: pd.DataFrame
    sampling: Sampling
    provenance: Provenance
    _checked: bool = field(default=False, repr=False)

    def __post_init__(self):
        if self._checked:
            return
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is refused below
            waveforms = np.ascontiguousarray(self.waveforms, dtype=np.float32)
        if waveforms.ndim != 2 or waveforms.shape[1] == 0:
            raise InputError(
                "waveforms must be an array of recordings × samples",
                value=np.shape(self.waveforms),
                allowed="[N, T] with T ≥ 1",
            )
        if len(waveforms) != len(self.table):
            raise InputError(f"{len(waveforms)} waveforms but {len(self.table)} rows in the table")
        broken = np.flatnonzero(~np.isfinite(waveforms).all(axis=1))
        if len(broken):
            raise InputError(
                "the waveform holds a value that is not a number",
                row=int(broken[0]) + 1,
                allowed="finite samples in µV",
            )
        object.__setattr__(self, "waveforms", waveforms)
        object.__setattr__(self, "table", conform_table(self.table))
        object.__setattr__(self, "_checked", True)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def samples(self) -> int:
        """Samples per recording, T."""
        return self.waveforms.shape[1]

    @property
    def time_ms(self) -> np.ndarray:
        """[T] times of the samples in ms relative to stimulus onset."""
        return self.sampling.time_ms(self.samples)

    @property
    def kind(self) -> Kind:
        """Clinical, simulated or generated."""
        return self.provenance.kind

    @property
    def patients(self) -> int:
        """Number of different patients."""
        return self.table["patient_id"].nunique()

    def take(self, rows) -> Cohort:
        """The recordings at ``rows``: a boolean mask [N] or integer positions, in that order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return replace(
            self,
            waveforms=self.waveforms[rows],
            table=self.table.iloc[rows].reset_index(drop=True),
            _checked=True,
        )

    def resampled(self, rate_hz: float) -> Cohort:
        """The same recordings at another sampling rate (polyphase, anti-aliased); time zero stays where it is."""
        if np.isclose(rate_hz, self.sampling.rate_hz):
            return self
        up, down = _ratio(rate_hz / self.sampling.rate_hz)
        waveforms = resample_poly(self.waveforms, up, down, axis=1, padtype="line").astype(np.float32)
        return replace(
            self,
            waveforms=waveforms,
            sampling=Sampling(rate_hz=rate_hz, start_ms=self.sampling.start_ms),
            _checked=True,
        )

    def windowed(self, start_ms: float, samples: int) -> Cohort:
        """``samples`` samples from the one nearest to ``start_ms``.

        Raises
        ------
        InputError
            The recordings do not cover that window.
        """
        first = round((start_ms - self.sampling.start_ms) * self.sampling.rate_hz / 1000)
        if first < 0 or first + samples > self.samples:
            have = self.time_ms
            raise InputError(
                "the recordings are too short for the window asked for",
                value=f"{have[0]:.2f} to {have[-1]:.2f} ms",
                allowed=f"at least {start_ms:.2f} to {start_ms + (samples - 1) * 1000 / self.sampling.rate_hz:.2f} ms",
            )
        return replace(
            self,
            waveforms=np.ascontiguousarray(self.waveforms[:, first : first + samples]),
            sampling=Sampling(rate_hz=self.sampling.rate_hz, start_ms=float(self.time_ms[first])),
            _checked=True,
        )

    def digest(self, version: int = FORMAT_VERSION) -> str:
        """SHA-256 of the content (waveforms, table, sampling), independent of file and provenance.

        ``version`` is that of the file format whose columns count.
        """
        added = {c.name for v, columns in _ADDED_BY_VERSION.items() if v > version for c in columns}
        hasher = hashlib.sha256()
        hasher.update(self.sampling.model_dump_json().encode())
        hasher.update(str(self.waveforms.shape).encode())
        hasher.update(self.waveforms.tobytes())
        for column in COLUMNS:  # written out rather than pandas' own hash, which another release may change
            if column.name in added:
                continue
            values = self.table[column.name]
            hasher.update(column.name.encode())
            if column.kind == "number":
                hasher.update(np.where(values.isna(), np.nan, values).astype("<f8").tobytes())
            else:
                hasher.update(json.dumps([None if v is None or v != v else v for v in values.tolist()]).encode())
        return hasher.hexdigest()

    def write(self, path: str | Path) -> Path:
        """Write one Parquet file, replaced atomically; :meth:`read` gives back exactly this cohort."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "digest": self.digest(),
            "sampling": self.sampling.model_dump(),
            "provenance": self.provenance.model_dump(mode="json"),
        }
        table = pa.Table.from_pandas(self.table, preserve_index=False)
        traces = pa.FixedSizeListArray.from_arrays(pa.array(self.waveforms.reshape(-1)), self.samples)
        table = table.append_column(WAVEFORM_FIELD, traces)
        table = table.replace_schema_metadata({FORMAT: json.dumps(metadata)})
        partial = path.with_name(f".{path.name}.partial")
        pq.write_table(table, partial, compression="zstd", compression_level=3, row_group_size=20_000)
        partial.replace(path)
        return path

    @staticmethod
    def read(path: str | Path, name: str | None = None) -> Cohort:
        """Read a cohort file.

        Parameters
        ----------
        path
            A file written by :meth:`write`.
        name
            How to call the file in an error message; its own name when left out.

        Raises
        ------
        InputError
            No such file, not Parquet, truncated, Parquet but not a cohort, or changed since it was written.
        """
        path = Path(path)
        name = name or path.name
        metadata = read_metadata(path, name)
        try:
            sampling = Sampling.model_validate(metadata["sampling"])
            provenance = Provenance.model_validate(metadata["provenance"])
            table = pq.read_table(path)
            column = table.column(WAVEFORM_FIELD).combine_chunks()
            if column.null_count:
                raise InputError("a recording has no waveform", file=name)
            waveforms = column.flatten().to_numpy().reshape(len(table), column.type.list_size)
            frame = table.drop_columns([WAVEFORM_FIELD]).to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise InputError("the cohort file is damaged or truncated", file=name) from error
        except (KeyError, AttributeError, ValidationError) as error:
            raise InputError(f"the cohort file is incomplete: {error}", file=name) from error
        try:
            cohort = Cohort(waveforms, frame, sampling, provenance)
        except InputError as error:
            raise InputError(
                error.problem,
                file=name,
                row=error.row,
                column=error.column,
                value=error.value,
                allowed=error.allowed,
            ) from error
        if cohort.digest(metadata["version"]) != metadata.get("digest"):
            raise InputError("the content does not match its checksum: the file was changed or damaged", file=name)
        return cohort


def read_metadata(path: str | Path, name: str | None = None) -> dict:
    """Sampling, provenance and digest of a cohort file, without reading its recordings; adds ``recordings``.

    Raises
    ------
    InputError
        As :meth:`Cohort.read`.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError("there is no such file", file=name)
    if path.stat().st_size == 0:
        raise InputError("the file is empty", file=name, allowed="a cohort file (.parquet) written by this product")
    try:
        with pq.ParquetFile(path) as parquet:
            raw = (parquet.schema_arrow.metadata or {}).get(FORMAT.encode())
            recordings = parquet.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the file is not a Parquet file, or it is truncated",
            file=name,
            allowed="a cohort file (.parquet) written by this product",
        ) from error
    if raw is None:
        raise InputError(
            "the file is Parquet but not a cohort: it has no sampling rate and no provenance",
            file=name,
            allowed="a cohort file (.parquet) written by this product; import other tables",
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


def concatenate(cohorts: list[Cohort], provenance: Provenance | None = None) -> Cohort:
    """One cohort of all recordings; all must share sampling, length and kind.

    Raises
    ------
    InputError
        Nothing to put together, or sampling, length or kind differ.
    """
    if not cohorts:
        raise InputError("there is no recording to put together")
    first = cohorts[0]
    for other in cohorts[1:]:
        for what, a, b in (
            ("sampling", first.sampling, other.sampling),
            ("length", first.samples, other.samples),
            ("kind", first.kind, other.kind),
        ):
            if a != b:
                raise InputError(f"the cohorts differ in {what}", value=str(b), allowed=str(a))
    return Cohort(
        np.concatenate([c.waveforms for c in cohorts]),
        pd.concat([c.table for c in cohorts], ignore_index=True),
        first.sampling,
        provenance or first.provenance,
    )


def _ratio(value: float) -> tuple[int, int]:
    """``value`` as a small fraction up/down."""
    fraction = Fraction(value).limit_denominator(1000)
    return fraction.numerator, fraction.denominator
