"""Trying out a few training steps with random numbers in place of recordings: what they keep, how long they take.

Memory is counted, not filled: the tensors that a step keeps for its gradient, on two and on four recordings, give what
any batch keeps. Time is measured on as large a batch as fits a small share of memory and of a second. A large network
is tried with one layer and with two; each further layer costs what the second did.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from typing import TypeVar

import torch
from torch import nn

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.preparation import ModelInputs
from abr_model.training.available_memory import available_memory

FEW, TWICE = 2, 4
"""Batches on which memory is counted."""
LIGHT_BYTES = 32 * 2**20
"""Weights up to this size are tried as they are, larger networks layer by layer."""
BATCH_BYTES = 256 * 2**20
"""What a tried batch may keep for its gradient."""
SECONDS = 0.4
"""How long one tried step may take, and about how long its repetitions may take."""
REPETITIONS = 5
FLOAT = 4
Cost = TypeVar("Cost")


def affordable(measure: Callable[[int], float], bytes_each: float, batch: int) -> float:
    """Seconds of a step on ``batch`` recordings; measured on fewer where that would take too much time or memory."""
    small = min(batch, 8, in_memory(bytes_each))
    seconds = measure(small)
    if batch <= small:
        return seconds
    tried = min(batch, max(int(min(in_memory(bytes_each), small * SECONDS / seconds)), small))
    if tried == small:
        return seconds * batch / small
    larger = measure(tried)
    each = max((larger - seconds) / (tried - small), 0.5 * larger / tried)
    return larger + each * (batch - tried)


def in_memory(bytes_each: float) -> int:
    """Recordings that may be tried at a time."""
    return max(1, int(BATCH_BYTES / max(bytes_each, 1.0)))


def by_depth(tried: Callable[[int], Cost], depth: int, light: bool) -> Cost:
    """Costs (a dataclass of numbers) at ``depth``: tried, or from one layer and two."""
    if light or depth <= 2:
        return tried(depth)
    one = tried(1)
    gc.collect()  # a module holds itself: two large ones would lie in memory
    two = tried(2)
    return type(one)(*(a + (depth - 1) * max(b - a, 0.0) for a, b in zip(astuple(one), astuple(two), strict=True)))


def weight_bytes(build: Callable[[], nn.Module]) -> int:
    """Of a network that is only described: nothing is allocated."""
    with torch.device("meta"):
        return FLOAT * sum(p.numel() for p in build().parameters())


def check_size(weights: int) -> None:
    """Refuse to try what would take a good part of the memory: with gradients, moments and what the optimiser
    calculates in between it is eight times the weights.

    Raises
    ------
    InputError
        It would.
    """
    if 8 * weights > available_memory() / 4:
        raise InputError(
            "the network is too large to be tried out on this machine",
            value=f"{weights / 1e6:,.0f} MB of weights",
            allowed="fewer channels per token, or a smaller width",
        )


def kept(run: Callable[[], object], module: nn.Module) -> list[int]:
    """Bytes of each tensor that ``run`` keeps for a gradient, in their order, each once; no weights, no buffers."""
    own = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers())}
    found: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found.setdefault(storage.data_ptr(), storage.nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = run()  # held, and with it what is kept: a freed piece of memory would be taken for another tensor
    sizes = list(found.values())
    del result
    return sizes


def growth(few: list[int], twice: list[int]) -> list[float]:
    """What each kept tensor grows by with one recording more."""
    if len(few) != len(twice):
        return [max(sum(twice) - sum(few), 0) / (TWICE - FEW)]
    return [max(b - a, 0) / (TWICE - FEW) for a, b in zip(few, twice, strict=True)]


def seconds_of(run: Callable[[ModelInputs], None], recordings: ModelInputs) -> float:
    """Of one run, the median of a few after one that warms up; of that one alone where it took long."""
    first = once(lambda: run(recordings), recordings.waveform.device.type)
    taken = []
    while len(taken) < REPETITIONS and first + sum(taken) < 2 * SECONDS:
        taken.append(once(lambda: run(recordings), recordings.waveform.device.type))
    return sorted(taken)[len(taken) // 2] if taken else first


def once(run: Callable[[], object], device: str = "cpu") -> float:
    """On a processor the time that this thread was given: other programs do not count, as if they were not there."""
    fine = time.get_clock_info("thread_time").resolution < 1e-3
    clock = time.thread_time if device == "cpu" and fine else time.perf_counter
    _wait_for(device)
    start = clock()
    run()
    _wait_for(device)
    return max(clock() - start, 1e-6)


def _wait_for(device: str) -> None:
    if device != "cpu":
        (torch.cuda if device == "cuda" else torch.mps).synchronize()


def random_recordings(n: int, preset: Preset, device: str = "cpu") -> ModelInputs:
    """Random numbers in the shape of ``n`` recordings; seven labels of ten are marked."""
    numbers = torch.Generator().manual_seed(0)
    classes = torch.randint(0, 5, (n, 1), generator=numbers)
    return ModelInputs(
        waveform=torch.randn(n, preset.preparation.samples, generator=numbers),
        static=torch.cat([torch.randn(n, 3, generator=numbers), classes], 1),
        latency=torch.randn(n, 3, generator=numbers),
        amplitude=torch.randn(n, 3, generator=numbers),
        mask=(torch.rand(n, 6, generator=numbers) < 0.7).float(),
    ).to(device)


@contextmanager
def undisturbed(threads: int) -> Iterator[None]:
    """With so many threads, torch's random state and its number of threads as before afterwards, nothing left over."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)
        gc.collect()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            torch.cuda.empty_cache()
