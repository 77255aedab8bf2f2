"""Normal scores: each column mapped to N(0, 1) by its own quantiles, and then all of them made uncorrelated.

A flow from N(0, I) draws what is shaped like it well with few weights. Sizes of noise in neighbouring bands are not:
they have two humps (as many sweeps as were planned, or stopped early) and go together. Mapped so, both are taken off
before the flow and put back after it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from abr_model.sampler.whitening import whitening

KNOTS = 513
SMALLEST_STEP = 1e-6
"""Between two quantiles of a column, equal ones would have no inverse; and between two levels, of few rows, either."""


class NormalScores(nn.Module):
    """The map of D columns, and back. Beyond the extremes that were seen it stays at them."""

    def __init__(self, columns: int):
        super().__init__()
        self.register_buffer("levels", torch.linspace(-1.0, 1.0, KNOTS))
        self.register_buffer("quantiles", torch.linspace(-1.0, 1.0, KNOTS).unsqueeze(1).repeat(1, columns))
        self.register_buffer("centre", torch.zeros(columns))
        self.register_buffer("whiten", torch.eye(columns))
        self.register_buffer("colour", torch.eye(columns))

    @torch.no_grad()
    def fit(self, values: Tensor) -> None:
        """Quantiles of ``values`` [n, D], and the covariance of their scores."""
        values = values.double()
        rank = torch.linspace(0, 1, KNOTS, dtype=torch.float64).clamp(0.5 / len(values), 1 - 0.5 / len(values))
        rising = torch.arange(KNOTS, dtype=torch.float64).unsqueeze(1) * SMALLEST_STEP
        self.levels.copy_(torch.special.ndtri(rank))
        self.quantiles.copy_(_quantiles(values, rank) + rising)
        centre, whiten, colour = whitening(self._scores(values.to(self.quantiles)).double())
        self.centre.copy_(centre)
        self.whiten.copy_(whiten)
        self.colour.copy_(colour)

    @torch.no_grad()
    def forward(self, values: Tensor) -> Tensor:
        """Uncorrelated scores [n, D] of ``values`` [n, D]."""
        return (self._scores(values) - self.centre) @ self.whiten

    @torch.no_grad()
    def inverse(self, scores: Tensor) -> Tensor:
        """Values [n, D] of uncorrelated scores [n, D]."""
        scores = (scores @ self.colour + self.centre).contiguous()
        above = torch.searchsorted(self.levels, scores).clamp(1, KNOTS - 1)
        low, high = self.quantiles.gather(0, above - 1), self.quantiles.gather(0, above)
        start, end = self.levels[above - 1], self.levels[above]
        return low + ((scores - start) / (end - start).clamp_min(SMALLEST_STEP)).clamp(0, 1) * (high - low)

    def _scores(self, values: Tensor) -> Tensor:
        above = torch.searchsorted(self.quantiles.T.contiguous(), values.T.contiguous()).T.clamp(1, KNOTS - 1)
        low, high = self.quantiles.gather(0, above - 1), self.quantiles.gather(0, above)
        start, end = self.levels[above - 1], self.levels[above]
        return start + ((values - low) / (high - low)).clamp(0, 1) * (end - start)


def _quantiles(values: Tensor, rank: Tensor) -> Tensor:
    """[K, D], linear between order statistics; of any number of rows (``torch.quantile`` takes 16 million)."""
    ordered = values.sort(0).values
    place = rank * (len(values) - 1)
    below = place.floor().long().clamp(max=len(values) - 2)
    share = (place - below).unsqueeze(1)
    return ordered[below] * (1 - share) + ordered[below + 1] * share
