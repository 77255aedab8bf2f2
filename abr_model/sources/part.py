"""What a reader hands over: recordings of one file with one sampling, and what happened while reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.sources.report import Refusals

UNITS = {"µV": 1.0, "mV": 1e3, "nV": 1e-3}
"""Units a file's samples may be in → their size in µV."""


@dataclass(frozen=True)
class Given:
    """What the person says about a file that does not say it itself; None = not said."""

    sampling_rate_hz: float | None = None
    start_ms: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Part:
    """Recordings with one sampling.

    ``waveforms`` [n, T] float32 µV; ``table`` [n] with columns of a cohort, ``recording_id`` made from the trace as it
    stood in the file; ``rows`` [n] their numbers in the file.
    """

    waveforms: np.ndarray
    table: pd.DataFrame
    sampling: Sampling
    rows: np.ndarray


@dataclass(frozen=True)
class ReadFile:
    """One file: its recordings and the findings of its reader."""

    format: str
    parts: list[Part]
    refusals: Refusals
    identifying_columns: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()
    zeros_as_missing: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
