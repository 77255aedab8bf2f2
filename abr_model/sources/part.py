"""What a reader hands over: recordings of one file with one sampling, and what happened while reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Sampling
from abr_model.sources.report import Refusals

if TYPE_CHECKING:
    from abr_model.sources.columns.mapping import ColumnMapping

UNITS = {"µV": 1.0, "mV": 1e3, "nV": 1e-3, "V": 1e6}
"""Units a file's samples may be in → their size in µV."""


@dataclass(frozen=True)
class Given:
    """What the person says about a file that does not say it itself; None = not said.

    ``unit`` is that of the samples; ``mapping`` says what the columns of a table are; ``level_offset_db`` is added to
    levels that a file states on another scale than dB nHL.
    """

    sampling_rate_hz: float | None = None
    start_ms: float | None = None
    unit: str | None = None
    mapping: ColumnMapping | None = None
    level_offset_db: float | None = None


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
    """One file: its recordings and the findings of its reader.

    ``refusals`` holds the recordings that are in no part. ``identifying_columns`` were dropped, ``unused_columns`` have
    no place in a cohort, ``absent_columns`` are those the format can have and this file lacks. ``zeros_as_missing``
    counts, by column of the file, zeros that became missing. ``notes`` are sentences without a full stop.
    ``invert_polarity`` and ``label_shift_ms`` are corrections that a mapping asks for; the door applies them. ``unit``
    is what the samples were read as, where the person could have said another; None where the file states it.
    """

    format: str
    parts: list[Part]
    refusals: Refusals
    identifying_columns: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()
    zeros_as_missing: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    invert_polarity: bool = False
    label_shift_ms: float = 0.0
    unit: str | None = None
