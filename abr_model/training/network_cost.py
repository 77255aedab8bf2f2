"""What a training step of a preset's network costs on this machine."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from abr_model.cohort import Sampling
from abr_model.configuration import Preset
from abr_model.network import build_network
from abr_model.preparation import ModelInputs
from abr_model.residual_noise import residuals
from abr_model.scaling import Scaling
from abr_model.training.measuring import (
    FEW,
    FLOAT,
    LIGHT_BYTES,
    SECONDS,
    TWICE,
    affordable,
    by_depth,
    check_size,
    growth,
    in_memory,
    kept,
    random_recordings,
    seconds_of,
    weight_bytes,
)
from abr_model.training.module import TrainingModule

LARGEST = 5
"""Without a gradient about so many of a layer's tensors are in memory at a time (counted on both networks)."""


@dataclass(frozen=True)
class NetworkCost:
    """Costs of one process's network.

    Parameters
    ----------
    weight_bytes
        Its weights.
    kept_bytes
        What a step keeps for its gradient whatever the batch.
    recording_bytes, passing_bytes
        Per recording: what a step keeps, and what is in memory where no gradient is needed.
    step_seconds
        Of one step on the batch asked for: augmentation, forward, objective, backward, clipping, optimiser.
    pass_seconds
        Of encoding and decoding one recording without a gradient.
    """

    weight_bytes: float
    kept_bytes: float
    recording_bytes: float
    passing_bytes: float
    step_seconds: float
    pass_seconds: float

    def step_bytes(self, batch: int) -> float:
        """What a step on ``batch`` recordings keeps for its gradient."""
        return self.kept_bytes + self.recording_bytes * batch


def network_cost(preset: Preset, batch: int, device: str) -> NetworkCost:
    """Try the network of ``preset`` on ``device``; ``batch`` recordings per step."""
    light = weight_bytes(lambda: build_network(preset.network)) <= LIGHT_BYTES

    def tried(layers: int) -> NetworkCost:
        shallow = preset.changed(network={"layers": layers})
        check_size(weight_bytes(lambda: build_network(shallow.network)))
        return _network_cost(shallow, batch, device)

    return by_depth(tried, preset.network.layers, light)


def _network_cost(preset: Preset, batch: int, device: str) -> NetworkCost:
    module = _Quiet(
        preset, _unscaled(preset), Sampling(rate_hz=15000.0, start_ms=0.0), *([random_recordings(1, preset)] * 2)
    )
    module = module.to(device).train()
    kind = torch.optim.AdamW if preset.training.optimiser == "adamw" else torch.optim.Adam
    optimiser = kind(module.network.parameters(), lr=0.0)  # nothing is learned: a loss of noise cannot run away

    def loss(recordings: ModelInputs) -> torch.Tensor:
        with _precision(preset.training.precision, device):
            return module.training_step(recordings, 0)

    def step(recordings: ModelInputs) -> None:
        optimiser.zero_grad()
        loss(recordings).backward()
        module.configure_gradient_clipping(optimiser)
        optimiser.step()

    few, twice = (kept(lambda n=n: loss(random_recordings(n, preset, device)), module) for n in (FEW, TWICE))
    each = growth(few, twice)
    module.eval()  # dropout keeps more than there is without a gradient
    passing = growth(*(kept(lambda n=n: loss(random_recordings(n, preset, device)), module) for n in (FEW, TWICE)))
    module.train()
    tried = affordable(lambda n: seconds_of(step, random_recordings(n, preset, device)), sum(each), batch)
    passing_bytes = sum(sorted(passing)[-LARGEST:])
    return NetworkCost(
        weight_bytes=FLOAT * sum(p.numel() for p in module.network.parameters()),
        kept_bytes=max(0.0, sum(few) - FEW * sum(each)),
        recording_bytes=sum(each),
        passing_bytes=passing_bytes,
        step_seconds=tried,
        pass_seconds=_pass_seconds(module.network, preset, device, in_memory(passing_bytes)),
    )


def _pass_seconds(network: nn.Module, preset: Preset, device: str, most: int) -> float:
    """Of a recording through encoder and decoder without a gradient, ``most`` of them at a time."""

    def run(recordings: ModelInputs) -> None:
        residuals(network, recordings, torch.Generator(device).manual_seed(0))

    n = min(16, most)
    seconds = seconds_of(run, random_recordings(n, preset, device))
    if seconds < SECONDS / 4:
        n = max(1, int(min(256, most, n * SECONDS / (2 * max(seconds, 1e-4)))))
        seconds = seconds_of(run, random_recordings(n, preset, device))
    return seconds / n


class _Quiet(TrainingModule):
    """Without a trainer there is nobody to log to."""

    def log(self, *args, **options) -> None:
        """Nothing."""

    def log_dict(self, *args, **options) -> None:
        """Nothing."""


def _precision(precision: str, device: str):
    """As Lightning's mixed precision has it."""
    kinds = {"bf16": torch.bfloat16, "16": torch.float16}
    return torch.autocast(device, kinds[precision]) if precision in kinds else nullcontext()


def _unscaled(preset: Preset) -> Scaling:
    """A scaling that leaves numbers as they are."""
    samples = preset.preparation.samples
    shown = samples if preset.scaling.waveform == "per_sample" else 1
    return Scaling(
        age=preset.scaling.age,
        waveform=preset.scaling.waveform,
        samples=samples,
        condition_mean=(0.0,) * 3,
        condition_sd=(1.0,) * 3,
        waveform_mean_uv=(0.0,) * shown,
        waveform_sd_uv=(1.0,) * shown,
        label_mean=(0.0,) * 6,
        label_sd=(1.0,) * 6,
    )
