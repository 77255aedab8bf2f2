"""A flow fitted after training that draws z and the size of the residual noise for the conditions asked for.

::

    conditions ── one-hot class: 8 ─┐
    time t ── sines, cosines: 32 ───┴─ Linear, SiLU, Linear, SiLU = e [B, embedding]
    (z, noise size per band) at time t ── Linear ── blocks ── Linear = velocity
    a block: x + Linear(SiLU(Linear(LayerNorm(x)·(1 + a) + b))), with a, b = Linear(e)

Conditional flow matching (Lipman et al. 2023): a straight path from N(0, I) at t = 0 to the encoder's latents at t = 1;
the network learns its velocity, Heun steps follow it. Fitting the prior after training is the second stage of
Dai & Wipf 2019: the encoder's latents are far from N(0, I), whatever the objective.

Residual noise: residuals of the training recordings have a common colour (eigenvectors of their covariance) and a size
per recording in each of a few bands of eigenvectors. A draw has its sizes from the flow and its noise uniform on the
sphere of that size in each band: the noise power of drawn and measured recordings has the same distribution. The flow
knows a size as its logarithm, or as that logarithm's normal score (:mod:`abr_model.sampler.normal_scores`).
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from abr_model.configuration import LatentFlowConfig
from abr_model.network.streams import CONDITION_FEATURES, condition_features
from abr_model.residual_noise import noise_covariance, residuals
from abr_model.sampler.draw import LatentDraw, Progress, Sampler, normal_numbers
from abr_model.sampler.normal_scores import NormalScores

if TYPE_CHECKING:
    from abr_model.objective import Objective
    from abr_model.preparation import ModelInputs

TIME_FEATURES = 32
POSTERIOR_DRAWS = 4
"""Draws of z (with their residuals) per training recording that the flow is fitted to."""
RIDGE = 1e-5
OUTLIERS = 1e-3
"""Share of the measured noise sizes, at either end of a band, that a draw does not go beyond."""


class Velocity(nn.Module):
    """Velocity of the flow at x [B, D], time t [B] and conditions [B, 8]: [B, D]. See the module's figure."""

    def __init__(self, size: int, hidden: int, blocks: int, embedding: int | None = None):
        super().__init__()
        known = embedding or hidden
        self.embedding = nn.Sequential(
            nn.Linear(CONDITION_FEATURES + TIME_FEATURES, known), nn.SiLU(), nn.Linear(known, known), nn.SiLU()
        )
        self.input = nn.Linear(size, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden, elementwise_affine=False) for _ in range(blocks))
        self.modulations = nn.ModuleList(nn.Linear(known, 2 * hidden) for _ in range(blocks))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden)) for _ in range(blocks)
        )
        self.output = nn.Linear(hidden, size)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.register_buffer("frequency", torch.exp(torch.linspace(0, math.log(100.0), TIME_FEATURES // 2)))

    def forward(self, x: Tensor, t: Tensor, conditions: Tensor) -> Tensor:
        """Velocity [B, D]."""
        phase = t.unsqueeze(1) * self.frequency
        embedding = self.embedding(torch.cat([conditions, phase.sin(), phase.cos()], 1))
        x = self.input(x)
        for norm, modulation, block in zip(self.norms, self.modulations, self.blocks, strict=True):
            scale, shift = modulation(embedding).chunk(2, 1)
            x = x + block(norm(x) * (1 + scale) + shift)
        return self.output(x)


class LatentFlow(Sampler):
    """z and noise size from a flow, residual noise in the colour of the training recordings' residuals."""

    def __init__(self, config: LatentFlowConfig, latent: int, samples: int):
        super().__init__()
        self.config, self.latent, self.samples = config, latent, samples
        self.bands = bands = len(config.bands) - 1
        with torch.random.fork_rng(devices=[]):  # first weights from the fit's seed, never from the global state
            self.velocity = self._new_velocity()
        self.scores = NormalScores(bands) if config.noise_sizes == "normal scores" else None
        self.register_buffer("centre", torch.zeros(latent + bands))
        self.register_buffer("spread", torch.ones(latent + bands))
        self.register_buffer("size_range", torch.tensor([[-1.0], [1.0]]).repeat(1, bands))
        self.register_buffer("eigenvectors", torch.eye(samples))
        self.register_buffer("eigenvalues", torch.ones(samples))
        self.register_buffer("band", torch.repeat_interleave(torch.arange(bands), torch.tensor(config.bands).diff()))

    @torch.no_grad()
    def draw(self, static: Tensor, generator: torch.Generator, ears: int | None = None) -> LatentDraw:
        """One z [B, L] and noise size [B, bands] per row of ``static`` [B, 4]."""
        x = normal_numbers(len(static), len(self.centre), generator, ears).to(static)
        conditions = condition_features(static)
        steps = self.config.solver_steps
        for step in range(steps):
            now, then = (torch.full_like(x[:, 0], (step + k) / steps) for k in (0, 1))
            slope = self.velocity(x, now, conditions)
            ahead = self.velocity(x + slope / steps, then, conditions)
            x = x + (slope + ahead) / (2 * steps)
        x = x * self.spread + self.centre
        # The flow draws logarithms: a little beyond what was measured would be a trace many times too noisy.
        size = x[:, self.latent :] if self.scores is None else self.scores.inverse(x[:, self.latent :])
        size = size.clamp(self.size_range[0], self.size_range[1]).exp()
        return LatentDraw(x[:, : self.latent], size)

    @torch.no_grad()
    def residual_noise(self, draw: LatentDraw, generator: torch.Generator, ears: int | None = None) -> Tensor:
        """Noise [B, T]: in each band a random direction, of the size that was drawn."""
        direction = normal_numbers(len(draw.z), self.samples, generator, ears).to(draw.z)
        coefficients = direction / self._band_size(direction)[:, self.band] * draw.noise_scale[:, self.band]
        return (coefficients * self.eigenvalues.sqrt()) @ self.eigenvectors.T

    def fit(
        self,
        network: nn.Module,
        objective: Objective,
        inputs: ModelInputs,
        seed: int,
        on_progress: Progress | None = None,
    ) -> None:
        """Measure the residuals' colour, then fit the flow to latents and noise sizes of the training recordings."""
        generator = torch.Generator().manual_seed(seed)
        draws = [residuals(network, inputs, generator) for _ in range(POSTERIOR_DRAWS)]
        self._measure_colour(torch.cat([r for _, r in draws]))
        sizes = [self._noise_size(r).log() for _, r in draws]
        ordered = torch.cat(sizes).sort(0).values
        outside = int(len(ordered) * OUTLIERS)
        self.size_range.copy_(torch.stack([ordered[outside], ordered[-1 - outside]]))
        if self.scores is not None:
            self.scores.fit(torch.cat(sizes))
            sizes = [self.scores(size) for size in sizes]
        targets = torch.stack([torch.cat([z, size], 1) for (z, _), size in zip(draws, sizes, strict=True)])
        flat = targets.flatten(0, 1)
        self.centre.copy_(flat.mean(0))
        self.spread.copy_(flat.std(0).clamp_min(1e-3))
        self._fit_velocity((targets - self.centre) / self.spread, inputs.static, generator, on_progress)

    def _new_velocity(self) -> Velocity:
        config = self.config
        return Velocity(self.latent + self.bands, config.hidden, config.blocks, config.embedding)

    def _measure_colour(self, differences: Tensor) -> None:
        eigenvalues, eigenvectors = torch.linalg.eigh(noise_covariance(differences, RIDGE))
        self.eigenvalues.copy_(eigenvalues.flip(0).clamp_min(RIDGE))
        self.eigenvectors.copy_(eigenvectors.flip(1))

    def _noise_size(self, differences: Tensor) -> Tensor:
        """Root mean square of residuals [n, T] in each band, in units of the colour: [n, bands]."""
        return self._band_size(differences @ self.eigenvectors / self.eigenvalues.sqrt()).clamp_min(1e-4)

    def _band_size(self, coefficients: Tensor) -> Tensor:
        sums = torch.zeros(len(coefficients), self.bands).to(coefficients)
        counts = torch.bincount(self.band).to(coefficients)
        return (sums.index_add_(1, self.band, coefficients.square()) / counts).sqrt()

    def _fit_velocity(
        self, targets: Tensor, static: Tensor, generator: torch.Generator, on_progress: Progress | None
    ) -> None:
        config, steps = self.config, self.config.training_steps
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            self.velocity = self._new_velocity()
        average = copy.deepcopy(self.velocity)
        optimiser = torch.optim.Adam(self.velocity.parameters(), lr=config.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        conditions = condition_features(static)
        numbers = torch.tensor([1.0] * 3 + [0.0] * (CONDITION_FEATURES - 3))
        draws, recordings, size = targets.shape
        for step in range(steps):
            pick = torch.randint(recordings, (config.batch_size,), generator=generator)
            which = torch.randint(draws, (config.batch_size,), generator=generator)
            target = targets[which, pick]
            start = torch.randn(config.batch_size, size, generator=generator)
            t = torch.rand(config.batch_size, generator=generator)
            jitter = torch.randn(config.batch_size, CONDITION_FEATURES, generator=generator) * numbers
            at = start + t.unsqueeze(1) * (target - start)
            velocity = self.velocity(at, t, conditions[pick] + config.condition_jitter * jitter)
            loss = (velocity - (target - start)).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                decay = min(config.ema, (step + 1) / (step + 10))
                for mean, weight in zip(average.parameters(), self.velocity.parameters(), strict=True):
                    mean.lerp_(weight, 1 - decay)
            if on_progress and ((step + 1) % 50 == 0 or step + 1 == steps):
                on_progress(step + 1, steps)
        self.velocity = average
