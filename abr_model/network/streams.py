"""How missing labels and the hearing-loss class enter a network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from abr_model.schema import HEARING_LOSS_CODES

CONDITION_FEATURES = 3 + len(HEARING_LOSS_CODES)
"""Width of :func:`condition_features`."""


def present(values: Tensor, mask: Tensor) -> Tensor:
    """Labels with every missing one as 0, whatever stands there (also NaN): same shape as ``values``."""
    return torch.where(mask > 0, values, torch.zeros_like(values))


def condition_features(static: Tensor) -> Tensor:
    """Age, intensity and rate as they are, the hearing-loss class one-hot: [B, 4] → [B, 8]."""
    loss_class = static[:, 3].round().long().clamp(0, len(HEARING_LOSS_CODES) - 1)
    return torch.cat([static[:, :3], one_hot(loss_class, len(HEARING_LOSS_CODES)).to(static.dtype)], 1)
