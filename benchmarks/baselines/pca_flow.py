"""Principal components and a conditional flow, without a VAE: what a deep model must beat.

The 32 components of the scaled training traces take the place of the encoder and decoder; the product's own latent flow
draws them, together with the size in bands of what they leave out, for the conditions asked for. What they leave out is
then drawn in the colour of its covariance. A small network reads the wave labels off components and conditions.

It has what helped the product's model: the running mean of the flow's weights, a cosine schedule, noise sizes that go
with the components, jitter on the conditions. It lacks only what a decoder could learn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from abr_model.cohort import Cohort
from abr_model.configuration import LatentFlowConfig, Preset
from abr_model.evaluation.comparison import Generate
from abr_model.network.outputs import Decoded, Posterior
from abr_model.network.streams import CONDITION_FEATURES, condition_features
from abr_model.preparation import ModelInputs, model_inputs
from abr_model.sampler import fit_sampler
from abr_model.schema import LABELS, WAVES
from abr_model.training.parts import Parts

from .generated import generated_cohort

COMPONENTS = 32
BANDS = (0.0, 0.04, 0.1, 0.18, 0.28, 0.42, 0.65, 1.0)
"""Edges of the noise bands, as shares of the eigenvectors that the components leave."""
FLOW = {"hidden": 192, "blocks": 3, "training_steps": 6000, "batch_size": 256, "learning_rate": 0.002, "ema": 0.995}
READER_STEPS, READER_BATCH, READER_WIDTH = 3000, 256, 128
AT_ONCE = 1024


class PrincipalComponents(nn.Module):
    """Encoder and decoder of a linear model, as the sampler expects them: z [B, 32] without any posterior noise."""

    def __init__(self, traces: Tensor, components: int):
        super().__init__()
        mean = traces.mean(0)
        axes = torch.linalg.eigh(torch.cov((traces - mean).T.double())).eigenvectors.flip(1)[:, :components].T
        self.mean, self.axes = (nn.Parameter(t.float(), requires_grad=False) for t in (mean, axes))
        self.latent, self.samples = components, traces.shape[1]

    def encode(self, batch: ModelInputs) -> Posterior:
        """The components of the batch's waveforms; variance 0."""
        z = (batch.waveform - self.mean) @ self.axes.T
        return Posterior(z, torch.full_like(z, -torch.inf))

    def decode(self, z: Tensor, static: Tensor) -> Decoded:
        """The waveform of these components; no labels."""
        unknown = z.new_zeros(len(z), len(WAVES))
        return Decoded(z @ self.axes + self.mean, unknown, unknown)


class LabelReader(nn.Module):
    """Wave labels from components and conditions: mean and SD of each, and whether a wave is marked."""

    def __init__(self, components: int):
        super().__init__()
        size = components + CONDITION_FEATURES
        self.layers = nn.Sequential(
            nn.Linear(size, READER_WIDTH), nn.SiLU(), nn.Linear(READER_WIDTH, READER_WIDTH), nn.SiLU()
        )
        self.mean = nn.Linear(READER_WIDTH, len(LABELS))
        self.marked = nn.Linear(READER_WIDTH, len(LABELS))
        self.log_sd = nn.Parameter(torch.zeros(len(LABELS)))
        self.register_buffer("scale", torch.ones(components))

    def forward(self, z: Tensor, static: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled labels [B, 6] and logits of being marked [B, 6]."""
        hidden = self.layers(torch.cat([z / self.scale, condition_features(static)], 1))
        return self.mean(hidden), self.marked(hidden)

    def fit(self, z: Tensor, inputs: ModelInputs, generator: torch.Generator) -> None:
        """Masked Gaussian likelihood of the labels and likelihood of the mask."""
        self.scale.copy_(z.std(0))
        labels, mask = torch.cat([inputs.latency, inputs.amplitude], 1), inputs.mask
        optimiser = torch.optim.Adam(self.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, READER_STEPS)
        for _ in range(READER_STEPS):
            rows = torch.randint(len(z), (READER_BATCH,), generator=generator)
            mean, marked = self(z[rows], inputs.static[rows])
            surprise = 0.5 * ((labels[rows] - mean) / self.log_sd.exp()).square() + self.log_sd
            loss = (mask[rows] * surprise).mean() + binary_cross_entropy_with_logits(marked, mask[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()

    @torch.no_grad()
    def draw(self, z: Tensor, static: Tensor, generator: torch.Generator) -> Tensor:
        """Scaled labels [B, 6], NaN where not marked; latency and amplitude of a wave are marked together."""
        mean, marked = self(z, static)
        labels = mean + self.log_sd.exp() * torch.randn(mean.shape, generator=generator)
        chance = torch.rand(len(z), len(WAVES), generator=generator).repeat(1, 2)
        return labels.masked_fill(chance >= marked.sigmoid(), torch.nan)


def fit(
    parts: Parts, preset: Preset, seed: int, on_progress: Callable[[float], None] | None = None, **flow
) -> Generate:
    """Components, flow, noise and labels of the training part. ``flow`` replaces values of :data:`FLOW`."""
    scaling, sampling = parts.scaling, parts.train.sampling
    inputs = model_inputs(parts.train, scaling)
    components = min(COMPONENTS, inputs.waveform.shape[1] // 4)
    network = PrincipalComponents(inputs.waveform, components)
    config = LatentFlowConfig(bands=noise_bands(network.samples, components), **(FLOW | flow))

    def report(done: int, steps: int) -> None:
        if on_progress:
            on_progress(0.9 * done / steps)

    sampler = fit_sampler(config, network, None, inputs, seed, report)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = LabelReader(components)
    reader.fit(network.encode(inputs).mean, inputs, torch.Generator().manual_seed(seed))
    if on_progress:
        on_progress(1.0)

    @torch.inference_mode()
    def generate(conditions: pd.DataFrame, seed: int) -> Cohort:
        generator = torch.Generator().manual_seed(seed)
        traces, labels = [], []
        for static in torch.from_numpy(scaling.static(conditions)).split(AT_ONCE):
            drawn = sampler.draw(static, generator)
            traces.append(network.decode(drawn.z, static).waveform + sampler.residual_noise(drawn, generator))
            labels.append(reader.draw(drawn.z, static, generator))
        latency, amplitude = scaling.labels_to_units(*torch.cat(labels).split(len(WAVES), 1))
        return generated_cohort(
            "pca_flow",
            conditions,
            scaling.waveform_to_uv(torch.cat(traces)),
            sampling,
            seed,
            np.hstack([latency, amplitude]),
            components=components,
        )

    return generate


def noise_bands(samples: int, components: int) -> tuple[int, ...]:
    """Edges of the noise bands: the last band holds the directions of the components, where nothing is left."""
    left = samples - components
    return (*sorted({round(share * left) for share in BANDS}), samples)
