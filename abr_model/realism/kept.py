"""What selection keeps of a cohort, block by block: a cohort of any size, a few megabytes at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.preparation import SelectionRules, select
from abr_model.realism.published import published_trace
from abr_model.recordings import Recordings
from abr_model.schema import FMP, latency_column

ALL_KEPT = "all recordings: this cohort has no Fmp to select by"
EVERY_RECORDING = SelectionRules(fmp_above=None, polarity=None, conditions_present=False)
SAMPLES = 200
"""Samples of a published trace."""


@dataclass(frozen=True)
class Kept:
    """The kept recordings.

    Parameters
    ----------
    rows
        [N] which recordings of the cohort are kept.
    mean, sd
        [200] of their traces in µV from 0 ms at 15 kHz; None where they do not cover that window.
    seen_v
        Share of them whose wave V is marked within that window.
    samples_sd
        SD of the first 200 samples of *all* recordings, µV; NaN at another sampling rate.
    by_fmp
        Whether the cohort has an Fmp to select by; otherwise all its recordings count as kept.
    """

    rows: np.ndarray
    mean: np.ndarray | None
    sd: np.ndarray | None
    seen_v: float
    samples_sd: float
    by_fmp: bool

    @property
    def n(self) -> int:
        """How many are kept."""
        return int(self.rows.sum())

    @property
    def note(self) -> str:
        """What to know where all count as kept."""
        return "" if self.by_fmp else ALL_KEPT


def keep(cohort: Recordings, rules: SelectionRules | None = None) -> Kept:
    """The product's own selection, :func:`abr_model.preparation.select`.

    Parameters
    ----------
    cohort
        Recordings of any kind, in memory or in a file.
    rules
        The default is the original's: Fmp above 1.0, alternating polarity, conditions known, first 200 samples at
        15 kHz. A cohort without any Fmp counts as kept already: a model learns from kept recordings, so what it
        generates is like them.
    """
    by_fmp = bool(cohort.table[FMP.name].notna().any())
    rules = (rules or SelectionRules()) if by_fmp else EVERY_RECORDING
    same_samples = np.isclose(cohort.sampling.rate_hz, published_trace()[2]) and cohort.samples >= SAMPLES
    rows = np.zeros(len(cohort), dtype=bool)
    traces, every, seen, covered = _Moments(), _Moments(), 0, True
    for positions, part in cohort.blocks():
        if same_samples:
            every.add(part.waveforms[:, :SAMPLES].reshape(-1, 1))
        selected, windowed = _select(part, rules)
        if selected is None:
            continue
        identity = part.table["recording_id"]
        rows[positions] = identity.isin(selected.table["recording_id"]).to_numpy()
        seen += int(selected.table[latency_column("V")].notna().sum())
        covered = covered and windowed
        if windowed:
            traces.add(selected.waveforms)
    measured = covered and traces.n > 1
    return Kept(
        rows,
        traces.mean if measured else None,
        traces.sd if measured else None,
        seen / rows.sum() if measured else float("nan"),
        float(every.sd[0]) if same_samples and every.n else float("nan"),
        by_fmp,
    )


def _select(part: Cohort, rules: SelectionRules) -> tuple[Cohort | None, bool]:
    """The kept recordings of a block (None where none is), and whether they cover the window."""
    for wanted in (rules, replace(rules, samples=1)):
        try:
            return select(part, wanted).cohort, wanted is rules
        except InputError as error:
            if hasattr(error, "funnel"):  # no recording is left
                return None, True
    return None, False


class _Moments:
    """Mean and SD [T] of traces that come in blocks."""

    def __init__(self):
        self.n, self._sum, self._squares = 0, 0.0, 0.0

    def add(self, traces: np.ndarray) -> None:
        self.n += len(traces)
        self._sum = self._sum + traces.sum(axis=0, dtype=np.float64)
        self._squares = self._squares + np.einsum("ij,ij->j", traces, traces, dtype=np.float64)

    @property
    def mean(self) -> np.ndarray:
        return self._sum / self.n

    @property
    def sd(self) -> np.ndarray:
        return np.sqrt(np.maximum(self._squares / self.n - self.mean**2, 0.0))
