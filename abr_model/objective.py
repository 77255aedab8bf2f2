"""What training minimises: loss terms, their reduction, and the schedule of β.

Reduction, the same for both objectives: each term is **summed over samples, labels or latent dimensions and averaged
over the recordings of a batch**, so that with β = 1 it is a (negative) evidence lower bound in nats. The original's
printed losses fit this: 200 samples × a mean squared error of 0.3 to 0.36 gives its validation loss of 76 to 64 while
β is still ~0, and its KL of 39 is a sum over 32 dimensions.

A missing label adds nothing, to the loss or to any gradient, whatever number (or NaN) stands in its place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import StudentT
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from abr_model.configuration import ObjectiveConfig, ReferenceObjectiveConfig, WhitenedObjectiveConfig
from abr_model.network.outputs import Decoded, Posterior
from abr_model.network.streams import present
from abr_model.residual_noise import SMALLEST_POWER, noise_covariance, residuals, towards_stationary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abr_model.preparation import ModelInputs


class BetaSchedule:
    """Weight β of the KL by epoch: piecewise linear through points, constant after the last.

    Parameters
    ----------
    points
        (epoch counted from 0, β), epochs rising.

    Examples
    --------
    >>> round(BetaSchedule([(0, 0.0), (15, 0.0001), (30, 0.0005)]).at(5), 6)
    3.3e-05
    """

    def __init__(self, points: Sequence[tuple[int, float]]):
        self.epochs, self.values = (list(column) for column in zip(*points, strict=True))

    def at(self, epoch_index: int) -> float:
        """β in the epoch with this index (0 = first)."""
        return float(np.interp(epoch_index, self.epochs, self.values))


class Objective(nn.Module):
    """Loss of a batch. ``forward(batch, posterior, decoded, beta)`` gives ``loss`` and every term in its own key.

    Terms are unweighted, 0-dimensional tensors; ``loss`` is their weighted sum. No objective has trainable parameters.

    Attributes
    ----------
    progress
        Epochs trained so far, with fractions; infinite (the end) unless set.
    """

    def __init__(self, beta_points: Sequence[tuple[int, float]]):
        super().__init__()
        self.progress = math.inf
        self.beta_schedule = BetaSchedule(beta_points)

    def measure_noise(self, noise: Tensor) -> None:
        """Given, before training, pieces [n, T] of recordings without a response; does nothing unless overridden."""

    def refresh(self, network: nn.Module, inputs: ModelInputs) -> None:
        """Called after each training epoch with the training recordings; does nothing unless overridden."""


class ReferenceObjective(Objective):
    """Squared errors of waveform, marked latencies and amplitudes + β·KL (the original's objective).

    Keys: ``loss``, ``waveform``, ``latency``, ``amplitude``, ``kl``, and ``static`` where its weight is not 0: squared
    error of the scaled age, intensity and rate + cross-entropy of the class, proposed from z. The original has that
    branch in its network but not in its objective, so the preset ``reference`` leaves it at 0 and the branch untrained.
    """

    def __init__(self, config: ReferenceObjectiveConfig):
        super().__init__(config.beta_points)
        self.config = config

    def forward(self, batch: ModelInputs, posterior: Posterior, decoded: Decoded, beta: float) -> dict[str, Tensor]:
        """Loss and terms of a batch in scaled units."""
        mask = batch.mask
        terms = {
            "waveform": (decoded.waveform - batch.waveform).square().sum(1).mean(),
            "latency": _masked_square(decoded.latency, batch.latency, mask[:, :3]),
            "amplitude": _masked_square(decoded.amplitude, batch.amplitude, mask[:, 3:]),
            "kl": posterior.kl().mean(),
        }
        loss = (
            self.config.waveform_weight * terms["waveform"]
            + self.config.latency_weight * terms["latency"]
            + self.config.amplitude_weight * terms["amplitude"]
            + beta * terms["kl"]
        )
        if self.config.static_weight and decoded.static is not None:
            numbers = (decoded.static[:, :3] - batch.static[:, :3]).square().sum(1).mean()
            terms["static"] = numbers + cross_entropy(decoded.static[:, 3:], batch.static[:, 3].round().long())
            loss = loss + self.config.static_weight * terms["static"]
        return {"loss": loss, **terms}


class WhitenedObjective(Objective):
    """Likelihood of the trace under coloured residual noise of unknown size, + labels, + β·KL to p(z | conditions).

    The residual of recording i is σᵢ·N(0, Σ): its colour Σ is common, its size σᵢ is its own, because recordings differ
    in sweeps and in the patient's calm. With Σ = Q Λ Qᵀ, W = (Λ + ρ)^(-1/2) Qᵀ and the best σᵢ put in,

        waveform = T/2 · log(mean over samples of (W(x - x̂))² + 1e-4) - log|W|

    (Rybkin et al. 2021, σ-VAE, made coloured). ``log|W|`` keeps values of different epochs comparable.

    Σ is measured where no response is left, on the end of the training recordings (:meth:`measure_noise`): then z has
    the response to explain and nothing else. Where recordings end too early for that, it is measured on the residuals
    of the training recordings after each epoch (:meth:`refresh`) from ``whiten_from_epoch`` on, until then W = 1; the
    network then takes part of the noise for response. ρ falls from 1 to ``ridge`` within the first ``ridge_epochs``
    epochs: slow, large waves are learned first.

    A label's error is Student's t with a learned scale: some marks stray far from the wave, and with a Gaussian they
    would pull the labels of all others along.

    Keys: ``loss``, ``waveform``, ``latency``, ``amplitude``, ``marked`` (which labels are marked, cross-entropy),
    ``kl``.
    """

    eigenvectors: Tensor
    eigenvalues: Tensor
    epochs_seen: Tensor
    noise_known: Tensor

    def __init__(self, config: WhitenedObjectiveConfig, samples: int):
        super().__init__(config.beta_points)
        self.config = config
        self.register_buffer("eigenvectors", torch.eye(samples))
        self.register_buffer("eigenvalues", torch.ones(samples))
        self.register_buffer("epochs_seen", torch.zeros((), dtype=torch.long))
        self.register_buffer("noise_known", torch.zeros((), dtype=torch.bool))

    @property
    def ridge(self) -> float:
        """ρ at this point of the training."""
        done = min(self.progress / self.config.ridge_epochs, 1.0) if self.config.ridge_epochs else 1.0
        return self.config.ridge**done

    @property
    def whitening(self) -> Tensor:
        """W [T, T] at this point of the training."""
        return (self.eigenvectors * (self.eigenvalues + self.ridge).rsqrt()).T

    def forward(self, batch: ModelInputs, posterior: Posterior, decoded: Decoded, beta: float) -> dict[str, Tensor]:
        """Loss and terms of a batch in scaled units."""
        mask, log_sd = batch.mask, decoded.label_log_sd
        whitened = (batch.waveform - decoded.waveform) @ self.whitening.T
        mean_square = whitened.square().mean(1) + SMALLEST_POWER
        samples = batch.waveform.shape[1]
        terms = {
            "waveform": (0.5 * samples * mean_square.log()).mean() + 0.5 * (self.eigenvalues + self.ridge).log().sum(),
            "latency": self._labels(decoded.latency, batch.latency, mask[:, :3], log_sd[:3]),
            "amplitude": self._labels(decoded.amplitude, batch.amplitude, mask[:, 3:], log_sd[3:]),
            "marked": binary_cross_entropy_with_logits(decoded.marked, mask, reduction="none").sum(1).mean(),
            "kl": posterior.kl().mean(),
        }
        loss = (
            terms["waveform"]
            + self.config.label_weight * (terms["latency"] + terms["amplitude"])
            + self.config.marked_weight * terms["marked"]
            + beta * terms["kl"]
        )
        return {"loss": loss, **terms}

    def _labels(self, decoded: Tensor, target: Tensor, mask: Tensor, log_scale: Tensor) -> Tensor:
        error = StudentT(self.config.label_tails, scale=log_scale.exp())
        # Missing targets become 0 before the difference, as in `_masked_square`.
        return -(mask * error.log_prob(decoded - present(target, mask))).sum(1).mean()

    def measure_noise(self, noise: Tensor) -> None:
        """Take Σ from pieces [n, T] of recordings in which there is no response, in scaled units."""
        rows = torch.linspace(0, len(noise) - 1, min(self.config.rows, len(noise))).long()
        self._take_colour(towards_stationary(noise_covariance(noise[rows], SMALLEST_POWER), len(rows)))
        self.noise_known.fill_(True)

    def refresh(self, network: nn.Module, inputs: ModelInputs) -> None:
        """Where the noise is not known: measure Σ on up to ``rows`` training recordings, spread evenly."""
        self.epochs_seen += 1
        if self.noise_known or int(self.epochs_seen) <= self.config.whiten_from_epoch:
            return
        rows = torch.linspace(0, len(inputs.waveform) - 1, min(self.config.rows, len(inputs.waveform))).long()
        _, differences = residuals(network, inputs, torch.Generator().manual_seed(0), rows)
        self._take_colour(noise_covariance(differences, SMALLEST_POWER))

    def _take_colour(self, covariance: Tensor) -> None:
        eigenvalues, eigenvectors = torch.linalg.eigh(covariance)
        self.eigenvalues.copy_(eigenvalues.clamp_min(0))
        self.eigenvectors.copy_(eigenvectors)


def build_objective(config: ObjectiveConfig, samples: int = 200) -> Objective:
    """The objective of a preset: ``build_objective(preset.objective, preset.preparation.samples)``."""
    if isinstance(config, WhitenedObjectiveConfig):
        return WhitenedObjective(config, samples)
    return ReferenceObjective(config)


def _masked_square(decoded: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    # Missing targets become 0 before the difference: 0 × NaN would still be NaN, in the loss and in the gradient.
    return (mask * (decoded - present(target, mask)).square()).sum(1).mean()
