"""Importance-weighted bound on the log-likelihood (Burda, Grosse & Salakhutdinov 2016, IWAE)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.stats
import torch

from abr_model.evaluation.inference.noise_density import NoiseDensity
from abr_model.network.streams import present

if TYPE_CHECKING:
    from torch import nn

    from abr_model.network import Posterior
    from abr_model.preparation import ModelInputs
    from abr_model.scaling import Scaling

ROWS = 16
"""Recordings at a time, each with all its draws."""


@dataclass(frozen=True)
class LabelDensity:
    """Each label around what the decoder says: Student's t of scale ``sd`` [6] in ms and µV; NaN: label never marked.

    Of infinite ``degrees`` of freedom it is Gaussian and ``sd`` its SD.
    """

    sd: np.ndarray
    degrees: float = np.inf

    def log_density(self, errors: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """[n] nats of errors [n, 6] (ms, µV), summed over the labels with mask 1."""
        each = scipy.stats.t.logpdf(errors, self.degrees, scale=self.sd)
        return np.where(mask > 0, each, 0.0).sum(1)


def log_weights(
    network: nn.Module,
    scaling: Scaling,
    shown: ModelInputs,
    told: ModelInputs,
    waveform: NoiseDensity,
    labels: LabelDensity | None,
    draws: int,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """[n, draws] log p(x, y | z, c) + log p(z | c) − log q(z | shown): their log-mean-exp bounds log p(x, y | c).

    Parameters
    ----------
    network, scaling
        Of a trained model; the network in evaluation mode.
    shown
        What q(z | …) sees; may lack labels.
    told
        The same recordings with the labels that count.
    waveform, labels
        Densities in µV and ms; without ``labels`` the bound is on the traces alone.
    draws
        Per recording.
    seed
        Of the draws; a recording's draws depend on its row.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(network.parameters()).device
    units = np.array([np.nan if s is None else s for s in scaling.label_sd])
    size = np.asarray(scaling.waveform_sd_uv)
    found = []
    with torch.inference_mode():
        for rows in torch.arange(len(told)).split(ROWS):
            posterior, batch = network.encode(shown[rows].to(device)), told[rows].to(device)
            noise = torch.randn(len(rows), draws, network.latent, generator=generator).to(posterior.mean)
            z = posterior.mean.unsqueeze(1) + noise * posterior.log_variance.mul(0.5).exp().unsqueeze(1)
            decoded = network.decode(z.flatten(0, 1), batch.static.repeat_interleave(draws, 0))
            left = batch.waveform.repeat_interleave(draws, 0) - decoded.waveform
            weight = waveform.log_density(left.cpu().double().numpy() * size)
            if labels is not None:
                marked = batch.mask.repeat_interleave(draws, 0)
                marks = present(torch.cat([batch.latency, batch.amplitude], 1), batch.mask).repeat_interleave(draws, 0)
                errors = (marks - torch.cat([decoded.latency, decoded.amplitude], 1)).cpu().double().numpy()
                weight = weight + labels.log_density(errors * units, marked.cpu().numpy())
            ratio = _log_prior_over_posterior(posterior, noise, z)
            found.append(weight.reshape(len(rows), draws) + ratio.cpu().double().numpy())
            if on_progress:
                on_progress((int(rows[-1]) + 1) / len(told))
    return np.concatenate(found)


def bound(weights: np.ndarray, draws: int) -> np.ndarray:
    """[n] the bound from ``draws`` draws, averaged over as many groups of them as the weights [n, K] hold."""
    from scipy.special import logsumexp

    groups = weights.shape[1] // draws
    each = weights[:, : groups * draws].reshape(len(weights), groups, draws)
    return (logsumexp(each, axis=2) - np.log(draws)).mean(1)


def effective_draws(weights: np.ndarray) -> np.ndarray:
    """[n] Kish's effective number of draws: 1 where one draw has all the weight."""
    shares = np.exp(weights - weights.max(1, keepdims=True))
    return shares.sum(1) ** 2 / (shares**2).sum(1)


def _log_prior_over_posterior(posterior: Posterior, noise: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """log p(z | c) − log q(z | …) of z [n, draws, L]; 2π cancels."""
    log_q = -0.5 * noise.square() - 0.5 * posterior.log_variance.unsqueeze(1)
    if posterior.prior_mean is None:
        log_p = -0.5 * z.square()
    else:
        variance = posterior.prior_log_variance.unsqueeze(1)
        log_p = -0.5 * (z - posterior.prior_mean.unsqueeze(1)).square() * torch.exp(-variance) - 0.5 * variance
    return (log_p.double() - log_q.double()).sum(2)
