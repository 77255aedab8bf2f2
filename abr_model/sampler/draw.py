"""What a sampler is and what it draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from abr_model.objective import Objective
    from abr_model.preparation import ModelInputs

Progress = Callable[[int, int], None]


@dataclass
class LatentDraw:
    """One draw per row of conditions.

    Parameters
    ----------
    z
        [B, L].
    noise_scale
        [B, bands] size of the residual noise per band, in scaled units; None where the sampler has no noise.
    """

    z: Tensor
    noise_scale: Tensor | None = None


class Sampler(nn.Module):
    """Draws z for conditions, and residual noise. All randomness comes from the generator that is passed in."""

    def draw(self, static: Tensor, generator: torch.Generator) -> LatentDraw:
        """One z (and noise size) per row of ``static`` [B, 4]."""
        raise NotImplementedError

    def residual_noise(self, draw: LatentDraw, generator: torch.Generator) -> Tensor | None:
        """Noise [B, T] in scaled units to add to the decoded waveform, or None."""
        raise NotImplementedError

    def fit(
        self,
        network: nn.Module,
        objective: Objective,
        inputs: ModelInputs,
        seed: int,
        on_progress: Progress | None = None,
    ) -> None:
        """Fit to a trained network; nothing to do unless overridden."""
