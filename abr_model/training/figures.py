"""Figures of a trained network on recordings it has not seen, in clinical units."""

from __future__ import annotations

import numpy as np
import torch

from abr_model.cohort import Cohort
from abr_model.label_prediction import hidden, predict_labels
from abr_model.label_reading import LabelReading
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling
from abr_model.schema import AMPLITUDES, LABELS, LATENCIES, WAVES

CHUNK = 512
ACTIVE_VARIANCE = 0.01
"""A latent unit is active when its posterior mean varies more than this over recordings (Burda et al. 2016)."""


@torch.no_grad()
def held_out_figures(
    network,
    scaling: Scaling,
    cohort: Cohort,
    inputs: ModelInputs,
    mean_trace_uv: np.ndarray,
    reading: LabelReading | None = None,
) -> dict[str, float | None]:
    """How well ``network`` reconstructs ``cohort`` from the mean of the posterior.

    Parameters
    ----------
    network
        Trained, in evaluation mode.
    scaling
        Of the training part.
    cohort, inputs
        The held-out recordings, and the same as the network sees them.
    mean_trace_uv
        [T] mean of the training recordings.
    reading
        How marks follow the recording; left out, the labels are those of the response.

    Returns
    -------
    dict
        ``waveform_rmse_uv``; ``mean_trace_rmse_uv``, the error of predicting the mean training trace (what a network
        that has learned nothing reaches); ``waveform_correlation``, mean over recordings; mean absolute errors of the
        labels ``latency_V_mae_ms``, ``amplitude_V_mae_uv``, … over the marked ones, None for a wave never marked, read
        from the trace alone: the encoder is given no label; ``kl_nats``; ``active_units``.
    """
    waveforms, means, kl = [], [], []
    for start in range(0, len(inputs), CHUNK):
        batch = inputs[slice(start, start + CHUNK)]
        posterior = network.encode(batch)
        decoded = network.decode(posterior.mean, batch.static)
        waveforms.append(scaling.waveform_to_uv(decoded.waveform))
        means.append(posterior.mean)
        kl.append(posterior.kl_per_latent())
    labels = predict_labels(network, scaling, hidden(inputs, range(len(LABELS))), reading=reading).mean
    reconstructed = np.concatenate(waveforms)
    error = reconstructed.astype(np.float64) - cohort.waveforms
    r = row_correlations(reconstructed, cohort.waveforms)
    from_mean = cohort.waveforms.astype(np.float64) - mean_trace_uv
    figures: dict[str, float | None] = {
        "waveform_rmse_uv": float(np.sqrt(np.mean(error**2))),
        "mean_trace_rmse_uv": float(np.sqrt(np.mean(from_mean**2))),
        "waveform_correlation": float(np.nanmean(r)) if np.isfinite(r).any() else None,
    }
    for name, columns, predicted in (
        ("latency_{}_mae_ms", LATENCIES, labels[:, : len(WAVES)]),
        ("amplitude_{}_mae_uv", AMPLITUDES, labels[:, len(WAVES) :]),
    ):
        marked = cohort.table[[c.name for c in columns]].to_numpy()
        for i, wave in enumerate(WAVES):
            misses = np.abs(predicted[:, i] - marked[:, i])
            misses = misses[np.isfinite(misses)]
            figures[name.format(wave)] = float(misses.mean()) if len(misses) else None
    figures["kl_nats"] = float(torch.cat(kl).sum(1).mean())
    figures["active_units"] = float((torch.cat(means).var(0, correction=0) > ACTIVE_VARIANCE).sum())
    return figures


def row_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[N] Pearson correlation over time of rows of ``a`` and ``b`` [N, T]; NaN where one of them is flat."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    a -= a.mean(1, keepdims=True)
    b -= b.mean(1, keepdims=True)
    norm = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), norm, out=np.full(len(a), np.nan), where=norm > 0)
