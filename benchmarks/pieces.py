"""The one-channel convolutions of the patch network beside PyTorch's, side by side in one process.

    python benchmarks/pieces.py [--batch 256] [--threads 1] [--repeats 40] [--json result.json]

Forward alone (as when generating) and with the backward pass (as in training); medians of wall clock, rounds
interleaved, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from abr_model.network.pieces import OverlapAdd, Smoothing


def forward(module: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """As when generating."""
    with torch.inference_mode():
        module(x)


def training(module: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """As in a step of training."""
    module(x.clone().requires_grad_()).square().sum().backward()


def medians_ms(passes, ours, theirs, x: Tensor, repeats: int) -> tuple[float, float]:
    """Of the two ways, in turn."""
    times: tuple[list, list] = ([], [])
    for _ in range(repeats):
        for way, kept in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            passes(way, x)
            kept.append(1000 * (time.perf_counter() - start))
    return tuple(statistics.median(kept) for kept in times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    added, smooth = OverlapAdd(64, 20), Smoothing(24, 5)
    contests = {
        "overlap-add": (
            added,
            lambda tokens: nn.ConvTranspose1d.forward(added, tokens.transpose(1, 2)),
            torch.randn(arguments.batch, 10, 64),
        ),
        "smoothing": (
            smooth,
            lambda trace: nn.Sequential.forward(smooth, trace.unsqueeze(1)),
            torch.randn(arguments.batch, 200),
        ),
    }
    result = {}
    for name, (ours, theirs, x) in contests.items():
        for passes in (forward, training):
            mine, pytorch = medians_ms(passes, ours, theirs, x, arguments.repeats)
            result[f"{name}, {passes.__name__}"] = {"ms": mine, "pytorch_ms": pytorch, "ratio": pytorch / mine}
            print(f"{name:12s} {passes.__name__:9s} {mine:7.2f} ms, PyTorch {pytorch:7.2f} ms: {pytorch / mine:5.1f} ×")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
