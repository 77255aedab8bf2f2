"""A small convolutional classifier of traces: the second judge of the evaluation beside trees and regressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

EPOCHS = 12
BATCH = 128
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-3
WIDTHS = (16, 32, 32)
KERNELS = (9, 7, 5)
HIDDEN = 48
DROPOUT = 0.2
BLOCK = 4096


@dataclass(frozen=True)
class TraceCNN:
    """A fitted network and the units that it was fitted in; made by :func:`fit_trace_cnn`."""

    network: nn.Module
    trace_mean: float
    trace_sd: float
    condition_mean: np.ndarray
    condition_sd: np.ndarray

    def probabilities(self, traces: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """[N, K] probability of each class for traces [N, T] in µV with conditions [N, C] as numbers."""
        import torch

        self.network.eval()
        with torch.inference_mode():
            parts = [
                torch.softmax(self.network(*self._tensors(traces[i : i + BLOCK], conditions[i : i + BLOCK])), 1)
                for i in range(0, len(traces), BLOCK)
            ]
        return torch.cat(parts).double().numpy()

    def _tensors(self, traces: np.ndarray, conditions: np.ndarray):
        import torch

        numbers = (conditions - self.condition_mean) / self.condition_sd
        scaled = (np.asarray(traces) - self.trace_mean) / self.trace_sd
        return torch.from_numpy(scaled.astype(np.float32)), torch.from_numpy(numbers.astype(np.float32))


def fit_trace_cnn(
    traces: np.ndarray,
    conditions: np.ndarray,
    classes: np.ndarray,
    n_classes: int,
    seed: int,
    epochs: int = EPOCHS,
    on_progress: Callable[[float], None] | None = None,
) -> TraceCNN:
    """Train on the CPU: cross-entropy, AdamW, learning rate to 0 along a half cosine.

    Parameters
    ----------
    traces
        [N, T] µV.
    conditions
        [N, C] numbers without missing ones that the network sees beside the trace; C may be 0.
    classes
        [N] int, 0 to ``n_classes`` − 1.
    seed
        Same seed and data give the same network.
    on_progress
        Called after each epoch with the fraction done; may raise to stop.
    """
    import torch
    from torch.nn.functional import cross_entropy

    traces, conditions = np.asarray(traces, dtype=np.float32), np.asarray(conditions, dtype=np.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(traces.shape[1], conditions.shape[1], n_classes)
    spread = conditions.std(0)
    fitted = TraceCNN(
        network,
        float(traces.mean()),
        float(traces.std()) or 1.0,
        conditions.mean(0),
        np.where(spread > 0, spread, 1.0),
    )
    x, numbers = fitted._tensors(traces, conditions)
    y = torch.from_numpy(np.asarray(classes, dtype=np.int64))
    batch = min(BATCH, len(y))
    steps = epochs * (len(y) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):  # dropout
        torch.manual_seed(seed)
        for epoch in range(epochs):
            network.train()
            order = torch.randperm(len(y), generator=generator)
            for rows in order[: len(y) // batch * batch].split(batch):
                optimiser.zero_grad()
                cross_entropy(network(x[rows], numbers[rows]), y[rows]).backward()
                optimiser.step()
                schedule.step()
            if on_progress:
                on_progress((epoch + 1) / epochs)
    return fitted


def _network(samples: int, conditions: int, n_classes: int) -> nn.Module:
    """Three strided convolutions, then the conditions join."""
    from torch import cat, nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            layers, channels, length = [], 1, samples
            for width, kernel in zip(WIDTHS, KERNELS, strict=True):
                layers += [
                    nn.Conv1d(channels, width, kernel, stride=2, padding=kernel // 2, bias=False),
                    nn.BatchNorm1d(width),
                    nn.ReLU(),
                ]
                channels, length = width, (length + 1) // 2
            self.trace = nn.Sequential(*layers, nn.Flatten())
            self.head = nn.Sequential(
                nn.Linear(channels * length + conditions, HIDDEN),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
                nn.Linear(HIDDEN, n_classes),
            )

        def forward(self, traces, numbers):
            return self.head(cat([self.trace(traces.unsqueeze(1)), numbers], 1))

    return Network()
