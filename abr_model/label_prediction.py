"""What a network says about wave labels that it is not shown: from draws of z ~ q(z | trace, labels that it is shown).

A label's distribution is the mixture, over the draws, of what the decoder says at each: a Gaussian with the label's
learned SD where the network has one. The same few random numbers, in pairs of opposite sign, serve every recording, so
a recording's prediction does not depend on which others stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from abr_model.schema import WAVES

if TYPE_CHECKING:
    import torch
    from torch import nn

    from abr_model.label_reading import LabelReading
    from abr_model.preparation import ModelInputs
    from abr_model.scaling import Scaling

BLOCK = 256
"""Recordings that go through the network together: memory stays bounded."""
DRAWS = 4
"""Draws of z per recording. Their mean predicts as well as that of 16 (measured): the trace says nearly all of z."""
SMALLEST_AMPLITUDE_UV = 0.01


@dataclass(frozen=True)
class LabelPrediction:
    """Predicted labels of N recordings, latencies I III V in ms, then amplitudes in µV.

    Parameters
    ----------
    mean, sd
        [N, 6]; NaN for a wave never marked in training; ``sd`` is NaN where the network has no SD of labels.
    difficulty
        [N, 6], how hard the label is to tell: for an amplitude the root mean square of what the reconstruction leaves
        of the trace, µV; for a latency the same over the wave's predicted amplitude. A mark strays the more often the
        less the wave stands out of the noise.
    marked
        [N, 6] probability that the label is marked, or None where the network does not tell.
    response_uv
        [N, T] mean over the draws of the response that the network sees under the recording.
    """

    mean: np.ndarray
    sd: np.ndarray
    difficulty: np.ndarray
    marked: np.ndarray | None
    response_uv: np.ndarray

    @property
    def scale(self) -> np.ndarray:
        """[N, 6] what an error is measured in: the SD where the network has one, else 1 ms or µV."""
        return np.where(np.isfinite(self.sd), self.sd, 1.0)

    def rows(self, kept: slice) -> LabelPrediction:
        """Those of some recordings."""
        marked = None if self.marked is None else self.marked[kept]
        return LabelPrediction(self.mean[kept], self.sd[kept], self.difficulty[kept], marked, self.response_uv[kept])


def predict_labels(
    network: nn.Module,
    scaling: Scaling,
    inputs: ModelInputs,
    draws: int = DRAWS,
    seed: int = 0,
    on_progress: Callable[[float], None] | None = None,
    *,
    reading: LabelReading | None = None,
) -> LabelPrediction:
    """Labels of ``inputs``, of which the network is shown those with mask 1 (:func:`hidden` takes some away).

    Parameters
    ----------
    network, scaling
        Of a trained model; the network in evaluation mode.
    inputs
        N recordings.
    draws
        Draws of z per recording, an even number.
    seed
        Of the draws.
    reading
        How marks follow the recording; left out, the labels are those of the response.
    """
    import torch

    half = torch.randn(max(1, draws // 2), network.latent, generator=torch.Generator().manual_seed(seed))
    noise = torch.cat([half, -half])
    blocks: list[LabelPrediction] = []
    with torch.inference_mode():
        for rows, padded in row_blocks(len(inputs)):
            found = _predict_block(network, scaling, inputs[padded], noise, reading)
            blocks.append(found.rows(slice(0, rows.stop - rows.start)))
            if on_progress:
                on_progress(rows.stop / len(inputs))
    return LabelPrediction(
        np.concatenate([b.mean for b in blocks]),
        np.concatenate([b.sd for b in blocks]),
        np.concatenate([b.difficulty for b in blocks]),
        None if blocks[0].marked is None else np.concatenate([b.marked for b in blocks]),
        np.concatenate([b.response_uv for b in blocks]),
    )


def hidden(inputs: ModelInputs, labels: list[int] | tuple[int, ...]) -> ModelInputs:
    """The same recordings without the labels at these positions of the mask (0 … 5), as if they were not marked."""
    shown = inputs.mask.clone()
    shown[:, list(labels)] = 0
    return replace(inputs, mask=shown, latency=inputs.latency * shown[:, :3], amplitude=inputs.amplitude * shown[:, 3:])


def labels_of_wave(label: int) -> tuple[int, int]:
    """Positions of latency and amplitude of the wave that this label belongs to."""
    wave = label % len(WAVES)
    return wave, wave + len(WAVES)


def row_blocks(n: int) -> Iterator[tuple[slice, torch.Tensor]]:
    """Rows 0 … n in blocks, and the positions to compute for each: the last row is repeated to fill a short block,
    because sums over blocks of equal shape are equal bit for bit."""
    import torch

    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n)), torch.arange(start, start + BLOCK).clamp_max(n - 1)


def _predict_block(
    network: nn.Module, scaling: Scaling, batch: ModelInputs, noise: torch.Tensor, reading: LabelReading | None
) -> LabelPrediction:
    import torch

    batch = batch.to(next(network.parameters()).device)
    posterior = network.encode(batch)
    spread = torch.exp(0.5 * posterior.log_variance)
    means, variances, chances, waveform = [], [], [], 0.0
    for numbers in noise.to(posterior.mean):
        decoded = network.decode(posterior.mean + numbers * spread, batch.static)
        means.append(torch.cat([decoded.latency, decoded.amplitude], 1))
        waveform = waveform + decoded.waveform / len(noise)
        if decoded.label_log_sd is not None:
            variances.append(torch.exp(2 * decoded.label_log_sd).expand_as(means[-1]))
        if decoded.marked is not None:
            chances.append(torch.sigmoid(decoded.marked))
    mean = torch.stack(means)
    within = torch.stack(variances).mean(0) if variances else torch.full_like(mean[0], torch.nan)
    sd = (mean.var(0, correction=0) + within).sqrt()
    units = np.array([np.nan if s is None else s for s in scaling.label_sd])
    values = np.hstack(scaling.labels_to_units(mean.mean(0)[:, :3], mean.mean(0)[:, 3:]))
    recording, response = scaling.waveform_to_uv(batch.waveform), scaling.waveform_to_uv(waveform)
    left = np.sqrt(((recording.astype(np.float64) - response) ** 2).mean(1, keepdims=True))
    if reading is not None:
        known = scaling.labels_to_units(batch.latency, batch.amplitude)[0].astype(np.float64)
        known[batch.mask[:, : len(WAVES)].cpu().numpy() == 0] = np.nan
        values = reading.read(values, known, recording, response)
    stands_out = np.fmax(values[:, 3:], SMALLEST_AMPLITUDE_UV)
    return LabelPrediction(
        mean=values,
        sd=sd.cpu().numpy().astype(np.float64) * units,
        difficulty=np.hstack([left / stands_out, np.repeat(left, 3, axis=1)]),
        marked=torch.stack(chances).mean(0).cpu().numpy() if chances else None,
        response_uv=response,
    )
