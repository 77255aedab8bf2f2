"""Where a training runs: what this machine has of what was asked for; refused clearly where it has none."""

from __future__ import annotations

import os
from dataclasses import dataclass

from abr_model.errors import InputError
from abr_model.runs.machine import Machine

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
"""Bits as the configuration and as Lightning calls them."""


@dataclass(frozen=True)
class Place:
    """Where a run trains, now that it is known what this machine has.

    Parameters
    ----------
    accelerator
        ``"cpu"``, ``"cuda"`` or ``"mps"``.
    devices, nodes
        As asked for.
    words
        ``"NVIDIA H100 80GB HBM3"``, ``"Apple GPU (MPS)"``, ``"CPU, 1 thread"``, ``"2 × CPU, 1 thread each"``.
    """

    accelerator: str
    devices: int
    nodes: int
    words: str

    @property
    def processes(self) -> int:
        """Processes in all."""
        return self.devices * self.nodes


def place_of(machine: Machine, precision: str = "32", threads: int = 1) -> Place:
    """What this machine has of what was asked for.

    Raises
    ------
    InputError
        There is no such GPU, or not so many; the device cannot calculate with this precision; several nodes without
        ``MASTER_ADDR``, ``MASTER_PORT`` and ``NODE_RANK`` in the environment.
    """
    accelerator = _accelerator(machine.accelerator)
    if accelerator == "mps" and machine.processes > 1:
        raise InputError("--devices: an Apple GPU trains in one process", value=machine.processes, allowed="1")
    if accelerator == "cuda":
        import torch

        found = torch.cuda.device_count()
        if machine.devices > found:
            raise InputError("--devices: there are not so many GPUs", value=machine.devices, allowed=f"1 to {found}")
    if machine.nodes > 1:
        _check_nodes(machine)
    _check_precision(precision, accelerator)
    return Place(accelerator, machine.devices, machine.nodes, _words(accelerator, machine, threads))


def node_rank() -> int:
    """Which of several nodes this is, from 0: ``NODE_RANK`` of the environment."""
    return int(os.environ.get("NODE_RANK", 0))


def _accelerator(asked: str) -> str:
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(name for name, there in available.items() if there)
    if not available[asked]:
        there = ", ".join(name for name, found in available.items() if found)
        name = {"cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (MPS)"}[asked]
        raise InputError(f"--accelerator: there is no {name} that torch can use", value=asked, allowed=f"auto, {there}")
    return asked


def _check_nodes(machine: Machine) -> None:
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK") if name not in os.environ]
    if missing:
        raise InputError(
            f"--num-nodes: {', '.join(missing)} must be in the environment of each node",
            value=machine.nodes,
            allowed="address and free port of the first node; 0 for it, 1, 2, … for the others",
        )
    rank, port = os.environ["NODE_RANK"], os.environ["MASTER_PORT"]
    if not rank.isdigit() or int(rank) >= machine.nodes:
        raise InputError("NODE_RANK is not that of one of the nodes", value=rank, allowed=f"0 to {machine.nodes - 1}")
    if not port.isdigit():
        raise InputError("MASTER_PORT is not a number", value=port)


def _check_precision(precision: str, accelerator: str) -> None:
    import torch

    name = {"cuda": "this GPU", "mps": "an Apple GPU", "cpu": "a processor"}[accelerator]
    if precision == "16" and accelerator != "cuda":
        # Lightning would quietly train with bfloat16 instead on a processor.
        raise InputError(
            f"--precision: training with 16-bit floats needs an NVIDIA GPU, this is {name}", value="16",
            allowed="32 or bf16",
        )  # fmt: skip
    if precision != "bf16":
        return
    try:
        with torch.autocast(accelerator, dtype=torch.bfloat16):
            able = (torch.ones(2, 2, device=accelerator) @ torch.ones(2, 2, device=accelerator)).dtype == torch.bfloat16
    except (RuntimeError, TypeError):
        able = False
    if accelerator == "cuda":
        able = able and torch.cuda.is_bf16_supported(including_emulation=False)
    if not able:
        raise InputError(f"--precision: {name} cannot calculate with bfloat16", value="bf16", allowed="32")


def _words(accelerator: str, machine: Machine, threads: int) -> str:
    if accelerator == "cuda":
        import torch

        device = torch.cuda.get_device_name(0)
    elif accelerator == "mps":
        device = "Apple GPU (MPS)"
    else:
        device = f"CPU, {threads} thread{'s' if threads > 1 else ''}"
        device += " each" if machine.processes > 1 else ""
    words = device if machine.devices == 1 else f"{machine.devices} × {device}"
    return words if machine.nodes == 1 else f"{machine.nodes} nodes with {words}"
