"""Where a generated z comes from, and the residual noise on top of the decoded response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abr_model.configuration import LatentFlowConfig, SamplerConfig
from abr_model.sampler.draw import LatentDraw, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from abr_model.objective import Objective
    from abr_model.preparation import ModelInputs

__all__ = ["LatentDraw", "Sampler", "build_sampler", "fit_sampler"]


def build_sampler(config: SamplerConfig, latent: int, samples: int) -> Sampler:
    """A sampler of the right sizes, not fitted: ready for ``load_state_dict``."""
    if isinstance(config, LatentFlowConfig):
        from abr_model.sampler.latent_flow import LatentFlow

        return LatentFlow(config, latent, samples)
    from abr_model.sampler.standard_normal import StandardNormal

    return StandardNormal(latent)


def fit_sampler(
    config: SamplerConfig,
    network: nn.Module,
    objective: Objective,
    inputs: ModelInputs,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Sampler:
    """The sampler of a trained network, fitted on the training recordings.

    Parameters
    ----------
    config
        ``preset.sampler``.
    network, objective
        As training left them; the network's weights are not changed.
    inputs
        The training recordings.
    seed
        Seed of the fit: the same seed gives the same sampler.
    on_progress
        Called with (steps done, steps in all).
    """
    sampler = build_sampler(config, network.latent, network.samples)
    sampler.fit(network, objective, inputs, seed, on_progress)
    return sampler.eval()
