"""What a person asked a run to train on: processor, GPU or several of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.errors import InputError


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
