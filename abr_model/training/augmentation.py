"""Augmentation of a training batch: added noise, and a time shift that moves the trace *and* its latency labels.

The original shifted the trace alone (``original.md``, faults of the original's data handling): the network then learns
that a wave's latency does not depend on where the wave is.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from abr_model.cohort import Sampling
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling


class Augmentation(nn.Module):
    """Gaussian noise and time shift, drawn from torch's random state.

    Parameters
    ----------
    scaling, sampling
        Of the training recordings: a shift is made in µV and ms, not in scaled numbers, whose mean and SD can differ
        from sample to sample.
    noise_sd
        SD of the noise, in scaled units. 0: none.
    max_shift_samples
        Shifts are whole samples, uniform from −max to +max. 0: none.
    """

    def __init__(self, scaling: Scaling, sampling: Sampling, noise_sd: float, max_shift_samples: int):
        super().__init__()
        self.noise_sd, self.max_shift_samples = noise_sd, max_shift_samples
        self.ms_per_sample = 1000.0 / sampling.rate_hz
        self.register_buffer("mean_uv", torch.tensor(scaling.waveform_mean_uv), persistent=False)
        self.register_buffer("sd_uv", torch.tensor(scaling.waveform_sd_uv), persistent=False)
        # A wave never marked in training has no SD; its label is masked, so any number does.
        latency_sd = [sd or 1.0 for sd in scaling.label_sd[:3]]
        self.register_buffer("latency_sd_ms", torch.tensor(latency_sd), persistent=False)

    def forward(self, batch: ModelInputs) -> ModelInputs:
        """An augmented copy; conditions, amplitudes and mask stay as they are."""
        if self.max_shift_samples:
            reach = self.max_shift_samples
            shift = torch.randint(-reach, reach + 1, (len(batch),), device=batch.waveform.device)
            batch = self.shifted(batch, shift)
        if self.noise_sd:
            noise = self.noise_sd * torch.randn_like(batch.waveform)
            batch = dataclasses.replace(batch, waveform=batch.waveform + noise)
        return batch

    def shifted(self, batch: ModelInputs, shift: Tensor) -> ModelInputs:
        """Each recording ``shift`` [B] samples later (negative: earlier), its latencies as much; edges are repeated."""
        samples = batch.waveform.shape[1]
        source = (torch.arange(samples, device=shift.device) - shift[:, None]).clamp(0, samples - 1)
        traces = (batch.waveform * self.sd_uv + self.mean_uv).gather(1, source)
        later = shift[:, None] * self.ms_per_sample / self.latency_sd_ms
        return dataclasses.replace(
            batch,
            waveform=(traces - self.mean_uv) / self.sd_uv,
            latency=batch.latency + batch.mask[:, :3] * later,
        )
