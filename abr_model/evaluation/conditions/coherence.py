"""Label coherence: do the waves that a generated recording reports lie where its trace has a peak?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.bootstrap import patient_intervals
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.conditions.cell_grid import FEWEST_PATIENTS, SMALLEST_CELL
from abr_model.evaluation.score import Score, Section
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.waves import pick_wave

KEY, TITLE = "coherence", "Label coherence"
SEARCH_MS = 1.0
"""The nearest local maximum is looked for this far from the label; where there is none, it counts as this far."""
SOURCE = "waves.pick_wave: nearest local maximum of the recorded trace"
FIGURES = (
    ("latency_median", "latency from the nearest peak, median", "ms"),
    ("latency_90", "latency from the nearest peak, 90 % within", "ms"),
    ("amplitude_median", "amplitude from the height of that peak, median", "µV"),
)


def coherence_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Distance of each reported wave from the nearest local maximum of the trace that it is reported on.

    Amplitudes are heights over the zero line, as the marks of the simulated clinic are; of a clinic that measures
    peak to trough the held-out recordings show the same offset, which is the limit.

    Returns
    -------
    Section
        Table ``waves``: a row a wave with n, latency and amplitude distances of generated and held-out recordings,
        and the share of labels without a peak within 1 ms.
    """
    told = on_progress or (lambda done: None)
    scores, rows = [], []
    for step, wave in enumerate(WAVES):
        found = {
            name: _Distances.of(cohort, comparison.patients, wave)
            for name, cohort in (("generated", comparison.generated), ("held_out", comparison.real))
        }
        scores += _scores(wave, found, comparison.seed)
        rows.append(_row(wave, found))
        told((step + 1) / len(WAVES))
    return Section(KEY, TITLE, scores, {"waves": pd.DataFrame(rows)})


class _Distances:
    """Of the labels of one wave: [n] absolute distances in ms and µV, and their patients."""

    def __init__(self, latency_ms: np.ndarray, amplitude_uv: np.ndarray, without: np.ndarray, patients: np.ndarray):
        self.latency_ms, self.amplitude_uv = latency_ms, amplitude_uv
        self.without, self.patients = without, patients
        self.enough = len(latency_ms) >= SMALLEST_CELL and len(np.unique(patients)) >= FEWEST_PATIENTS
        self.values = self.figures(np.arange(len(latency_ms))) if self.enough else np.full(len(FIGURES), np.nan)

    @classmethod
    def of(cls, cohort: Cohort, patients: np.ndarray, wave: str) -> _Distances:
        marked = cohort.table[latency_column(wave)].to_numpy()
        rows = np.flatnonzero(np.isfinite(marked))
        at, height = pick_wave(
            cohort.waveforms[rows], cohort.sampling, marked[rows], SEARCH_MS, choose="nearest", from_zero=True
        )
        without = ~np.isfinite(at)
        latency = np.where(without, SEARCH_MS, np.abs(marked[rows] - at))
        amplitude = np.abs(cohort.table[amplitude_column(wave)].to_numpy()[rows] - height)
        return cls(latency, amplitude, without, np.asarray(patients)[rows])

    def figures(self, rows: np.ndarray) -> np.ndarray:
        """In the order of :data:`FIGURES`, of the labels at ``rows``."""
        amplitude = self.amplitude_uv[rows]
        amplitude = amplitude[np.isfinite(amplitude)]
        middle = float(np.median(amplitude)) if len(amplitude) else np.nan
        return np.array([*np.percentile(self.latency_ms[rows], [50, 90]), middle])

    def intervals(self, seed: int) -> list:
        if not self.enough:
            return [None] * len(FIGURES)
        return patient_intervals(lambda sets: self.figures(sets[0]), [self.patients], seed) or [None] * len(FIGURES)


def _scores(wave: str, found: dict[str, _Distances], seed: int) -> list[Score]:
    generated, real = found["generated"], found["held_out"]
    intervals, limits = generated.intervals(seed), real.intervals(seed)
    scores = []
    for k, (key, words, unit) in enumerate(FIGURES):
        value = float(generated.values[k])
        untold = "no amplitude is reported" if generated.enough else f"fewer than {SMALLEST_CELL} reported waves {wave}"
        scores.append(
            Score(
                f"coherence_{wave}_{key}", f"Reported wave {wave}: {words}", value, unit, intervals[k],
                float(real.values[k]), limits[k], n=len(generated.latency_ms), of=f"reported waves {wave}",
                note=f"limit: {len(real.latency_ms):,} marks of the held-out recordings on their traces", source=SOURCE,
                untold="" if np.isfinite(value) else untold,
            )
        )  # fmt: skip
    return scores


def _row(wave: str, found: dict[str, _Distances]) -> dict:
    row = {"wave": wave}
    for name, side in found.items():
        row[f"{name}_n"] = len(side.latency_ms)
        for (key, _, unit), value in zip(FIGURES, side.values, strict=True):
            row[f"{name}_{key}_{unit.replace('µV', 'uv')}"] = value
        row[f"{name}_without_peak_percent"] = float(100 * side.without.mean()) if side.enough else np.nan
    return row
