"""How far a model's predicted wave labels lie from the marked ones, measured on recordings that it did not learn from.

Marks stray: most lie close to the wave, some on another peak. One Gaussian per label is then too wide in the middle and
too light in the tails. Split conformal prediction (Papadopoulos et al. 2002; Vovk et al. 2005) needs no such shape:
the distances that 90 % of held-out marks keep *are* the interval. They are measured apart by how hard a label is to
tell (Mondrian categories, Vovk et al. 2005), and by whether the other label of the same wave is known. An interval so
made covers as often as it says on recordings that come from where those came from; no model has to be right for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from abr_model.label_prediction import DRAWS, hidden, labels_of_wave, predict_labels
from abr_model.schema import LABELS

if TYPE_CHECKING:
    from torch import nn

    from abr_model.label_reading import LabelReading
    from abr_model.preparation import ModelInputs
    from abr_model.scaling import Scaling

LEVELS = np.append(np.linspace(0.01, 0.99, 99), 0.995)
"""Levels whose distances are kept; in between they are interpolated."""
FEWEST = 100
"""A label with fewer held-out marks has no calibration: of 100, 1 lies outside of the 99 % interval."""
PER_CLASS = 300
"""Marks per class of difficulty: the coverage of a 90 % interval is then known to 1.7 points (binomial SD)."""
MOST_CLASSES = 5
MOST_RECORDINGS = 2000
"""Recordings measured per label and situation: more would say no more, because patients differ from one another."""


class LabelErrors(BaseModel):
    """Errors (marked − predicted) / ``LabelPrediction.scale`` of one label in one situation, by class of difficulty."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: int = Field(ge=0, lt=len(LABELS), description="position among latencies I III V, amplitudes I III V")
    other_known: bool = Field(description="whether the other label of the same wave was shown")
    edges: tuple[float, ...] = Field(description="difficulties that part the classes, rising")
    recordings: tuple[int, ...] = Field(description="per class")
    mean: tuple[float, ...] = Field(description="mean error per class")
    median: tuple[float, ...] = Field(description="median error per class")
    distances: tuple[tuple[float, ...], ...] = Field(description="[classes][levels] distance from the median error")

    @classmethod
    def measure(cls, label: int, other_known: bool, errors: np.ndarray, difficulty: np.ndarray) -> LabelErrors | None:
        """From errors [n] and difficulties [n], NaN left out; None from fewer than :data:`FEWEST`."""
        known = np.isfinite(errors) & np.isfinite(difficulty)
        errors, difficulty = errors[known], difficulty[known]
        if len(errors) < FEWEST:
            return None
        classes = int(np.clip(len(errors) // PER_CLASS, 1, MOST_CLASSES))
        edges = np.unique(np.quantile(difficulty, np.arange(1, classes) / classes))
        found = [errors[np.searchsorted(edges, difficulty, side="right") == k] for k in range(len(edges) + 1)]
        found = [e if len(e) else errors for e in found]  # equal difficulties may leave a class empty
        middle = [float(np.median(e)) for e in found]
        # "weibull" puts the k-th smallest of n at k/(n + 1): the rank that conformal prediction asks for.
        spread = [np.quantile(np.abs(e - m), LEVELS, method="weibull") for e, m in zip(found, middle, strict=True)]
        return cls(
            label=label,
            other_known=other_known,
            edges=tuple(edges.tolist()),
            recordings=tuple(len(e) for e in found),
            mean=tuple(float(e.mean()) for e in found),
            median=tuple(middle),
            distances=tuple(tuple(np.round(s, 5).tolist()) for s in spread),
        )

    def mean_at(self, difficulty: np.ndarray) -> np.ndarray:
        """Mean error [n] at difficulties [n]."""
        return self._per_class(difficulty, self.mean)

    def median_at(self, difficulty: np.ndarray) -> np.ndarray:
        """Median error [n] at difficulties [n]."""
        return self._per_class(difficulty, self.median)

    def distance_at(self, difficulty: np.ndarray, level: float) -> np.ndarray:
        """Distance [n] from the median error that a share ``level`` of the marks keeps, at difficulties [n]."""
        return self._per_class(difficulty, [np.interp(level, LEVELS, row) for row in self.distances])

    def _per_class(self, difficulty: np.ndarray, values) -> np.ndarray:
        found = np.asarray(values)[np.searchsorted(self.edges, difficulty, side="right")]
        return np.where(np.isfinite(difficulty), found, np.nan)


class LabelCalibration(BaseModel):
    """Errors of all labels of one model; JSON, some 30 kB."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    recordings: int = Field(ge=0, description="held-out recordings that it was measured on")
    draws: int = Field(ge=2, description="draws of z per recording")
    errors: tuple[LabelErrors, ...]

    def of(self, label: int, other_known: bool) -> LabelErrors | None:
        """Errors of a label in a situation; where there were too few, of its other situation; None without both."""
        found = {e.other_known: e for e in self.errors if e.label == label}
        return found.get(other_known) or found.get(not other_known)


def measure_calibration(
    network: nn.Module,
    scaling: Scaling,
    inputs: ModelInputs,
    draws: int = DRAWS,
    on_progress: Callable[[float], None] | None = None,
    *,
    reading: LabelReading | None = None,
) -> LabelCalibration:
    """Hide each label, alone and with the other of its wave, and compare the prediction with the mark.

    Parameters
    ----------
    network, scaling
        Of a trained model; the network in evaluation mode.
    inputs
        Held-out recordings (the validation part) with the labels that they have.
    reading
        How the labels are predicted: :func:`abr_model.label_prediction.predict_labels`.
    """
    found = []
    for label in range(len(LABELS)):
        marked = np.flatnonzero(inputs.mask[:, label].numpy() > 0)
        marked = marked[np.unique(np.linspace(0, len(marked) - 1, min(len(marked), MOST_RECORDINGS)).astype(int))]
        if len(marked) >= FEWEST:
            found += _label_errors(network, scaling, inputs[marked], label, draws, reading)
        if on_progress:
            on_progress((label + 1) / len(LABELS))
    return LabelCalibration(recordings=len(inputs), draws=draws, errors=tuple(e for e in found if e is not None))


def _label_errors(
    network, scaling, inputs: ModelInputs, label: int, draws: int, reading: LabelReading | None
) -> list[LabelErrors | None]:
    """Of one label of recordings that have it, in both situations."""
    marked = np.hstack(scaling.labels_to_units(inputs.latency, inputs.amplitude))[:, label]
    wave = labels_of_wave(label)
    other = wave[0] if label == wave[1] else wave[1]
    found = []
    for other_known, taken in ((True, (label,)), (False, wave)):
        rows = np.flatnonzero(inputs.mask[:, other].numpy() > 0) if other_known else np.arange(len(inputs))
        if not len(rows):
            continue
        predicted = predict_labels(network, scaling, hidden(inputs[rows], taken), draws, reading=reading)
        errors = (marked[rows] - predicted.mean[:, label]) / predicted.scale[:, label]
        found.append(LabelErrors.measure(label, other_known, errors, predicted.difficulty[:, label]))
    return found
