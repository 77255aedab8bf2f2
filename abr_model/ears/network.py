"""The network that goes from some recordings of an ear to any other recording of it.

::

    a recording's code: mean, SD of K units ┐
    its conditions: 8                       ┴ Linear, SiLU, Linear = what it says about the ear [24]
    mean over the ear's recordings [24], logarithm of their number, conditions asked for [8]
        └─ Linear, SiLU, Linear, SiLU, Linear ── mean and log-variance of the code there [K]

A neural process (Garnelo et al. 2018): the mean makes the order of recordings meaningless and their number free.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from abr_model.network.streams import CONDITION_FEATURES, condition_features

EAR = 24
HIDDEN = 128
LARGEST_LOG_VARIANCE = 1.5
"""An ear is no less sure than a usual one by more than this."""


class EarNetwork(nn.Module):
    """About 30,000 weights; see the module's figure."""

    def __init__(self, units: int, hidden: int = HIDDEN, ear: int = EAR):
        super().__init__()
        self.units = units
        self.describe = nn.Sequential(
            nn.Linear(2 * units + CONDITION_FEATURES, hidden), nn.SiLU(), nn.Linear(hidden, ear)
        )
        self.predict = nn.Sequential(
            nn.Linear(ear + 1 + CONDITION_FEATURES, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * units),
        )

    def forward(self, mean: Tensor, sd: Tensor, static: Tensor, known: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [B, K] of the code of each of B ears under the conditions ``asked`` [B, 4].

        ``mean``, ``sd`` [B, R, K] and ``static`` [B, R, 4] are up to R recordings of the ear, ``known`` [B, R] is 1
        where there is one.
        """
        rows = mean.shape[:2]
        conditions = condition_features(static.flatten(0, 1)).unflatten(0, rows)
        said = self.describe(torch.cat([mean, sd, conditions], 2)) * known.unsqueeze(2)
        number = known.sum(1, keepdim=True)
        ear = torch.cat([said.sum(1) / number, number.log()], 1)
        mean, log_variance = self.predict(torch.cat([ear, condition_features(asked)], 1)).chunk(2, 1)
        return mean, log_variance.clamp_max(LARGEST_LOG_VARIANCE)
