"""What the fit of a preset's sampler costs on this machine."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from abr_model.configuration import LatentFlowConfig, Preset
from abr_model.network import build_network
from abr_model.residual_noise import noise_covariance
from abr_model.sampler.latent_flow import RIDGE, LatentFlow, drawn_latents, drawn_noise
from abr_model.sampler.velocity import Velocity
from abr_model.training.measuring import (
    FEW,
    FLOAT,
    LIGHT_BYTES,
    REPETITIONS,
    TWICE,
    affordable,
    by_depth,
    check_size,
    growth,
    kept,
    once,
    random_recordings,
    weight_bytes,
)

FEWEST, MORE = 64, 1024
"""Residuals on which measuring their colour is timed."""


@dataclass(frozen=True)
class SamplerCost:
    """Costs of a flow's fit: a step on its batch; the noise's colour, what is fixed and what each residual adds."""

    weight_bytes: float
    step_bytes: float
    step_seconds: float
    colour_seconds: float
    residual_seconds: float


def sampler_cost(preset: Preset) -> SamplerCost | None:
    """Try the fit of the preset's flow, on the processor; None where nothing is fitted."""
    config = preset.sampler
    if not isinstance(config, LatentFlowConfig):
        return None
    size = drawn_latents(config, preset.network.latent) + drawn_noise(config)
    light = weight_bytes(lambda: Velocity(size, config.hidden, config.blocks)) <= LIGHT_BYTES

    def tried(blocks: int) -> SamplerCost:
        check_size(weight_bytes(lambda: Velocity(size, config.hidden, blocks)))
        return _sampler_cost(preset, config.model_copy(update={"blocks": blocks}))

    return by_depth(tried, config.blocks, light)


def _sampler_cost(preset: Preset, config: LatentFlowConfig) -> SamplerCost:
    smallest = _smallest(preset)
    network = build_network(smallest.network)
    recordings = random_recordings(64, smallest)

    def fit(batch: int, steps: int) -> LatentFlow:
        changes = {"batch_size": batch, "training_steps": steps, "bands": smallest.sampler.bands}
        asked = config.model_copy(update=changes)
        flow = LatentFlow(asked, network.latent, network.samples)
        flow.fit(network, None, recordings, seed=0)
        return flow

    def step_seconds(batch: int) -> float:
        alone, more = (once(lambda steps=steps: fit(batch, steps)) for steps in (1, 1 + 2 * REPETITIONS))
        return max(more - alone, 1e-6) / (2 * REPETITIONS)

    def colour(residuals: int) -> None:
        torch.linalg.eigh(noise_covariance(torch.randn(residuals, preset.network.samples), RIDGE))

    colour(FEWEST)
    each = growth(*(kept(lambda n=n: fit(n, 1), nn.Module()) for n in (FEW, TWICE)))
    alone, more = (once(lambda n=n: colour(n)) for n in (FEWEST, FEWEST + MORE))
    return SamplerCost(
        weight_bytes=FLOAT * sum(p.numel() for p in fit(8, 1).velocity.parameters()),
        step_bytes=sum(each) * config.batch_size,
        step_seconds=affordable(step_seconds, sum(each), config.batch_size),
        colour_seconds=alone,
        residual_seconds=max(more - alone, 0.0) / MORE,
    )


def _smallest(preset: Preset) -> Preset:
    """With the smallest network and window that have as many latents and bands: of a network and its residuals no more
    enters a step of the flow."""
    bands = len(preset.sampler.bands) - 1
    samples = 40 * -(-bands // 40)
    return preset.changed(
        preparation={"samples": samples},
        network={
            "samples": samples,
            "patch": 20,
            "width": 8 * preset.network.heads,
            "layers": 1,
            "feed_forward": 8,
            "token_channels": 1,
            "hidden": 8,
        },
        sampler={"bands": [*range(bands), samples]},
    )
