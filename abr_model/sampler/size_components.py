"""Sizes of the residual noise in a few numbers: the leading principal components of their logarithms.

Sizes in neighbouring bands go together: what differs between recordings is how much noise there is, and how it divides
between slow and fast. The rest is the scatter of a size that was measured on a few coefficients of one recording,
nearly normal and of no use to a flow: it costs weights, and the flow learns the training recordings' own scatter.
So a flow draws the leading components and the others come from a normal distribution of their variance.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from abr_model.sampler.whitening import whitening


class SizeComponents(nn.Module):
    """Of D numbers, the first ``fixed`` as they are and ``count`` principal components of the others."""

    def __init__(self, fixed: int, columns: int, count: int):
        super().__init__()
        self.fixed, self.count, sizes = fixed, count, columns - fixed
        self.register_buffer("centre", torch.zeros(sizes))
        self.register_buffer("whiten", torch.eye(sizes))
        self.register_buffer("colour", torch.eye(sizes))

    @property
    def others(self) -> int:
        """How many components are not drawn by the flow."""
        return len(self.centre) - self.count

    @torch.no_grad()
    def fit(self, values: Tensor) -> None:
        """Mean and principal components, largest first, of columns ``fixed`` … of ``values`` [n, D]."""
        centre, whiten, colour = whitening(values[:, self.fixed :].double())
        self.centre.copy_(centre)
        self.whiten.copy_(whiten.flip(1))
        self.colour.copy_(colour.flip(0))

    @torch.no_grad()
    def forward(self, values: Tensor) -> Tensor:
        """[n, fixed + count] of ``values`` [n, D]; components have variance 1."""
        components = (values[:, self.fixed :] - self.centre) @ self.whiten[:, : self.count]
        return torch.cat([values[:, : self.fixed], components], 1)

    @torch.no_grad()
    def inverse(self, numbers: Tensor, normal: Tensor) -> Tensor:
        """Values [n, D] of ``numbers`` [n, fixed + count]; others from ``normal`` [n, others], N(0, 1)."""
        components = torch.cat([numbers[:, self.fixed :], normal], 1)
        return torch.cat([numbers[:, : self.fixed], components @ self.colour + self.centre], 1)
