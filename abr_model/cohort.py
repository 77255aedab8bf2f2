"""The one kind of thing that flows through the product: a :class:`Cohort` of ABR recordings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import resample_poly

from abr_model.cohort_digest import ContentDigest, digest_version_1
from abr_model.cohort_storage import StoredRecordings, naming, read_metadata
from abr_model.cohort_writer import write_recordings
from abr_model.errors import InputError
from abr_model.provenance import Provenance, Sampling
from abr_model.recordings import Recordings, positions
from abr_model.table import conform_table

__all__ = ("Cohort", "Provenance", "Sampling", "concatenate", "read_metadata")


@dataclass(frozen=True)
class Cohort(Recordings):
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

    @property
    def samples(self) -> int:
        """Samples per recording, T."""
        return self.waveforms.shape[1]

    def take(self, rows) -> Cohort:
        """The recordings at ``rows``: a boolean mask [N] or integer positions, in that order."""
        rows = positions(rows)
        return replace(
            self,
            waveforms=self.waveforms[rows],
            table=self.table.iloc[rows].reset_index(drop=True),
            _checked=True,
        )

    def whole(self) -> Cohort:
        """Itself."""
        return self

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

    def digest(self) -> str:
        """SHA-256 of the content (waveforms, table, sampling), independent of file and provenance."""
        content = ContentDigest(self.sampling, self.samples)
        content.update(self.waveforms, self.table)
        return content.hexdigest()

    def write(self, path: str | Path) -> Path:
        """Write one Parquet file, replaced atomically; :meth:`read` gives back exactly this cohort."""
        return write_recordings(self, path)

    @staticmethod
    def read(path: str | Path, name: str | None = None) -> Cohort:
        """Read a cohort file, all of it, and compare it with its checksum.

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
        return read_whole(StoredRecordings(path, name))


def read_whole(stored: StoredRecordings) -> Cohort:
    """All of a cohort file in memory, checked.

    Raises
    ------
    InputError
        As :meth:`Cohort.read`.
    """
    with naming(stored.name):
        cohort = Cohort(stored.waveforms(), stored.table(), stored.sampling, stored.provenance)
    if stored.version == 1:
        found = digest_version_1(cohort.sampling, cohort.waveforms, cohort.table)
    else:
        found = cohort.digest()
    if found != stored.digest:
        raise InputError("the content does not match its checksum: the file was changed or damaged", file=stored.name)
    return cohort


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
