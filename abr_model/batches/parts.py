"""One part of a batch: some blocks of recordings, made and looked at for near-copies by one worker."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model import __version__
from abr_model.generation.designs.rows import DesignRows
from abr_model.generation.generate import BLOCK, generate_block
from abr_model.schema import INTENSITY

if TYPE_CHECKING:
    from abr_model.batches.sweeps import NoiseOfSweeps
    from abr_model.evaluation.privacy.near_copies import CopyFinder
    from abr_model.model import TrainedModel

BLOCKS = 8
"""Blocks of a part: 2,048 recordings, about two seconds of work and 2 MB to send."""


@dataclass(frozen=True)
class Part:
    """n recordings from row ``start`` on.

    ``waveforms`` [n, T] µV; ``labels`` [n, 6], NaN where not marked; ``copies`` [n] bool, near-copies of a training
    recording, None where nobody looked; ``software`` what it was made with.
    """

    start: int
    conditions: pd.DataFrame
    waveforms: np.ndarray
    labels: np.ndarray
    copies: np.ndarray | None
    software: dict[str, str]
    platform: dict[str, str]


def tasks_of(rows: DesignRows, blocks: int = BLOCKS) -> Iterator[tuple[int, pd.DataFrame]]:
    """First row and conditions of each part."""
    yield from rows.blocks(blocks * BLOCK)


def make_part(
    model: TrainedModel,
    finder: CopyFinder | None,
    seed: int,
    content: str,
    sweeps: NoiseOfSweeps | None,
    start: int,
    conditions: pd.DataFrame,
) -> Part:
    """Recordings of rows ``start`` (a multiple of :data:`~abr_model.generation.generate.BLOCK`) on, in one thread.

    Each block is made and looked at by itself: nothing depends on how many are in a part, nor on who makes it.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    waveforms, labels, copies = [], [], []
    try:
        torch.set_num_threads(1)
        with threadpool_limits(1):
            for first in range(0, len(conditions), BLOCK):
                block = conditions.iloc[first : first + BLOCK]
                factors = None if sweeps is None else sweeps.factors(block[INTENSITY.name].to_numpy())
                made = generate_block(model, block, seed, (start + first) // BLOCK, content, factors)
                waveforms.append(made[0])
                labels.append(made[1])
                if finder is not None:
                    copies.append(finder.find(made[0]).mask)
    finally:
        torch.set_num_threads(before)
    return Part(
        start,
        conditions,
        np.concatenate(waveforms),
        np.concatenate(labels),
        np.concatenate(copies) if finder is not None else None,
        software(),
        this_platform(),
    )


def software() -> dict[str, str]:
    """What the samples of a batch depend on."""
    return {"abr-synthesis": __version__} | {name: version(name) for name in ("torch", "numpy")}


def format_software() -> dict[str, str]:
    """What the bytes of its file depend on besides."""
    return {name: version(name) for name in ("pandas", "pyarrow", "XlsxWriter", "wfdb")}


def this_platform() -> dict[str, str]:
    """What numbers may depend on besides versions: torch chooses its arithmetic by what the processor can."""
    import torch

    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
    }
