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
    slow_noise
        [B, K] coefficients of the leading noise components that were drawn with z, in units of the noise's colour; None
        where only their size was. Without them (``dataclasses.replace(draw, slow_noise=None)``) noise has that size in
        a new direction: the same ear recorded again.
    """

    z: Tensor
    noise_scale: Tensor | None = None
    slow_noise: Tensor | None = None


def normal_numbers(rows: int, columns: int, generator: torch.Generator, ears: int | None = None) -> Tensor:
    """[rows, columns] from N(0, 1); with ``ears`` (a divisor of ``rows``), row i + ears repeats row i."""
    if ears is None:
        return torch.randn(rows, columns, generator=generator)
    return torch.randn(ears, columns, generator=generator).repeat(rows // ears, 1)


class Sampler(nn.Module):
    """Draws z for conditions, and residual noise. All randomness comes from the generator that is passed in."""

    def bind(self, network: nn.Module) -> None:
        """Say whose latents are drawn, before the first :meth:`draw`; nothing to do unless overridden."""

    def draw(self, static: Tensor, generator: torch.Generator, ears: int | None = None) -> LatentDraw:
        """One z (and noise size) per row of ``static`` [B, 4]; ``ears`` as in :func:`normal_numbers`."""
        raise NotImplementedError

    def residual_noise(self, draw: LatentDraw, generator: torch.Generator, ears: int | None = None) -> Tensor | None:
        """Noise [B, T] in scaled units to add to the decoded waveform, or None; ``ears`` as for :meth:`draw`."""
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
