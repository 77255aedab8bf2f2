"""A network whose latents and noise are known, and recordings of it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from abr_model.configuration import LatentFlowConfig
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import ModelInputs

SAMPLES = 40
RECORDINGS = 3000


class OneInformed(nn.Module):
    """Latent 1 of three is informed by the recording (its label); the prior of all three moves with the level."""

    latent, samples = 3, SAMPLES

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def prior_of(self, static):
        mean = static[:, 1:2] * torch.tensor([1.0, 2.0, -1.0])
        return mean, torch.full_like(mean, 2 * torch.log(torch.tensor(0.5)).item())

    def encode(self, batch):
        mean, log_variance = self.prior_of(batch.static)
        known = torch.tensor([False, True, False])
        return Posterior(
            torch.where(known, batch.latency, mean), torch.where(known, -8.0, log_variance), mean, log_variance
        )

    def decode(self, z, static):
        return Decoded(torch.zeros(len(z), SAMPLES), torch.zeros(len(z), 3), torch.zeros(len(z), 3))


@pytest.fixture(scope="session")
def one_informed():
    """The network's class."""
    return OneInformed


@pytest.fixture(scope="session")
def inputs() -> ModelInputs:
    """White noise and, now and then, a large slow wave that goes up where z is high and down where it is low."""
    made = torch.Generator().manual_seed(5)
    static = torch.cat([torch.randn(RECORDINGS, 3, generator=made), torch.zeros(RECORDINGS, 1)], 1)
    z = torch.randn(RECORDINGS, 1, generator=made)
    wave = torch.sin(torch.linspace(0, torch.pi, SAMPLES))
    noise = 0.3 * torch.randn(RECORDINGS, SAMPLES, generator=made) + 2 * z * wave
    label = 2 * static[:, 1:2] + 0.5 * z
    labels = torch.cat([torch.zeros_like(label), label, torch.zeros_like(label)], 1)
    return ModelInputs(noise, static, labels, torch.zeros(RECORDINGS, 3), torch.ones(RECORDINGS, 6))


@pytest.fixture(scope="session")
def settings():
    """Makes settings of a small flow."""

    def settings_(**changes) -> LatentFlowConfig:
        changes = {"noise_sizes": "normal scores", "training_steps": 800} | changes
        return LatentFlowConfig(bands=(0, 1, 6, SAMPLES), hidden=32, **changes)

    return settings_
