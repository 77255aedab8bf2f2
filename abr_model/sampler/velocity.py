"""The network of the flow: which way, and how fast, numbers move on their way from noise to a draw.

::

    conditions ── one-hot class: 8 ─┐
    time t ── sines, cosines: 32 ───┴─ Linear, SiLU, Linear, SiLU = e [B, embedding]
    x at time t ── Linear ── blocks ── Linear = velocity
    a block: x + Linear(SiLU(Linear(LayerNorm(x)·(1 + a) + b))), with a, b = Linear(e)

Numbers that are N(0, 1) at both ends move at (2t - 1) / (t² + (1 - t)²) · x. With ``from_gaussian`` the network has to
learn only what differs from that, at every time seen and answered in units of the SD √(t² + (1 - t)²) that they then
have (the preconditioning of Karras et al. 2022, for straight paths): a number that *is* normal costs no weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from abr_model.network.streams import CONDITION_FEATURES

TIME_FEATURES = 32


class Velocity(nn.Module):
    """Velocity of the flow at x [B, D], time t [B] and conditions [B, 8]: [B, D]. See the module's figure."""

    def __init__(self, size: int, hidden: int, blocks: int, embedding: int | None = None, from_gaussian: bool = False):
        super().__init__()
        known = embedding or hidden
        self.from_gaussian = from_gaussian
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
        if not self.from_gaussian:
            return self._learned(x, embedding)
        time = t.unsqueeze(1)
        variance = time.square() + (1 - time).square()
        sd = variance.sqrt()
        return (2 * time - 1) / variance * x + self._learned(x / sd, embedding) / sd

    def _learned(self, x: Tensor, embedding: Tensor) -> Tensor:
        x = self.input(x)
        for norm, modulation, block in zip(self.norms, self.modulations, self.blocks, strict=True):
            scale, shift = modulation(embedding).chunk(2, 1)
            x = x + block(norm(x) * (1 + scale) + shift)
        return self.output(x)
