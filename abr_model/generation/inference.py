"""What a trained model makes of recordings that exist: their latent z, their response without noise, missing labels.

Everything takes a whole cohort and goes through it in blocks; the same seed gives the same numbers, whatever stands
beside a recording. Recordings are brought to the model's time axis first (:func:`on_time_axis`).

An imputed label is where whoever marked the training recordings would have put the mark, *if* the wave was marked. It
says nothing about whether there is a response: waves are left unmarked when they are small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from abr_model.errors import InputError
from abr_model.generation.conditions import check_seed
from abr_model.generation.generate import block_generator
from abr_model.generation.imputed_labels import Imputation, imputation
from abr_model.label_calibration import LabelCalibration, measure_calibration
from abr_model.label_prediction import DRAWS, predict_labels, row_blocks
from abr_model.preparation import SelectionRules, model_inputs, select
from abr_model.schema import LABEL_NAMES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.model import TrainedModel

HIGHEST_LEVEL = 0.99
Progress = Callable[[float], None]


@dataclass(frozen=True)
class LatentPosterior:
    """Gaussian q(z | recording) of N recordings: ``mean`` and ``sd`` [N, L], and ``kl`` [N, L] to the model's prior of
    z at the recording's conditions, nats."""

    mean: np.ndarray
    sd: np.ndarray
    kl: np.ndarray


def on_time_axis(model: TrainedModel, cohort: Cohort) -> Cohort:
    """``cohort`` as the model sees it: at its sampling rate, from 0 ms on, as many samples; every recording is kept.

    Labels of waves outside of that window are left out: they cannot be seen on the trace.

    Raises
    ------
    InputError
        There is no recording, or the recordings do not cover the model's window.
    """
    if not len(cohort):
        raise InputError("there is no recording", allowed="one recording or more")
    kept = {"fmp_above": None, "polarity": None, "conditions_present": False}
    rules = SelectionRules.of(model.preset.preparation, **kept, sampling_rate_hz=model.sampling.rate_hz)
    found = select(cohort, rules).cohort
    apart = abs(found.sampling.start_ms - model.sampling.start_ms)
    if apart > 0.5 * 1000 / model.sampling.rate_hz + 1e-6:
        raise InputError(
            "the recordings do not start where the model's time axis does",
            value=f"{found.sampling.start_ms:.2f} ms",
            allowed=f"{model.sampling.start_ms:.2f} ms",
        )
    return found


def posterior(model: TrainedModel, cohort: Cohort) -> LatentPosterior:
    """q(z | trace, conditions, labels that exist) of each recording.

    Raises
    ------
    InputError
        As :func:`on_time_axis`; a condition is missing (names row and column).
    """
    found = [
        (encoded.mean[kept], encoded.log_variance[kept].mul(0.5).exp(), encoded.kl_per_latent()[kept])
        for _, _, encoded, kept in _encoded(model, cohort)
    ]
    columns = zip(*found, strict=True)
    return LatentPosterior(*(np.concatenate([part.cpu().numpy() for part in parts]) for parts in columns))


def latent_draws(model: TrainedModel, cohort: Cohort, draws: int, seed: int) -> np.ndarray:
    """[N, draws, L] draws of z from the posterior of each recording.

    The first recordings of a large cohort have the draws that a small one has; the first draws depend on how many
    follow.

    Raises
    ------
    InputError
        As :func:`posterior`; a seed or a number of draws that is not allowed.
    """
    seed, draws = check_seed(seed), _check_draws(draws)
    found = []
    for block, _, encoded, kept in _encoded(model, cohort):
        noise = _noise(encoded, draws, seed, block)
        z = encoded.mean.unsqueeze(1) + noise * encoded.log_variance.mul(0.5).exp().unsqueeze(1)
        found.append(z[kept].cpu().numpy())
    return np.concatenate(found)


def reconstruct(model: TrainedModel, cohort: Cohort, draws: int = 0, seed: int = 0) -> np.ndarray:
    """Responses [N, T] in µV without residual noise: of the posterior's mean, or the mean over ``draws`` of z.

    Raises
    ------
    InputError
        As :func:`latent_draws`.
    """
    import torch

    seed, draws = check_seed(seed), _check_draws(draws, fewest=0)
    found = []
    for block, batch, encoded, kept in _encoded(model, cohort):
        with torch.inference_mode():
            if draws:
                spread = encoded.log_variance.mul(0.5).exp()
                noise = _noise(encoded, draws, seed, block)
                each = (model.network.decode(encoded.mean + n * spread, batch.static).waveform for n in noise.unbind(1))
                waveform = sum(each) / draws
            else:
                waveform = model.network.decode(encoded.mean, batch.static).waveform
        found.append(model.scaling.waveform_to_uv(waveform[kept]))
    return np.concatenate(found)


def impute(
    model: TrainedModel,
    cohort: Cohort,
    level: float = 0.9,
    draws: int = DRAWS,
    seed: int = 0,
    calibration: LabelCalibration | None = None,
    on_progress: Progress | None = None,
) -> Imputation:
    """Missing wave labels of each recording, with an interval.

    The label is the mean over draws of z ~ q(z | trace, labels that exist) of what the decoder says. With a
    calibration, median and interval come from the errors of held-out recordings (:mod:`abr_model.label_calibration`);
    without, from the label's learned SD and the spread of the draws, taken as Gaussian; without such an SD (preset
    ``reference``) there is no interval. Intervals do not leave the time axis.

    Parameters
    ----------
    level
        Share of marks that the interval is to cover, 0.01 to 0.99.
    draws
        Draws of z per recording.
    calibration
        The model's own when left out (``TrainedModel.label_calibration``).

    Raises
    ------
    InputError
        As :func:`posterior`; a level, seed or number of draws that is not allowed.
    """
    level, seed, draws = _check_level(level), check_seed(seed), _check_draws(draws)
    calibration = calibration or model.label_calibration
    fitted = on_time_axis(model, cohort)
    inputs = model_inputs(fitted, model.scaling)
    predicted = predict_labels(
        model.network, model.scaling, inputs, draws, seed, on_progress, reading=model.label_reading
    )
    shown = inputs.mask.numpy() > 0
    return imputation(predicted, cohort.table[list(LABEL_NAMES)].to_numpy(float), shown, level, calibration, fitted)


def calibrate(model: TrainedModel, held_out: Cohort, on_progress: Progress | None = None) -> LabelCalibration:
    """Measure the errors of the model's labels on recordings that it did not learn from (not those of the test)."""
    inputs = model_inputs(on_time_axis(model, held_out), model.scaling)
    return measure_calibration(
        model.network, model.scaling, inputs, on_progress=on_progress, reading=model.label_reading
    )


def _encoded(model: TrainedModel, cohort: Cohort):
    """Block, inputs, posterior and the rows of it to keep, block by block."""
    import torch

    inputs = model_inputs(on_time_axis(model, cohort), model.scaling)
    device = next(model.network.parameters()).device
    for block, (rows, padded) in enumerate(row_blocks(len(inputs))):
        with torch.inference_mode():
            batch = inputs[padded].to(device)
            yield block, batch, model.network.encode(batch), slice(0, rows.stop - rows.start)


def _noise(encoded, draws: int, seed: int, block: int):
    """[B, draws, L] from N(0, 1)."""
    import torch

    rows, latent = encoded.mean.shape
    return torch.randn(rows, draws, latent, generator=block_generator(seed, block)).to(encoded.mean)


def _check_draws(draws: int, fewest: int = 1) -> int:
    if not fewest <= draws <= 10_000:
        raise InputError("the number of draws", value=draws, allowed=f"{fewest} to 10,000")
    return int(draws)


def _check_level(level: float) -> float:
    if not 0.01 <= level <= HIGHEST_LEVEL:
        raise InputError("the level of an interval", value=level, allowed=f"0.01 to {HIGHEST_LEVEL:g}")
    return float(level)
