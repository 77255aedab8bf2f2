"""A flow fitted after training that draws z and the residual noise's sizes for the conditions asked for.

Conditional flow matching (Lipman et al. 2023): a straight path from N(0, I) at t = 0 to the encoder's latents at t = 1;
a network (:mod:`abr_model.sampler.velocity`) learns its velocity, :mod:`abr_model.sampler.solver` follows it. Fitting
the prior after training is the second stage of Dai & Wipf 2019: the encoder's latents are not distributed as the prior,
whatever the objective.
It draws all latents, or those that recordings inform (:mod:`abr_model.sampler.informed_latents`).

Residual noise: residuals of the training recordings have a common colour (eigenvectors of their covariance) and a size
per recording in each of a few bands of eigenvectors. A draw has its sizes from the flow and its noise uniform on the
sphere of that size in each band: the noise power of drawn and measured recordings has the same distribution. Of the
first few eigenvectors the flow draws the coefficients themselves: large slow waves that the network takes for noise
have a shape, and go with z. The flow knows these numbers as they are (of a size: its logarithm), as their normal scores
(:mod:`abr_model.sampler.normal_scores`), or, of the sizes, the leading principal components
(:mod:`abr_model.sampler.size_components`).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from abr_model.configuration import LatentFlowConfig
from abr_model.network.streams import CONDITION_FEATURES, condition_features
from abr_model.residual_noise import noise_covariance, residuals
from abr_model.sampler.draw import LatentDraw, Progress, Sampler, normal_numbers
from abr_model.sampler.informed_latents import InformedLatents, information
from abr_model.sampler.normal_scores import NormalScores
from abr_model.sampler.size_components import SizeComponents
from abr_model.sampler.solver import follow
from abr_model.sampler.velocity import Velocity

if TYPE_CHECKING:
    from abr_model.objective import Objective
    from abr_model.preparation import ModelInputs

POSTERIOR_DRAWS = 4
"""Draws of z (with their residuals) per training recording that the flow is fitted to."""
RIDGE = 1e-5
OUTLIERS = 1e-3
"""Share of the measured noise sizes, at either end of a band, that a draw does not go beyond."""


def drawn_latents(config: LatentFlowConfig, latent: int) -> int:
    """How many of ``latent`` latents the flow draws."""
    return latent if config.latents is None else min(config.latents, latent)


def band_edges(config: LatentFlowConfig) -> list[int]:
    """Edges of the noise bands; the slow components are bands of their own."""
    return sorted({*config.bands, config.slow_components})


def noise_numbers(config: LatentFlowConfig) -> int:
    """How many numbers say what the residual noise of a recording is: coefficients, then sizes."""
    edges = band_edges(config)
    return config.slow_components + len(edges) - 1 - edges.index(config.slow_components)


def drawn_noise(config: LatentFlowConfig) -> int:
    """How many numbers about the residual noise the flow draws."""
    numbers = noise_numbers(config)
    return numbers if config.size_components is None else min(numbers, config.slow_components + config.size_components)


class LatentFlow(Sampler):
    """z and noise size from a flow, residual noise in the colour of the training recordings' residuals."""

    def __init__(self, config: LatentFlowConfig, latent: int, samples: int):
        super().__init__()
        self.config, self.latent, self.samples = config, latent, samples
        edges = band_edges(config)
        self.bands = bands = len(edges) - 1
        self.drawn, numbers, drawn_numbers = drawn_latents(config, latent), noise_numbers(config), drawn_noise(config)
        self._network: tuple[nn.Module, ...] = ()  # in a tuple: it is no part of this module
        with torch.random.fork_rng(devices=[]):  # first weights from the fit's seed, never from the global state
            self.velocity = self._new_velocity()
        self.informed = None if config.latents is None else InformedLatents(latent, self.drawn)
        self.scores = NormalScores(numbers) if config.noise_sizes == "normal scores" else None
        slow, self.components = config.slow_components, None
        if config.size_components is not None:
            self.components = SizeComponents(slow, numbers, drawn_numbers - slow)
        self.register_buffer("centre", torch.zeros(self.drawn + drawn_numbers))
        self.register_buffer("spread", torch.ones(self.drawn + drawn_numbers))
        self.register_buffer("size_range", torch.tensor([[-1.0], [1.0]]).repeat(1, numbers))
        self.register_buffer("eigenvectors", torch.eye(samples))
        self.register_buffer("eigenvalues", torch.ones(samples))
        self.register_buffer("band", torch.repeat_interleave(torch.arange(bands), torch.tensor(edges).diff()))

    def bind(self, network: nn.Module) -> None:
        """The network whose latents are drawn: its prior is what they are known relative to."""
        self._network = (network,)

    @torch.no_grad()
    def draw(self, static: Tensor, generator: torch.Generator, ears: int | None = None) -> LatentDraw:
        """One z [B, L] and noise size [B, bands] per row of ``static`` [B, 4]."""
        flow, others = len(self.centre), 0 if self.components is None else self.components.others
        numbers = normal_numbers(len(static), flow + self.latent - self.drawn + others, generator, ears).to(static)
        x, for_latents, for_sizes = numbers.split([flow, self.latent - self.drawn, others], 1)
        conditions = condition_features(static)
        x = follow(
            lambda at, t: self.velocity(at, torch.full_like(at[:, 0], t), conditions), x, self.config.solver_steps
        )
        x = x * self.spread + self.centre
        z, noise = x[:, : self.drawn], x[:, self.drawn :]
        if self.informed is not None:
            z = self.informed.inverse(z, for_latents, static, self._bound())
        if self.components is not None:
            noise = self.components.inverse(noise, for_sizes)
        elif self.scores is not None:
            noise = self.scores.inverse(noise)
        # The flow draws logarithms: a little beyond what was measured would be a trace many times too noisy.
        noise = noise.clamp(self.size_range[0], self.size_range[1])
        slow = self.config.slow_components
        if not slow:
            return LatentDraw(z, noise.exp())
        of_slow = self._band_size(nn.functional.pad(noise[:, :slow], (0, self.samples - slow)))
        sizes = noise[:, slow:].exp()
        return LatentDraw(z, torch.cat([of_slow[:, : -sizes.shape[1]], sizes], 1), noise[:, :slow])

    @torch.no_grad()
    def residual_noise(self, draw: LatentDraw, generator: torch.Generator, ears: int | None = None) -> Tensor:
        """Noise [B, T]: in each band a random direction, of the size that was drawn; the slow components as drawn."""
        direction = normal_numbers(len(draw.z), self.samples, generator, ears).to(draw.z)
        coefficients = direction / self._band_size(direction)[:, self.band] * draw.noise_scale[:, self.band]
        if draw.slow_noise is not None:
            coefficients[:, : draw.slow_noise.shape[1]] = draw.slow_noise
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
        self.bind(network)
        generator = torch.Generator().manual_seed(seed)
        draws = [residuals(network, inputs, generator) for _ in range(POSTERIOR_DRAWS)]
        self._measure_colour(torch.cat([r for _, r in draws]))
        noise = [self._noise_numbers(r) for _, r in draws]
        ordered = torch.cat(noise).sort(0).values
        outside = int(len(ordered) * OUTLIERS)
        self.size_range.copy_(torch.stack([ordered[outside], ordered[-1 - outside]]))
        known = self.scores if self.components is None else self.components
        if known is not None:
            known.fit(torch.cat(noise))
            noise = [known(numbers) for numbers in noise]
        latents = [z for z, _ in draws]
        if self.informed is not None:
            self.informed.choose(information(network, inputs))
            latents = [self.informed(z, inputs.static, network) for z in latents]
        targets = torch.stack([torch.cat(both, 1) for both in zip(latents, noise, strict=True)])
        flat = targets.flatten(0, 1)
        self.centre.copy_(flat.mean(0))
        self.spread.copy_(flat.std(0).clamp_min(1e-3))
        self._fit_velocity((targets - self.centre) / self.spread, inputs.static, generator, on_progress)

    def _new_velocity(self) -> Velocity:
        config = self.config
        size = self.drawn + drawn_noise(config)
        return Velocity(size, config.hidden, config.blocks, config.embedding, config.from_gaussian)

    def _bound(self) -> nn.Module:
        if not self._network:
            raise RuntimeError("bind(network) comes before draw(): latents are known relative to its prior")
        return self._network[0]

    def _measure_colour(self, differences: Tensor) -> None:
        eigenvalues, eigenvectors = torch.linalg.eigh(noise_covariance(differences, RIDGE))
        self.eigenvalues.copy_(eigenvalues.flip(0).clamp_min(RIDGE))
        self.eigenvectors.copy_(eigenvectors.flip(1))

    def _noise_numbers(self, differences: Tensor) -> Tensor:
        """What the flow knows of residuals [n, T]: coefficients of the slow components, log sizes of other bands."""
        slow = self.config.slow_components
        sizes = self._noise_size(differences)[:, band_edges(self.config).index(slow) :].log()
        return torch.cat([self._coefficients(differences)[:, :slow], sizes], 1) if slow else sizes

    def _noise_size(self, differences: Tensor) -> Tensor:
        """Root mean square of residuals [n, T] in each band, in units of the colour: [n, bands]."""
        return self._band_size(self._coefficients(differences)).clamp_min(1e-4)

    def _coefficients(self, differences: Tensor) -> Tensor:
        """Residuals [n, T] along the eigenvectors, in units of the colour."""
        return differences @ self.eigenvectors / self.eigenvalues.sqrt()

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
