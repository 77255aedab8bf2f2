"""What flows through a trained model for one recording: outputs of its parts, attention, latent code, response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from abr_model.generation.inference import on_time_axis
from abr_model.network.trace import Attention, token_edges, trace
from abr_model.preparation import model_inputs
from abr_model.schema import LABEL_NAMES

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.model import TrainedModel


@dataclass(frozen=True)
class LatentCode:
    """z of one recording: posterior and prior, ``mean`` and ``sd`` [L] each, and ``kl`` [L] between them, nats."""

    mean: np.ndarray
    sd: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    kl: np.ndarray


@dataclass(frozen=True)
class Flow:
    """One recording on its way through a model.

    Parameters
    ----------
    time_ms
        [T], the model's time axis.
    recording_uv, response_uv
        [T]: the recording as the model sees it, and what it decodes from the mean of z.
    edges_ms
        [tokens + 1]: where the encoder's tokens lie on the trace.
    attention
        Of every layer, for this recording: weights [1, heads, Q, K].
    outputs
        Path of a part → what it puts out, without the batch axis.
    latent
        z.
    marked, read
        [6] labels (latencies in ms, amplitudes in µV): as somebody marked them (NaN: not), and as they are decoded from
        the mean of z.
    """

    time_ms: np.ndarray
    recording_uv: np.ndarray
    response_uv: np.ndarray
    edges_ms: np.ndarray
    attention: tuple[Attention, ...]
    outputs: dict[str, np.ndarray]
    latent: LatentCode
    marked: np.ndarray
    read: np.ndarray

    def attention_of(self, part: str, crosses: bool = False) -> list[Attention]:
        """Of ``"encoder"`` or ``"decoder"``, layer by layer; self-attention, or the one that looks at the memory."""
        return [a for a in self.attention if a.part == part and a.crosses == crosses]


def flow_of(model: TrainedModel, recording: Cohort, parts: Sequence[str] = ()) -> Flow:
    """Follow one recording.

    Parameters
    ----------
    recording
        A cohort of one recording, on any time axis that covers the model's.
    parts
        Paths of the modules whose output is wanted.

    Raises
    ------
    InputError
        A condition of the recording is missing, or it does not cover the model's window.
    """
    fitted = on_time_axis(model, recording)
    inputs = model_inputs(fitted, model.scaling)
    found = trace(model.network, inputs, parts)
    with torch.no_grad():
        posterior = model.network.encode(inputs)
        decoded = model.network.decode(posterior.mean, inputs.static)
    latency, amplitude = model.scaling.labels_to_units(decoded.latency, decoded.amplitude)
    encoder = [a for a in found.attention if a.part == "encoder"]
    samples = model.network.samples
    tokens = encoder[0].weights.shape[-1] if encoder else 1
    step = 1000 / model.sampling.rate_hz
    return Flow(
        time_ms=model.sampling.time_ms(samples),
        recording_uv=fitted.waveforms[0],
        response_uv=model.scaling.waveform_to_uv(decoded.waveform)[0],
        edges_ms=model.sampling.start_ms + step * token_edges(model.network, samples, tokens),
        attention=found.attention,
        outputs={name: values[0] for name, values in found.outputs.items()},
        latent=_latent(posterior),
        marked=fitted.table[list(LABEL_NAMES)].to_numpy(float)[0],
        read=np.concatenate([latency[0], amplitude[0]]),
    )


def _latent(posterior) -> LatentCode:
    mean, sd = posterior.mean[0], posterior.log_variance[0].mul(0.5).exp()
    prior_mean, prior_sd = torch.zeros_like(mean), torch.ones_like(sd)
    if posterior.prior_mean is not None:
        prior_mean, prior_sd = posterior.prior_mean[0], posterior.prior_log_variance[0].mul(0.5).exp()
    kl = posterior.kl_per_latent()[0]
    return LatentCode(*(values.cpu().numpy() for values in (mean, sd, prior_mean, prior_sd, kl)))
