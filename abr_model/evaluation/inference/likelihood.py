"""How probable the model finds unseen recordings: nats per recording, traces in µV, wave labels in ms and µV.

What is evaluated: x = response(z, c) + noise, y = labels(z, c) + errors (as the network learned them), z from the prior
that training used (p(z | conditions) of the network, N(0, I) for the preset ``reference``), not from the flow that
draws z in generation. The noise is ``CommonColour`` (:mod:`abr_model.evaluation.inference.noise_density`) for a model
trained under coloured noise, else ``SampleVariance``; both are fitted to training residuals, so that models of
different scalings and objectives are compared in the same nats. Which labels are marked is taken as given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.inference.importance import LabelDensity, bound, effective_draws, log_weights
from abr_model.evaluation.inference.noise_density import CommonColour, GaussianTraces, SampleVariance
from abr_model.evaluation.score import Score, Section
from abr_model.label_prediction import hidden
from abr_model.preparation import model_inputs
from abr_model.schema import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.evaluation.comparison import Comparison
    from abr_model.model import TrainedModel
    from abr_model.preparation import ModelInputs

DRAWS = 64
MOST_RECORDINGS = 300
"""Held-out recordings, evenly spread over the rows and so over the patients."""
TRAINING_RECORDINGS = 6000
FEWEST_TRAINING = 50
SOURCE = "Burda, Grosse & Salakhutdinov 2016"


def likelihood_section(
    comparison: Comparison, model: TrainedModel, on_progress: Callable[[float], None] | None = None
) -> Section:
    """Importance-weighted bounds on log p(trace | conditions) and log p(labels | trace, conditions).

    Parameters
    ----------
    comparison
        The generated recordings are not looked at. The noise is fitted to ``train``.
    model
        The network under test.
    on_progress
        Called with the fraction done.
    """
    tell = on_progress or (lambda _: None)
    train = _spread(comparison.train, TRAINING_RECORDINGS)
    real = _spread(comparison.real, MOST_RECORDINGS)
    if len(train) < FEWEST_TRAINING:
        why = f"fewer than {FEWEST_TRAINING} training recordings to fit the noise to"
        return Section("likelihood", "Likelihood", [Score(k, n, np.nan, "nats", untold=why) for k, n in NAMES.items()])
    left, label_errors = _training_residuals(model, model_inputs(train, model.scaling), comparison.seed)
    densities = [CommonColour(left), SampleVariance(left)]
    if model.preset.objective.kind != "whitened":
        densities.reverse()
    labels = _label_density(model, label_errors)
    tell(0.2)
    told = model_inputs(real, model.scaling)
    blind = hidden(told, range(len(LABELS)))

    def weights(shown: ModelInputs, density, label_density, part: float) -> np.ndarray:
        start = 0.2 + 0.75 * part / 3
        return log_weights(
            *(model.network, model.scaling, shown, told, density, label_density, DRAWS, comparison.seed),
            on_progress=lambda done: tell(start + 0.25 * done),
        )

    trace, other_noise = (weights(blind, density, None, step) for step, density in enumerate(densities))
    both = weights(told, densities[0], labels, 2)
    yardstick = GaussianTraces(comparison.train.waveforms).log_density(real.waveforms)
    label_yardstick = _usual_labels(comparison.train, real)
    patients, seed = real.table["patient_id"].to_numpy(), comparison.seed
    marked = told.mask.numpy().any(1)
    label_nats = bound(both, DRAWS) - bound(trace, DRAWS)
    values = {
        "likelihood_waveform": bound(trace, DRAWS),
        "likelihood_waveform_gaussian": yardstick,
        "likelihood_waveform_gain": bound(trace, DRAWS) - yardstick,
        "likelihood_labels": np.where(marked, label_nats, np.nan),
        "likelihood_labels_gain": np.where(marked, label_nats - label_yardstick, np.nan),
    }
    notes = {
        "likelihood_waveform": f"Noise: {densities[0].name}. Bound from {DRAWS} draws of z per recording; "
        f"{np.median(effective_draws(trace)):.1f} of them count (median).",
        "likelihood_waveform_gaussian": "All training traces as one Gaussian with full covariance, no conditions.",
        "likelihood_labels": "Of those marked. Difference of two bounds: labels and trace, less the trace alone.",
        "likelihood_labels_gain": "Beside it each label as a Gaussian of its training mean and SD.",
    }
    scores = [_score(key, values[key], patients, seed, notes.get(key, "")) for key in NAMES]
    tell(1.0)
    return Section("likelihood", "Likelihood", scores, _tables(trace, both, other_noise, densities, yardstick))


NAMES = {
    "likelihood_waveform": "Log-likelihood of the trace (lower bound)",
    "likelihood_waveform_gaussian": "… under one Gaussian for all traces",
    "likelihood_waveform_gain": "… of the model, above that Gaussian",
    "likelihood_labels": "Log-likelihood of the wave labels, given the trace",
    "likelihood_labels_gain": "… above a Gaussian for each label",
}


def _score(key: str, values: np.ndarray, patients: np.ndarray, seed: int, note: str) -> Score:
    there = np.isfinite(values)
    values, patients = values[there], patients[there]
    if not len(values):
        return Score(key, NAMES[key], np.nan, "nats", better="higher", untold="no recording to tell from")
    return Score(
        key,
        NAMES[key],
        float(values.mean()),
        "nats",
        interval=patient_interval(lambda rows: float(values[rows].mean()), patients, seed),
        better="higher",
        n=len(values),
        note=note,
        source=SOURCE if "gaussian" not in key else "",
    )


def _spread(cohort: Cohort, most: int) -> Cohort:
    """Up to ``most`` recordings, evenly spread over the rows."""
    return cohort.take(np.unique(np.linspace(0, len(cohort) - 1, min(len(cohort), most)).astype(int)))


def _training_residuals(model: TrainedModel, inputs: ModelInputs, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Residuals [n, T] in µV and label errors [n, 6] in ms and µV (NaN: not marked) at one draw of z each."""
    network, device = model.network, next(model.network.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    units = np.array([np.nan if s is None else s for s in model.scaling.label_sd])
    left, errors = [], []
    with torch.inference_mode():
        for rows in torch.arange(len(inputs)).split(512):
            batch = inputs[rows].to(device)
            decoded = network.decode(network.encode(batch).sample(generator), batch.static)
            left.append((batch.waveform - decoded.waveform).cpu().double().numpy())
            said = torch.cat([decoded.latency, decoded.amplitude], 1)
            error = (torch.cat([batch.latency, batch.amplitude], 1) - said).cpu().double().numpy() * units
            errors.append(np.where(batch.mask.cpu().numpy() > 0, error, np.nan))
    return np.concatenate(left) * np.asarray(model.scaling.waveform_sd_uv), np.concatenate(errors)


def _label_density(model: TrainedModel, errors: np.ndarray) -> LabelDensity:
    """That of the network where it has one, else Gaussian with the root mean square of the training errors."""
    learned = getattr(model.network, "label_log_sd", None)
    if learned is not None:
        units = np.array([np.nan if s is None else s for s in model.scaling.label_sd])
        scale = learned.detach().exp().cpu().double().numpy() * units
        return LabelDensity(scale, model.preset.objective.label_tails)
    counts = np.isfinite(errors).sum(0)
    with np.errstate(invalid="ignore"):
        return LabelDensity(np.sqrt(np.where(counts > 1, np.nansum(errors**2, axis=0) / np.maximum(counts, 1), np.nan)))


def _usual_labels(train: Cohort, real: Cohort) -> np.ndarray:
    """[n] nats of the marked labels, each Gaussian with its training mean and SD."""
    learned, marks = (c.table[list(LABEL_NAMES)] for c in (train, real))
    errors = marks.to_numpy(float) - learned.mean().to_numpy(float)
    return LabelDensity(learned.std(ddof=0).to_numpy(float)).log_density(errors, np.isfinite(errors))


def _tables(trace, both, other_noise, densities, yardstick) -> dict[str, pd.DataFrame]:
    counts = [k for k in (1, 2, 4, 8, 16, 32, 64) if k <= DRAWS]
    return {
        "by_draws": pd.DataFrame(
            {
                "draws": counts,
                "trace_nats": [bound(trace, k).mean() for k in counts],
                "trace_and_labels_nats": [bound(both, k).mean() for k in counts],
            }
        ),
        "by_noise": pd.DataFrame(
            {
                "noise": [d.name for d in densities] + ["one Gaussian for all traces"],
                "trace_nats": [bound(trace, DRAWS).mean(), bound(other_noise, DRAWS).mean(), yardstick.mean()],
            }
        ),
    }
