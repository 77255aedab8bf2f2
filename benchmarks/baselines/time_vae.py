"""TimeVAE made conditional: a convolutional VAE of time series (Desai et al. 2021, arXiv 2111.08095), from its paper.

::

    trace, conditions as 8 more channels ── Conv1d 9→50→100→200 k3 s2, ReLU ── flatten ── mean, log-variance of z
    z, conditions ┬─ Linear, ReLU, Linear ── level + slope·t + curve·t²                              (level and trend)
                  └─ Linear → [200, T/8], ReLU ── ConvTranspose1d 200→100→50→1 k3 s2 ── Linear T→T    (residual part)
                       sum = trace

Training: reconstruction_weight · Σ squared error + KL to N(0, I), as the paper weighs them. Generated traces are the
decoder's mean for z from N(0, I), as there. A response of 13 ms has no seasons: that block of the paper is left out.
It knows of no wave labels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pandas as pd
import torch
from torch import Tensor, nn

from abr_model.cohort import Cohort
from abr_model.configuration import Preset
from abr_model.evaluation.comparison import Generate
from abr_model.network.streams import CONDITION_FEATURES, condition_features
from abr_model.preparation import model_inputs
from abr_model.training.parts import Parts

from .generated import generated_cohort

LATENT = 16
FILTERS = (50, 100, 200)
RECONSTRUCTION_WEIGHT = 0.5
"""The lower end of the paper's 0.5 to 3.5: larger weights draw further from the recordings here."""
EPOCHS, BATCH, LEARNING_RATE = 24, 128, 1e-3
AT_ONCE = 1024


class TimeVae(nn.Module):
    """Conditional TimeVAE for traces of T samples. See the module's figure."""

    def __init__(self, samples: int, latent: int = LATENT, filters: tuple[int, ...] = FILTERS):
        super().__init__()
        self.latent, self.filters = latent, filters
        sizes = [1 + CONDITION_FEATURES, *filters]
        self.encoder = nn.Sequential()
        length = samples
        for a, b in pairwise(sizes):
            self.encoder += nn.Sequential(nn.Conv1d(a, b, 3, stride=2, padding=1), nn.ReLU())
            length = (length + 1) // 2
        self.length = length
        self.posterior = nn.Linear(filters[-1] * length, 2 * latent)
        known = latent + CONDITION_FEATURES
        self.trend = nn.Sequential(nn.Linear(known, 32), nn.ReLU(), nn.Linear(32, 3))
        self.start = nn.Sequential(nn.Linear(known, filters[-1] * length), nn.ReLU())
        back = [*reversed(filters), 1]
        self.residual = nn.Sequential()
        for a, b in pairwise(back):
            self.residual += nn.Sequential(
                nn.ConvTranspose1d(a, b, 3, stride=2, padding=1, output_padding=1), nn.ReLU()
            )
        self.output = nn.Linear(length * 2 ** len(filters), samples)
        time = torch.linspace(0, 1, samples)
        self.register_buffer("powers", torch.stack([torch.ones(samples), time, time**2]))

    def encode(self, waveform: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [B, L] of z for waveform [B, T] and conditions [B, 8]."""
        channels = conditions.unsqueeze(2).expand(-1, -1, waveform.shape[1])
        hidden = self.encoder(torch.cat([waveform.unsqueeze(1), channels], 1))
        return self.posterior(hidden.flatten(1)).chunk(2, 1)

    def decode(self, z: Tensor, conditions: Tensor) -> Tensor:
        """Mean waveform [B, T]."""
        known = torch.cat([z, conditions], 1)
        hidden = self.start(known).view(len(z), self.filters[-1], self.length)
        return self.trend(known) @ self.powers + self.output(self.residual(hidden).flatten(1))

    def loss(self, waveform: Tensor, conditions: Tensor, generator: torch.Generator, weight: float) -> Tensor:
        """Mean over the batch of weight · Σ squared error + KL."""
        mean, log_variance = self.encode(waveform, conditions)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=generator)
        error = (self.decode(z, conditions) - waveform).square().sum(1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return (weight * error + kl).mean()


def fit(
    parts: Parts,
    preset: Preset,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
    epochs: int = EPOCHS,
    reconstruction_weight: float = RECONSTRUCTION_WEIGHT,
) -> Generate:
    """Train on the training part, Adam with a cosine schedule."""
    scaling, sampling = parts.scaling, parts.train.sampling
    inputs = model_inputs(parts.train, scaling)
    conditions = condition_features(inputs.static)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TimeVae(inputs.waveform.shape[1])
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        for rows in torch.randperm(len(inputs), generator=generator).split(BATCH):
            loss = network.loss(inputs.waveform[rows], conditions[rows], generator, reconstruction_weight)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        schedule.step()
        if on_progress:
            on_progress((epoch + 1) / epochs)
    network.eval()

    @torch.inference_mode()
    def generate(conditions: pd.DataFrame, seed: int) -> Cohort:
        generator = torch.Generator().manual_seed(seed)
        traces = [
            network.decode(torch.randn(len(static), LATENT, generator=generator), condition_features(static))
            for static in torch.from_numpy(scaling.static(conditions)).split(AT_ONCE)
        ]
        return generated_cohort("time_vae", conditions, scaling.waveform_to_uv(torch.cat(traces)), sampling, seed)

    return generate
