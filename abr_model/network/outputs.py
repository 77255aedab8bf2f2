"""What a network gives: the posterior of the latent, and the decoded recording. All in scaled units."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Posterior:
    """Gaussian q(z | recording), and the prior that its KL is measured against.

    Parameters
    ----------
    mean, log_variance
        [B, L].
    prior_mean, prior_log_variance
        [B, L]: Gaussian p(z | conditions); None means N(0, I).
    """

    mean: Tensor
    log_variance: Tensor
    prior_mean: Tensor | None = None
    prior_log_variance: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z [B, L] by reparameterisation; from ``generator`` where one is given."""
        # Drawn where the generator lives: one of the CPU gives the same z on any device.
        device = self.mean.device if generator is None else generator.device
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype, device=device)
        return self.mean + noise.to(self.mean.device) * torch.exp(0.5 * self.log_variance)

    def kl_per_latent(self) -> Tensor:
        """KL of each latent unit to its prior, nats: [B, L]."""
        mean, log_variance = self.mean, self.log_variance
        if self.prior_mean is None:
            return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        distance = (mean - self.prior_mean).square() * torch.exp(-self.prior_log_variance)
        ratio = log_variance - self.prior_log_variance
        return 0.5 * (distance + ratio.exp() - 1 - ratio)

    def kl(self) -> Tensor:
        """KL of the posterior to the prior, nats summed over the latent: [B]."""
        return self.kl_per_latent().sum(1)


@dataclass
class Decoded:
    """A decoded recording, in scaled units.

    Parameters
    ----------
    waveform
        [B, T], the mean response without residual noise.
    latency, amplitude
        [B, 3], waves I, III, V.
    static
        [B, 8] or None: conditions proposed from z – age, intensity, rate, five hearing-loss logits.
    marked
        [B, 6] or None: logits that a wave label is marked, in the order of the mask.
    label_log_sd
        [6] or None: logarithm of the SD of the labels around ``latency`` and ``amplitude``.
    """

    waveform: Tensor
    latency: Tensor
    amplitude: Tensor
    static: Tensor | None = None
    marked: Tensor | None = None
    label_log_sd: Tensor | None = None
