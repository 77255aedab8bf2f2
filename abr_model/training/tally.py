"""Means over the batches of an epoch and over the processes that train together."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Reduce = Callable[[Tensor], Tensor]
"""Sum of a tensor over all processes."""


class Tally:
    """Weighted sums, kept on the device of what is added, so that nothing waits for a GPU within an epoch."""

    def __init__(self):
        self._sums: dict[str, tuple[Tensor, Tensor]] = {}

    def clear(self) -> None:
        """Begin anew."""
        self._sums = {}

    def add(self, name: str, total: Tensor, weight: Tensor | float) -> None:
        """Add a sum (0-dimensional or [k]) over ``weight`` recordings or labels (a number, or one of each: [k])."""
        total = _exact(total.detach())
        weight = torch.as_tensor(weight, dtype=total.dtype, device=total.device).expand_as(total)
        if name in self._sums:
            total, weight = total + self._sums[name][0], weight + self._sums[name][1]
        self._sums[name] = (total, weight)

    def add_means(self, values: dict[str, Tensor], recordings: int) -> None:
        """Add means over a batch of so many recordings."""
        for name, value in values.items():
            self.add(name, _exact(value.detach()) * recordings, float(recordings))

    def counted(self, name: str) -> float:
        """How much was added under this name in this process: recordings or labels."""
        return float(self._sums[name][1].sum()) if name in self._sums else 0.0

    def means(self, reduce: Reduce | None = None) -> dict[str, Tensor]:
        """Means as float64 on the processor; NaN where nothing was counted. All processes must ask for them."""
        if not self._sums:
            return {}
        flat = torch.cat([torch.stack([total, weight]).reshape(-1) for total, weight in self._sums.values()])
        flat = (flat if reduce is None else reduce(flat)).cpu().double()
        means, start = {}, 0
        for name, (total, _) in self._sums.items():
            size = total.numel()
            sums, weights = flat[start : start + size], flat[start + size : start + 2 * size]
            means[name] = (sums / weights).reshape(total.shape)
            start += 2 * size
        return means


def _exact(value: Tensor) -> Tensor:
    """As float64, where the device has it (an Apple GPU has not)."""
    return value.float() if value.device.type == "mps" else value.double()
