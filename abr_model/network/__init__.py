"""Networks: one readable file each. All have ``encode``, ``decode``, ``forward``, ``latent`` and ``samples``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abr_model.configuration import NetworkConfig, PatchNetworkConfig
from abr_model.network.outputs import Decoded, Posterior

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Decoded", "Posterior", "build_network", "parameter_count"]


def build_network(config: NetworkConfig) -> nn.Module:
    """The network of a preset, freshly initialised from torch's global random state.

    Parameters
    ----------
    config
        ``preset.network``.

    Returns
    -------
    nn.Module
        ``encode(batch) -> Posterior``, ``decode(z, static) -> Decoded``, ``forward(batch) -> (posterior, z, decoded)``.
    """
    if isinstance(config, PatchNetworkConfig):
        from abr_model.network.patch import PatchNetwork

        return PatchNetwork(config)
    from abr_model.network.reference import ReferenceNetwork

    return ReferenceNetwork(config)


def parameter_count(module: nn.Module) -> int:
    """Trainable parameters of a network or a sampler."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
