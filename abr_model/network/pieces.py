"""Convolutions of one channel, as products of matrices over pieces of the trace.

The convolutions of PyTorch on a CPU are made for many channels; with one channel in or out most of their time is spent
on arranging it. Cut into pieces, the same sums are one product of two matrices: forward and backward, the smoothing
takes less than half of the time and the overlap-add less than a third (``benchmarks/pieces.py``; docs/model.md).
Weights, names and results are those of the layers of PyTorch.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad


def overlap_add(pieces: Tensor) -> Tensor:
    """Pieces [B, n, k, s], the i-th from sample i·s on and k·s samples long, added up: [B, (n + k - 1)·s]."""
    k = pieces.shape[2]
    return sum(pad(pieces[:, :, i], (0, 0, i, k - 1 - i)) for i in range(k)).flatten(1)


def windows_of(kernel: Tensor) -> Tensor:
    """What a kernel [C, 2h + 1] makes of 4h samples at 2h places, as a matrix [C · 2h, 4h]: row i of a channel has it
    from sample i on."""
    step = kernel.shape[1] - 1
    # Rows one sample longer than a window, laid end to end and cut at the window's length, move on by one sample each.
    return pad(kernel, (0, step)).repeat(1, step)[:, : 2 * step * step].reshape(-1, 2 * step)


class OverlapAdd(nn.ConvTranspose1d):
    """Each of n tokens [B, n, width] adds a piece of three strides' length: a trace [B, n · stride]."""

    def __init__(self, width: int, stride: int):
        super().__init__(width, 1, 3 * stride, stride=stride, padding=stride)

    def forward(self, tokens: Tensor) -> Tensor:
        """The trace [B, n · stride]."""
        stride = self.stride[0]
        pieces = (tokens @ self.weight[:, 0]).unflatten(2, (3, stride))
        return overlap_add(pieces)[:, stride:-stride] + self.bias


class Smoothing(nn.Sequential):
    """One channel → ``channels`` → one, both by a kernel of 2 · ``half`` + 1 samples, GELU between: [B, T] → [B, T]."""

    def __init__(self, channels: int, half: int):
        kernel = 2 * half + 1
        super().__init__(
            nn.Conv1d(1, channels, kernel, padding=half), nn.GELU(), nn.Conv1d(channels, 1, kernel, padding=half)
        )
        self.half = half

    def forward(self, trace: Tensor) -> Tensor:
        """[B, T]."""
        first, gelu, last = self
        half, step = self.half, 2 * self.half
        if trace.shape[1] % step:  # pieces would end in the middle of one
            return super().forward(trace.unsqueeze(1)).squeeze(1)
        windows = pad(trace, (half, half)).unfold(1, 2 * step, step)
        hidden = gelu(windows @ windows_of(first.weight[:, 0]).T + first.bias.repeat_interleave(step))
        pieces = (hidden @ windows_of(last.weight[0].flip(1))).unflatten(2, (2, step))
        return overlap_add(pieces)[:, half:-half] + last.bias
