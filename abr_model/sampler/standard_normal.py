"""z from N(0, I), without residual noise: how the original sampled."""

from __future__ import annotations

import torch
from torch import Tensor

from abr_model.sampler.draw import LatentDraw, Sampler, normal_numbers


class StandardNormal(Sampler):
    """z ~ N(0, I) whatever the conditions. The decoded mean stands alone: no residual noise.

    With a β that ends far below 1 the latents that the encoder gives are far from N(0, I), so these draws are worse
    than the reconstructions ("Faults" of the original description; kept for comparison).
    """

    def __init__(self, latent: int):
        super().__init__()
        self.latent = latent

    def draw(self, static: Tensor, generator: torch.Generator, ears: int | None = None) -> LatentDraw:
        """z [B, L] from N(0, I)."""
        return LatentDraw(normal_numbers(len(static), self.latent, generator, ears).to(static))

    def residual_noise(self, draw: LatentDraw, generator: torch.Generator, ears: int | None = None) -> Tensor | None:
        """None: this sampler has no residual noise."""
        return None
