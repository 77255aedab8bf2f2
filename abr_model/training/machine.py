"""What a training runs on: processor, GPU or several of them; refused clearly where the machine has none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.errors import InputError

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
"""Bits as the configuration and as Lightning calls them."""


class Machine(BaseModel):
    """What a person asked a run to train on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="auto: an NVIDIA GPU where there is one, else an Apple GPU, else the processor"
    )
    devices: int = Field(default=1, ge=1, le=64, description="processes on each node, one a GPU")
    nodes: int = Field(default=1, ge=1, le=256, description="machines that train together")
    compile: bool = Field(default=False, description="compile the network with torch.compile")

    @property
    def processes(self) -> int:
        """Processes in all; each takes a batch of its own in every step."""
        return self.devices * self.nodes


_OPTIONS = {"nodes": "--num-nodes"}


def machine_of(values: dict[str, Any]) -> Machine:
    """A checked :class:`Machine`; :class:`InputError` for a value that is not allowed, naming its option."""
    try:
        return Machine(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        allowed = "auto, cpu, cuda, mps" if name == "accelerator" else None
        option = _OPTIONS.get(name, f"--{name}")
        raise InputError(f"{option}: {first['msg'].lower()}", value=first["input"], allowed=allowed) from error


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
