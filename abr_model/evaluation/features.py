"""What recordings are compared by: principal components of the training traces, power in bands, simple statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, HEARING_LOSS_CODES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort

BANDS_HZ = (0, 75, 150, 225, 300, 450, 600, 825, 1125, 1500, 2250, 3375, 5250)
"""Lower edges of the bands whose power is compared; the last one reaches to half the sampling rate."""

SMALLEST_POWER = 1e-4
"""µV², added before the logarithm so that an empty band does not run to minus infinity."""


class Components:
    """Principal components of the training traces: the fixed embedding of the evaluation.

    Parameters
    ----------
    training
        [N, T] µV.
    """

    def __init__(self, training: np.ndarray):
        training = np.asarray(training, dtype=np.float64)
        self.mean = training.mean(0)
        centred = training - self.mean
        variance, axes = np.linalg.eigh(centred.T @ centred / max(len(training) - 1, 1))
        axes = axes.T[::-1]
        towards = axes[np.arange(len(axes)), np.abs(axes).argmax(1)]  # the sign of a component is arbitrary
        self.axes = axes * np.where(towards < 0, -1.0, 1.0)[:, None]
        self.sd = np.sqrt(np.maximum(variance[::-1], 0))
        """[T] standard deviation of the training traces along each component, µV."""

    def __call__(self, traces: np.ndarray, n: int) -> np.ndarray:
        """[N, min(n, T)] first coordinates of traces [N, T], µV."""
        return (traces - self.mean) @ self.axes[:n].T

    def scaled(self, traces: np.ndarray, n: int) -> np.ndarray:
        """The same in units of the first component's standard deviation, so that directions keep their weight."""
        return self(traces, n) / (self.sd[0] if self.sd[0] > 0 else 1.0)


def condition_numbers(cohort: Cohort) -> np.ndarray:
    """[N, 4] conditions as numbers: log-age, level, rate, index of the hearing class; NaN where not known."""
    table = cohort.table[list(CONDITION_NAMES)].copy()
    table[AGE.name] = np.log(table[AGE.name] + 0.1)  # newborns: the first weeks are wide
    table[HEARING_LOSS.name] = table[HEARING_LOSS.name].map({c: k for k, c in enumerate(HEARING_LOSS_CODES)})
    return table.to_numpy(dtype=np.float64)


def band_rows(samples: int, rate_hz: float) -> list[tuple[str, slice]]:
    """Bands that hold at least one frequency of ``samples`` samples: name (``"200–300 Hz"``) and its positions."""
    frequencies = np.fft.rfftfreq(samples, 1 / rate_hz)
    edges = [*BANDS_HZ, np.inf]
    bands = []
    for low, high in pairwise(edges):
        first, last = np.searchsorted(frequencies, [low - 1e-6, high - 1e-6])
        if last > first:
            top = min(high, rate_hz / 2)
            bands.append((f"{low:g}–{top:g} Hz", slice(first, last)))
    return bands


def power(traces: np.ndarray) -> np.ndarray:
    """[N, T // 2 + 1] power of each frequency under a Hann window, µV² (not divided by the number of samples)."""
    return np.abs(np.fft.rfft(traces * np.hanning(traces.shape[1]))) ** 2


def trace_features(cohort: Cohort, components: Components) -> pd.DataFrame:
    """What the classifiers see of each trace, a column a feature, named in words.

    30 principal components, log power in the bands of :data:`BANDS_HZ`, and nine simple statistics.
    """
    traces = cohort.waveforms.astype(np.float64)
    seen = {f"component {k + 1}": c for k, c in enumerate(components(traces, 30).T)}
    spectrum = power(traces)
    for name, rows in band_rows(cohort.samples, cohort.sampling.rate_hz):
        seen[f"log power {name}"] = np.log(spectrum[:, rows].mean(1) + SMALLEST_POWER)
    time = cohort.time_ms
    spread = traces.std(1)
    centred = traces - traces.mean(1, keepdims=True)
    seen |= {
        "largest value": traces.max(1),
        "smallest value": traces.min(1),
        "time of the largest value": time[traces.argmax(1)],
        "time of the smallest value": time[traces.argmin(1)],
        "standard deviation along the trace": spread,
        "first sample": traces[:, 0],
        "last sample": traces[:, -1],
        "mean step from sample to sample": np.abs(np.diff(traces)).mean(1),
        "kurtosis along the trace": (centred**4).mean(1) / np.maximum(spread, 1e-9) ** 4,
    }
    return pd.DataFrame(seen)


CONDITION_FEATURES = ("log age", "level", "stimulus rate", "hearing class")
"""Names of the columns of :func:`condition_numbers`."""
