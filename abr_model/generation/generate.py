"""From conditions to recordings: what a trained model makes of an ear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.errors import InputError
from abr_model.generation.conditions import check_conditions, check_seed
from abr_model.generation.support import outside_conditions, support_summary
from abr_model.schema import AMPLITUDES, LATENCIES, WAVES, Kind, amplitude_column, latency_column
from abr_model.waves import pick_wave

if TYPE_CHECKING:
    import torch

    from abr_model.model import TrainedModel

CONTENTS = ("recording", "response")
"""``"recording"``: with the residual noise of an average; ``"response"``: the evoked response alone."""

BLOCK = 256
"""Recordings drawn together. Fixed, because a block has its own random numbers: memory stays bounded, and the first
recordings of a large cohort are bit for bit those of a small one."""

PEAK_WITHIN_MS = 0.3
"""How far the model's latency may lie from the peak of the recording that is marked in its place: 90 % lie nearer."""

CONDITIONS_LISTED = 200
"""Most different conditions listed in the provenance; the table holds those of every recording."""


@dataclass(frozen=True)
class Draws:
    """What the model says about B recordings, in units.

    ``response`` and ``recording`` are waveforms [B, T] in µV without and with residual noise (the same array where
    the model has none); ``latency_ms`` and ``amplitude_uv`` [B, 3] of waves I, III, V, NaN where the model cannot
    tell; ``marked`` [B, 6] is the probability that a label is there (latencies, then amplitudes), None where the
    model does not predict it.
    """

    response: np.ndarray
    recording: np.ndarray
    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    marked: np.ndarray | None


def generate(
    model: TrainedModel,
    conditions: pd.DataFrame,
    seed: int,
    content: str = "recording",
    on_progress: Callable[[float], None] | None = None,
) -> Cohort:
    """One generated recording per row of ``conditions``.

    Parameters
    ----------
    model
        A trained model.
    conditions
        Columns :data:`abr_model.schema.CONDITION_NAMES`, N rows, as :func:`conditions_table` makes them.
    seed
        Same seed, model and conditions give the same cohort; the first rows do not depend on how many follow.
    content
        ``"recording"`` carries residual noise where the model has learned it, ``"response"`` never does.
    on_progress
        Called with the fraction done, 0 to 1.

    Returns
    -------
    Cohort
        Kind generated, µV, sampling of the model. Wave labels (latency ms, amplitude µV) are those the model
        predicts, moved onto the nearest peak of the recording; where it also predicts whether a wave is marked, a label
        is present with that probability, else missing. Provenance details: model, preset, seed, content, conditions
        asked for, training data, and which conditions lie outside of them.

    Raises
    ------
    InputError
        Conditions, seed or content that are not allowed.
    """
    conditions = check_conditions(conditions)
    seed = check_seed(seed)
    if content not in CONTENTS:
        raise InputError("there is no such content", value=content, allowed=", ".join(CONTENTS))
    if not len(conditions):
        raise InputError("there is no condition to generate for", allowed="one row or more")
    waveforms = np.empty((len(conditions), model.network.samples), dtype=np.float32)
    labels = np.empty((len(conditions), 2 * len(WAVES)))
    for start in range(0, len(conditions), BLOCK):
        block = conditions.iloc[start : start + BLOCK]
        stop = start + len(block)
        waveforms[start:stop], labels[start:stop] = generate_block(model, block, seed, start // BLOCK, content)
        if on_progress:
            on_progress(stop / len(conditions))
    return as_cohort(model, conditions, waveforms, labels, seed, content)


def generate_block(
    model: TrainedModel,
    block: pd.DataFrame,
    seed: int,
    number: int,
    content: str,
    noise_factors: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """One block of a cohort: nothing in it depends on the others, so blocks may be made anywhere and in any order.

    Parameters
    ----------
    model, seed, content
        As :func:`generate`.
    block
        Checked conditions of 1 to :data:`BLOCK` rows.
    number
        Which block of the cohort it is, from 0: row ``number * BLOCK`` is its first.
    noise_factors
        [n] float32, by which the residual noise of each recording is multiplied
        (:func:`~abr_model.generation.sweeps.noise_factor`); None: it is as the model has learned it.

    Returns
    -------
    tuple of ndarray
        Waveforms [n, T] µV, and labels [n, 6] (latencies ms, then amplitudes µV; NaN where not marked). Waves are
        marked on the noise that the recording carries.

    Raises
    ------
    InputError
        ``noise_factors`` for a model without residual noise.
    """
    rows = len(block)
    generator = block_generator(seed, number)
    # A short block is filled up with its last condition: equal shapes give equal random numbers and equal sums.
    places = np.minimum(np.arange(BLOCK), rows - 1)
    padded = block.iloc[places]
    decoded = decode(model, draw(model, padded, generator), padded, generator, with_noise=content == "recording")
    if noise_factors is not None:
        if decoded.recording is decoded.response:
            raise InputError("the model has no residual noise, so there is none of another number of sweeps")
        noise = decoded.recording - decoded.response
        decoded = replace(decoded, recording=decoded.response + noise_factors[places, None] * noise)
    waveforms = decoded.recording if content == "recording" else decoded.response
    return waveforms[:rows], present_labels(on_peaks(decoded, model.sampling), generator)[:rows]


def draw(model: TrainedModel, conditions: pd.DataFrame, generator: torch.Generator, ears: int | None = None):
    """Latent variables for every row of ``conditions``, from the model's sampler.

    With ``ears``, every so many rows the random numbers begin anew: the same ears at one condition after another.
    """
    import torch

    model.network.eval()
    model.sampler.eval()
    with torch.inference_mode():
        return model.sampler.draw(_static(model, conditions), generator, ears)


def decode(
    model: TrainedModel, drawn, conditions, generator, with_noise: bool = True, ears: int | None = None
) -> Draws:
    """What the model makes of latent variables ``drawn`` at ``conditions``; one batched call.

    Residual noise is drawn from ``generator``, ``ears`` as in :func:`draw`; without ``with_noise`` none is, and both
    waveforms are the response.
    """
    import torch

    scaling = model.scaling
    with torch.inference_mode():
        decoded = model.network.decode(drawn.z, _static(model, conditions))
        noise = model.sampler.residual_noise(drawn, generator, ears) if with_noise else None
        marked = None if decoded.marked is None else torch.sigmoid(decoded.marked).cpu().numpy()
        recording = decoded.waveform if noise is None else decoded.waveform + noise
    latency, amplitude = scaling.labels_to_units(decoded.latency, decoded.amplitude)
    response = scaling.waveform_to_uv(decoded.waveform)
    latency, amplitude = possible_labels(latency, amplitude, model.sampling.time_ms(model.network.samples)[-1])
    return Draws(
        response=response,
        recording=response if noise is None else scaling.waveform_to_uv(recording),
        latency_ms=latency,
        amplitude_uv=amplitude,
        marked=marked,
    )


def possible_labels(latency_ms: np.ndarray, amplitude_uv: np.ndarray, latest_ms: float):
    """Both [B, 3]; what no recording that ends at ``latest_ms`` can have becomes missing, in place."""
    return _possible(latency_ms, LATENCIES, latest_ms), _possible(amplitude_uv, AMPLITUDES)


def block_seed(seed: int, block: int) -> int:
    """Seed of a block's random numbers; blocks of one seed, and equal blocks of two seeds, are independent."""
    return int(np.random.SeedSequence([seed, block]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def block_generator(seed: int, block: int) -> torch.Generator:
    """Random numbers of one block: the same for the same seed and block, whatever the conditions."""
    import torch

    return torch.Generator().manual_seed(block_seed(seed, block))


def _device(model):
    return next(model.network.parameters()).device


def _static(model, conditions: pd.DataFrame):
    import torch

    return torch.from_numpy(model.scaling.static(conditions)).to(_device(model))


def _possible(values: np.ndarray, columns, latest: float | None = None) -> np.ndarray:
    """Predictions that no recording can have (before the stimulus, after the end of the trace) become missing."""
    for i, column in enumerate(columns):
        largest = column.maximum if latest is None else min(column.maximum, latest)
        values[:, i] = np.where((values[:, i] >= column.minimum) & (values[:, i] <= largest), values[:, i], np.nan)
    return values


def on_peaks(decoded: Draws, sampling: Sampling) -> Draws:
    """Waves as a clinician marks them: on the recording's peak nearest to where the model says the wave is.

    Where there is none within 0.3 ms the model's own latency stays. The residual noise at the peak adds to the
    amplitude, as it does to one that is measured on a recording.
    """
    latency, amplitude = decoded.latency_ms.copy(), decoded.amplitude_uv.copy()
    noise = decoded.recording - decoded.response
    step_ms = 1000.0 / sampling.rate_hz
    for wave in range(len(WAVES)):
        found, _ = pick_wave(decoded.recording, sampling, latency[:, wave], PEAK_WITHIN_MS, choose="nearest")
        on_peak = np.flatnonzero(np.isfinite(found))
        latency[on_peak, wave] = found[on_peak]
        sample = np.rint((found[on_peak] - sampling.start_ms) / step_ms).astype(int)
        amplitude[on_peak, wave] += noise[on_peak, sample]
    return replace(decoded, latency_ms=latency, amplitude_uv=_possible(amplitude, AMPLITUDES))


def present_labels(decoded: Draws, generator: torch.Generator) -> np.ndarray:
    """[B, 6] labels, NaN where the wave is not marked. Latency and amplitude of a wave share their random number:
    whoever marks a peak gets both."""
    import torch

    labels = np.hstack([decoded.latency_ms, decoded.amplitude_uv])
    if decoded.marked is None:
        return labels
    chance = torch.rand((len(labels), len(WAVES)), generator=generator).numpy()
    return np.where(np.hstack([chance, chance]) < decoded.marked, labels, np.nan)


def as_cohort(
    model: TrainedModel, conditions: pd.DataFrame, waveforms: np.ndarray, labels: np.ndarray, seed: int, content: str
) -> Cohort:
    """Generated ``waveforms`` [N, T] µV of ``conditions`` (N rows) with ``labels`` [N, 6], as a cohort that says so."""
    different = conditions.drop_duplicates()
    provenance = generated_provenance(
        model,
        seed,
        content,
        conditions=different.head(CONDITIONS_LISTED).to_dict("records"),
        different_conditions=len(different),
        outside_training_support=outside_conditions(model.support, different),
    )
    return Cohort(waveforms, generated_table(conditions, labels), model.sampling, provenance)


def generated_table(conditions: pd.DataFrame, labels: np.ndarray, first: int = 0) -> pd.DataFrame:
    """Names, conditions [n rows] and labels [n, 6] side by side; the first row is row ``first`` (from 0) of its cohort,
    and its name is that number."""
    ids = [f"generated-{i:06d}" for i in range(first + 1, first + len(conditions) + 1)]
    names = [latency_column(w) for w in WAVES] + [amplitude_column(w) for w in WAVES]
    return pd.concat(
        [pd.DataFrame({"recording_id": ids, "patient_id": ids}), conditions, pd.DataFrame(labels, columns=names)],
        axis=1,
    )


def generated_provenance(model: TrainedModel, seed: int, content: str, **more) -> Provenance:
    """What generated recordings are and which model made them; ``more`` goes into the details."""
    details = {
        "model_id": model.model_id,
        "preset": model.preset.name,
        "seed": seed,
        "content": content,
        "trained_on": model.support.get("kind"),
        "training_support": support_summary(model.support),
    }
    source = f"model {model.model_id} ({model.preset.name})"
    return Provenance(kind=Kind.GENERATED, source=source, details=details | more)
