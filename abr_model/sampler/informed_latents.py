"""Which latents a flow draws, and how it knows them: relative to what the conditions alone say of them.

A VAE leaves latents that it has no use for at their prior: their posterior is p(z | conditions) whatever the recording.
Drawing them by a flow is noise in its input and in its loss. The others are nearly N(0, 1) once the mean of
p(z | conditions) is taken off and its SD divided out, so that the flow has little left to do about the conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from abr_model.residual_noise import CHUNK

if TYPE_CHECKING:
    from abr_model.preparation import ModelInputs


class InformedLatents(nn.Module):
    """The ``count`` latents of ``latent`` that recordings inform most, as :meth:`choose` found them."""

    def __init__(self, latent: int, count: int):
        super().__init__()
        self.latent = latent
        self.register_buffer("chosen", torch.arange(min(count, latent)))

    @torch.no_grad()
    def choose(self, kl: Tensor) -> None:
        """By the mean KL to the prior of each latent, nats: [L]."""
        self.chosen.copy_(kl.cpu().topk(len(self.chosen)).indices.sort().values)

    @torch.no_grad()
    def forward(self, z: Tensor, static: Tensor, network: nn.Module) -> Tensor:
        """The chosen of z [B, L], relative to ``network``'s prior at the conditions ``static`` [B, 4]: [B, count]."""
        mean, sd = prior(network, static)
        return ((z - mean) / sd)[:, self.chosen]

    @torch.no_grad()
    def inverse(self, x: Tensor, normal: Tensor, static: Tensor, network: nn.Module) -> Tensor:
        """z [B, L] of relative numbers x [B, count]; the latents not chosen from ``normal`` [B, L - count], N(0, 1)."""
        mean, sd = prior(network, static)
        relative = torch.empty(len(x), self.latent).to(x)
        others = torch.ones(self.latent, dtype=torch.bool)
        others[self.chosen.cpu()] = False
        relative[:, self.chosen], relative[:, others] = x, normal
        return relative * sd + mean


@torch.no_grad()
def information(network: nn.Module, inputs: ModelInputs) -> Tensor:
    """Mean KL of each latent's posterior to its prior over the recordings of ``inputs``, nats: [L]."""
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    try:
        rows = torch.arange(len(inputs.waveform)).split(CHUNK)
        return sum(network.encode(inputs[some].to(device)).kl_per_latent().sum(0) for some in rows) / len(inputs)
    finally:
        network.train(was_training)


def prior(network: nn.Module, static: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """Mean and SD of the network's p(z | conditions), [B, L] each; 0 and 1 where that is N(0, I)."""
    mean, log_variance = network.prior_of(static)
    return (0.0, 1.0) if mean is None else (mean, (0.5 * log_variance).exp())
