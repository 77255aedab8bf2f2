"""How marks follow the recording rather than the response under it.

A network that leaves the residual noise out says where a wave of the *response* is and how high. Who marks a recording
marks its peak, noise included. How much of the way to that peak a clinic's latencies go, and how much of the noise at
it stands in its amplitudes, is measured on held-out recordings: a share per label, 0 where marks follow the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from abr_model.provenance import Sampling
from abr_model.schema import WAVES
from abr_model.waves import pick_wave

if TYPE_CHECKING:
    from torch import nn

    from abr_model.preparation import ModelInputs
    from abr_model.scaling import Scaling

PEAK_WITHIN_MS = 0.5
"""A peak of the recording farther from where the network says the wave is belongs to another wave, or to noise."""
FEWEST = 100
"""With fewer held-out marks of a label its share stays 0."""
MOST = 1.2
"""Largest share: more than the whole way is scatter."""

Shares = tuple[float, float, float]


class LabelReading(BaseModel):
    """Shares per wave I, III, V; JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sampling: Sampling
    latency: Shares = Field(description="of the way from the network's latency to the recording's nearest peak")
    amplitude: Shares = Field(description="of the residual noise at the wave that stands in a marked amplitude")

    def read(
        self, labels: np.ndarray, known_ms: np.ndarray, recording_uv: np.ndarray, response_uv: np.ndarray
    ) -> np.ndarray:
        """Labels [N, 6] as they would be marked on the recordings.

        Parameters
        ----------
        labels
            [N, 6] latencies (ms) and amplitudes (µV) of the response, as the network says them.
        known_ms
            [N, 3] latencies that are marked: there the noise is read; NaN where none is.
        recording_uv, response_uv
            [N, T] each.
        """
        found = labels.copy()
        for wave in range(len(WAVES)):
            way, noise = _offsets(self.sampling, labels, known_ms, recording_uv, response_uv, wave)
            found[:, wave] += self.latency[wave] * way
            found[:, len(WAVES) + wave] += self.amplitude[wave] * noise
        return found


def _offsets(
    sampling: Sampling, labels: np.ndarray, known_ms: np.ndarray, recording: np.ndarray, response: np.ndarray, wave: int
) -> tuple[np.ndarray, np.ndarray]:
    """[N] way from a wave's latency to the recording's nearest peak (ms), [N] residual noise there (µV); else 0."""
    said = labels[:, wave]
    peak, _ = pick_wave(recording, sampling, said, PEAK_WITHIN_MS, choose="nearest")
    peak = np.where(np.isfinite(peak), peak, said)
    there = np.where(np.isfinite(known_ms[:, wave]), known_ms[:, wave], peak)
    sample = np.rint((there - sampling.start_ms) * sampling.rate_hz / 1000.0)
    inside = np.isfinite(sample) & (sample >= 0) & (sample < recording.shape[1])
    rows = np.flatnonzero(inside)
    noise = np.zeros(len(labels))
    noise[rows] = (recording[rows, sample[rows].astype(int)] - response[rows, sample[rows].astype(int)]).astype(float)
    return np.nan_to_num(peak - said), noise


def measure_reading(network: nn.Module, scaling: Scaling, sampling: Sampling, inputs: ModelInputs) -> LabelReading:
    """The shares that leave the least absolute error of the labels, read with none of them shown.

    Parameters
    ----------
    network, scaling, sampling
        Of a trained model; the network in evaluation mode.
    inputs
        Held-out recordings (the validation part) with the labels that they have.
    """
    from abr_model.label_prediction import hidden, predict_labels

    none = (0.0,) * len(WAVES)
    predicted = predict_labels(network, scaling, hidden(inputs, range(2 * len(WAVES))))
    marked = np.hstack(scaling.labels_to_units(inputs.latency, inputs.amplitude)).astype(np.float64)
    marked[inputs.mask.numpy() == 0] = np.nan
    recording = scaling.waveform_to_uv(inputs.waveform)
    unknown = np.full((len(inputs), len(WAVES)), np.nan)
    shares = {"latency": list(none), "amplitude": list(none)}
    for wave in range(len(WAVES)):
        way, noise = _offsets(sampling, predicted.mean, unknown, recording, predicted.response_uv, wave)
        for name, column, offset in (("latency", wave, way), ("amplitude", wave + len(WAVES), noise)):
            shares[name][wave] = _share(marked[:, column] - predicted.mean[:, column], offset)
    return LabelReading(sampling=sampling, latency=tuple(shares["latency"]), amplitude=tuple(shares["amplitude"]))


def _share(misses: np.ndarray, offset: np.ndarray) -> float:
    """Which share of ``offset`` leaves the least absolute ``misses``; 0 from fewer than :data:`FEWEST`."""
    from scipy.optimize import minimize_scalar

    known = np.isfinite(misses)
    if known.sum() < FEWEST:
        return 0.0
    misses, offset = misses[known], offset[known]
    found = minimize_scalar(lambda share: np.abs(misses - share * offset).mean(), bounds=(0.0, MOST), method="bounded")
    return round(float(found.x), 4)
