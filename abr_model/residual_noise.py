"""What a network leaves of a recording: residuals, and the colour of their noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from abr_model.preparation import ModelInputs

CHUNK = 1024
SMALLEST_POWER = 1e-4
"""Floor of a residual's mean square, in scaled units: (1 % of an SD)²."""


@torch.no_grad()
def residuals(
    network: nn.Module, inputs: ModelInputs, generator: torch.Generator, rows: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Recording minus reconstruction, with z drawn from the posterior.

    Parameters
    ----------
    network, inputs
        A network of :mod:`abr_model.network` and what it sees. The network is used in evaluation mode and given back
        in the mode it had.
    generator
        Where the posterior's noise comes from.
    rows
        [n] positions to use; all when left out.

    Returns
    -------
    tuple of Tensor
        z [n, L] and residuals [n, T], scaled units.
    """
    device = next(network.parameters()).device
    rows = torch.arange(len(inputs.waveform)) if rows is None else rows
    was_training = network.training
    network.eval()
    latents, differences = [], []
    try:
        for chunk in rows.split(CHUNK):
            batch = inputs[chunk].to(device)
            posterior = network.encode(batch)
            z = posterior.sample(generator)
            latents.append(z)
            differences.append(batch.waveform - network.decode(z, batch.static).waveform)
    finally:
        network.train(was_training)
    return torch.cat(latents), torch.cat(differences)


def noise_covariance(differences: Tensor, ridge: float, iterations: int = 4) -> Tensor:
    """Covariance of residuals whose size differs from trace to trace, as if all had the same size.

    Tyler's estimator (1987): each trace counts by its colour, not by how noisy it is.

    Parameters
    ----------
    differences
        [n, T] residuals.
    ridge
        Added to the diagonal, whose mean is 1.
    iterations
        Steps of the fixed point; the first weighs by plain power.

    Returns
    -------
    Tensor
        [T, T] float64 on the CPU, mean of the diagonal 1 + ``ridge``.
    """
    r = differences.cpu().double()  # an Apple GPU has no float64
    samples = r.shape[1]
    ridges = ridge * torch.eye(samples, dtype=torch.float64)
    power = r.square().mean(1)
    for _ in range(iterations):
        weighted = r / power.clamp_min(1e-12).sqrt().unsqueeze(1)
        covariance = weighted.T @ weighted
        covariance = covariance * (samples / covariance.diagonal().sum()) + ridges
        whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), r.T, upper=False)
        power = whitened.square().mean(0)
    return covariance


def towards_stationary(covariance: Tensor, recordings: int) -> Tensor:
    """A covariance [T, T] measured on few ``recordings``, drawn towards the one that noise has which is the same at
    every time: its diagonals averaged. The weight of that is T / (T + recordings): 1 % of many, most of it for few."""
    samples = len(covariance)
    lag = (torch.arange(samples)[:, None] - torch.arange(samples)).abs()
    sums = torch.zeros(samples, dtype=covariance.dtype).index_add_(0, lag.flatten(), covariance.flatten())
    stationary = (sums / torch.bincount(lag.flatten()))[lag]
    weight = samples / (samples + recordings)
    return (1 - weight) * covariance + weight * stationary
