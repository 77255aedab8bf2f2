"""Principal components of columns that go together, scaled to variance 1: there, and back."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST_VARIANCE = 1e-8


def whitening(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of ``values`` [n, D]: mean [D], ``whiten`` [D, D] and ``colour`` [D, D].

    ``(values - mean) @ whiten`` is uncorrelated with variance 1, the smallest component first; ``@ colour + mean``
    brings it back.
    """
    variance, axes = torch.linalg.eigh(torch.cov(values.T).reshape(values.shape[1], -1))
    size = variance.clamp_min(SMALLEST_VARIANCE).sqrt()
    return values.mean(0), axes / size, (axes * size).T
