"""Recordings as a network codes them, in units of what is usual for their conditions.

A code is (z − m) / s with m, s those of p(z | conditions): 0 is the usual ear, 1 an ear one SD off. Where the network
has no such prior, z is the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from abr_model.label_prediction import BLOCK

if TYPE_CHECKING:
    from torch import nn

    from abr_model.model import TrainedModel
    from abr_model.preparation import ModelInputs


@dataclass(frozen=True)
class Codes:
    """Codes of N recordings on the CPU.

    Parameters
    ----------
    mean, sd
        [N, L] of the Gaussian q(z | recording, labels that exist), in units of p(z | conditions).
    static
        [N, 4] the conditions as the network sees them.
    kl
        [N, L] of q to p, nats.
    """

    mean: Tensor
    sd: Tensor
    static: Tensor
    kl: Tensor

    def __len__(self) -> int:
        return len(self.mean)

    def __getitem__(self, rows) -> Codes:
        return Codes(self.mean[rows], self.sd[rows], self.static[rows], self.kl[rows])


@torch.no_grad()
def codes_of(network: nn.Module, inputs: ModelInputs) -> Codes:
    """Codes of recordings; those beside a recording change its code by rounding errors at most."""
    device = next(network.parameters()).device
    found = []
    for rows in _blocks(len(inputs)):
        batch = inputs[rows].to(device)
        posterior = network.encode(batch)
        centre, spread = _prior(posterior.mean, posterior.prior_mean, posterior.prior_log_variance)
        sd = posterior.log_variance.mul(0.5).exp()
        parts = ((posterior.mean - centre) / spread, sd / spread, batch.static, posterior.kl_per_latent())
        found.append([part.cpu() for part in parts])
    return Codes(*(torch.cat(parts) for parts in zip(*found, strict=True)))


@torch.no_grad()
def latent_of(network: nn.Module, codes: Tensor, static: Tensor) -> Tensor:
    """z [B, L] of codes [B, L] under conditions [B, 4], on the network's device."""
    device = next(network.parameters()).device
    codes, static = codes.to(device), static.to(device)
    centre, spread = _prior(codes, *network.prior_of(static))
    return codes * spread + centre


@torch.no_grad()
def responses_of(model: TrainedModel, codes: Tensor, static: Tensor) -> np.ndarray:
    """Responses without residual noise [B, T], µV float64, of codes [B, L] under conditions [B, 4]."""
    found = []
    for rows in _blocks(len(codes)):
        z = latent_of(model.network, codes[rows], static[rows])
        found.append(model.scaling.waveform_to_uv(model.network.decode(z, static[rows].to(z)).waveform))
    return np.concatenate(found).astype(np.float64)


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def _prior(like: Tensor, mean: Tensor | None, log_variance: Tensor | None) -> tuple[Tensor, Tensor]:
    if mean is None:
        return torch.zeros_like(like), torch.ones_like(like)
    return mean, log_variance.mul(0.5).exp()
