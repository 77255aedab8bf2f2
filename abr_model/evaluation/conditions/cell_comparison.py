"""One set of recordings beside the held-out ones, cell by cell, with weights so that patients can be resampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.conditions.cell_grid import SMALLEST_CELL, CellGrid, Sorted, mean_error
from abr_model.evaluation.conditions.cell_waves import expected_wave_v, wave_v_errors
from abr_model.realism.check import FEWEST
from abr_model.schema import amplitude_column, latency_column
from abr_model.training.figures import row_correlations
from abr_model.waves import pick_wave

SURE = 1.96


@dataclass(frozen=True)
class Quantity:
    """What is compared of the labels of a cell. ``margin``: how far its mean may lie off, besides the sampling error.

    ``distribution``: its distribution is compared as well as its mean.
    """

    key: str
    name: str
    unit: str
    margin: float
    distribution: bool = False


QUANTITIES = (
    Quantity("latency_V", "marked wave V latency", "ms", 0.10, distribution=True),
    Quantity("amplitude_V", "marked wave V amplitude", "µV", 0.03, distribution=True),
    Quantity("i_v", "marked interval I–V", "ms", 0.10),
    Quantity("marked_V", "share with wave V marked", "%", 5.0),
)
"""Margins: 0.1 ms is half of what counts between two ears (physiology notes 5), 0.03 µV an eighth of the mean marked
wave V of the published clinic, 5 points a step that a reader of a table of shares would notice."""


def quantity_values(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """[n] of each quantity; NaN where a wave is not marked."""
    fifth = table[latency_column("V")].to_numpy()
    return {
        "latency_V": fifth,
        "amplitude_V": table[amplitude_column("V")].to_numpy(),
        "i_v": fifth - table[latency_column("I")].to_numpy(),
        "marked_V": 100.0 * np.isfinite(fifth),
    }


class CellComparison:
    """``side`` beside the held-out recordings ``real`` in every cell of ``grid``.

    Parameters
    ----------
    side, real
        Of one sampling and length.
    reference
        [n, T] µV, the traces of ``real`` (recorded, or clean where they are known) whose mean wave V is the true one.
    grid
        The cells of ``real``.
    side_patients
        [m] patient of each recording of ``side``.
    side_traces
        [m, T] µV, what the mean trace of ``side`` is taken of, where not of its recordings: a generator's mean over
        several draws for each.
    """

    def __init__(
        self, side: Cohort, real: Cohort, reference: np.ndarray, grid: CellGrid, side_patients: np.ndarray,
        side_traces: np.ndarray | None = None,
    ):  # fmt: skip
        self.grid, self.sampling, cells = grid, real.sampling, len(grid)
        self.side, self.real = Sorted(grid.index(side.table), cells), Sorted(grid.index(real.table), cells)
        self.side_patients = np.asarray(side_patients).astype(str)[self.side.rows]
        self.real_patients = real.table["patient_id"].to_numpy().astype(str)[self.real.rows]
        traces = side.waveforms if side_traces is None else np.asarray(side_traces)
        self.side_traces = traces[self.side.rows].astype(np.float64)
        self.real_traces = real.waveforms[self.real.rows].astype(np.float64)
        self.reference = np.asarray(reference)[self.real.rows].astype(np.float64)
        of_side, of_real = quantity_values(side.table), quantity_values(real.table)
        self.of_side = {key: values[self.side.rows] for key, values in of_side.items()}
        self.of_real = {key: values[self.real.rows] for key, values in of_real.items()}
        self.enough = self.side.counts >= SMALLEST_CELL
        ones = np.ones(len(self.real.rows))
        marked = self._mean(self.real, self.of_real["marked_V"], ones) / 100
        medians = np.array([_median(self.of_real["latency_V"][part]) for part in self.real.slices()])
        means = self._traces(self.real, self.reference, ones)
        classes = grid.table["hearing_loss"].to_numpy()
        self.expected_ms, self.expected_uv, self.untold = expected_wave_v(
            means, self.sampling, medians, marked, classes
        )
        self._known, self._pairs = self._known_labels(), {}
        for quantity in QUANTITIES:
            if quantity.distribution:
                self._pairs[quantity.key] = self._two_samples(quantity.key)

    def _known_labels(self) -> dict[str, np.ndarray]:
        """[K] whether both sides have enough values of each quantity."""
        known = {}
        for key in self.of_real:
            counts = [
                np.asarray(part.sums(np.isfinite(values).astype(float)))
                for part, values in ((self.side, self.of_side[key]), (self.real, self.of_real[key]))
            ]
            known[key] = (np.minimum(*counts) >= FEWEST) & self.enough
        return known

    def _two_samples(self, key: str) -> list[TwoSamples | None]:
        spans = zip(self.side.slices(), self.real.slices(), self._known[key], strict=True)
        return [TwoSamples(self.of_side[key][a], self.of_real[key][b]) if known else None for a, b, known in spans]

    @staticmethod
    def _mean(part: Sorted, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """[K] weighted mean over each cell of the values that are known."""
        known = np.isfinite(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            return part.sums(np.where(known, values, 0.0) * weights) / part.sums(known * weights)

    @staticmethod
    def _traces(part: Sorted, traces: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """[K, T] weighted mean trace of each cell."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return part.sums(traces * weights[:, None]) / part.sums(weights)[:, None]

    def measure(self, side_weights: np.ndarray | None = None, real_weights: np.ndarray | None = None) -> dict:
        """Errors of each cell, [K] each: NaN where the cell cannot tell.

        Weights [m] and [n] say how often each recording counts; left out: once.
        """
        of_side = np.ones(len(self.side.rows)) if side_weights is None else side_weights[self.side.rows]
        of_real = np.ones(len(self.real.rows)) if real_weights is None else real_weights[self.real.rows]
        side_means = self._traces(self.side, self.side_traces, of_side)
        real_means = self._traces(self.real, self.real_traces, of_real)
        side_means[~self.enough] = np.nan
        found = {
            "trace_rmse_nv": 1000 * np.sqrt(np.mean((side_means - real_means) ** 2, axis=1)),
            "trace_correlation": row_correlations(side_means, real_means),
        }
        if real_weights is None:
            latency, amplitude = self.expected_ms, self.expected_uv
        else:
            reference = self._traces(self.real, self.reference, of_real)
            latency, amplitude = pick_wave(reference, self.sampling, self.expected_ms, 0.5)
        by, height, there = wave_v_errors(side_means, self.sampling, latency, amplitude)
        found |= {"wave_v_error_ms": by, "wave_v_error_uv": height, "wave_v_found": there}
        found["wave_v_error_recorded_ms"] = wave_v_errors(real_means, self.sampling, latency, amplitude)[0]
        for quantity in QUANTITIES:
            key = quantity.key
            side_mean, real_mean = (
                self._mean(part, values[key], weights)
                for part, values, weights in (
                    (self.side, self.of_side, of_side),
                    (self.real, self.of_real, of_real),
                )
            )
            known = self._known[key]
            found[f"{key}_side"] = np.where(known, side_mean, np.nan)
            found[f"{key}_real"] = np.where(known, real_mean, np.nan)
            found[f"{key}_difference"] = np.where(known, side_mean - real_mean, np.nan)
            if quantity.distribution:
                distances = [
                    pair(of_side[a], of_real[b]) if pair else (np.nan, np.nan)
                    for pair, a, b in zip(self._pairs[key], self.side.slices(), self.real.slices(), strict=True)
                ]
                wasserstein, ks = np.array(distances).reshape(-1, 2).T
                found |= {f"{key}_wasserstein": wasserstein, f"{key}_ks": ks}
        return found

    def allowed(self) -> dict[str, np.ndarray]:
        """[K] how far the mean of each quantity may lie off: its margin and 1.96 standard errors of the difference."""
        limits = {}
        for quantity in QUANTITIES:
            errors = np.zeros(len(self.grid))
            for part, values, patients in (
                (self.side, self.of_side, self.side_patients),
                (self.real, self.of_real, self.real_patients),
            ):
                known = [np.isfinite(values[quantity.key][cell]) for cell in part.slices()]
                errors += [
                    mean_error(values[quantity.key][cell][there], patients[cell][there]) ** 2
                    for cell, there in zip(part.slices(), known, strict=True)
                ]
            limits[quantity.key] = quantity.margin + SURE * np.sqrt(errors)
        return limits


class TwoSamples:
    """Wasserstein distance and Kolmogorov–Smirnov statistic of two samples, sorted once, for any weights.

    The same as :func:`scipy.stats.wasserstein_distance` and :func:`scipy.stats.ks_2samp`, which sort at each call.
    """

    def __init__(self, a: np.ndarray, b: np.ndarray):
        self.known = np.isfinite(a), np.isfinite(b)
        pooled = np.concatenate([a[self.known[0]], b[self.known[1]]])
        self.order = np.argsort(pooled, kind="stable")
        self.steps = np.diff(pooled[self.order])

    def __call__(self, weights_a: np.ndarray, weights_b: np.ndarray) -> tuple[float, float]:
        """Of weights [n] and [m]; NaN where a side has none."""
        a, b = weights_a[self.known[0]], weights_b[self.known[1]]
        if not a.sum() > 0 or not b.sum() > 0:
            return np.nan, np.nan
        gap = np.abs(np.cumsum(np.concatenate([a / a.sum(), -b / b.sum()])[self.order])[:-1])
        return float(gap @ self.steps), float(np.max(gap[self.steps > 0], initial=0.0))


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
