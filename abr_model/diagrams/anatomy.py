"""Blocks of a live network: their shapes measured by a forward pass, their parameters counted, nothing assumed."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from abr_model.diagrams.graph import Block, Line, Place, Role, Shape
from abr_model.diagrams.subject import Subject
from abr_model.network.summary import empty_inputs, kind_words

SAMPLER = "sampler"
_BATCH = 3
"""Recordings of the measuring pass; this number in front of a shape becomes ``"B"``."""


class Anatomy:
    """Makes the blocks of a subject.

    Attributes
    ----------
    shapes
        Module path → shape of its first input and of its (first) output.
    total
        Parameters of network and sampler.
    """

    def __init__(self, subject: Subject):
        self.subject, self.network, self.sampler = subject, subject.network, subject.sampler
        self.parameters = dict(self.network.named_parameters())
        self.modules = dict(self.network.named_modules())
        self.shapes = _measured(self.network)
        self.total = subject.parameters

    def count(self, *names: str) -> int:
        """Trainable parameters of modules and of parameters by their paths; ``"sampler"`` is the whole sampler."""
        return sum(self._count(name) for name in names)

    def owned(self, *names: str) -> set[str]:
        """Names of the network's parameters in these modules, or of these names."""
        return {p for p in self.parameters if any(p == name or p.startswith(f"{name}.") for name in names)}

    def kind(self, name: str) -> str:
        """``"Linear 64→32"`` of the module at this path."""
        return kind_words(self.modules[name])

    def block(
        self,
        block_id: str,
        title: str,
        place: Place,
        modules: Sequence[str] = (),
        *,
        lines: Sequence[Line] = (),
        role: Role = "network",
        meaning: str = "",
        code: str = "",
        shape_in: Shape | None = None,
        shape_out: Shape | None = None,
    ) -> Block:
        """A block; its shapes are the input of its first and the output of its last module unless they are given."""
        measured = [self.shapes[name] for name in modules if name in self.shapes]
        parameters = self.count(*modules)
        return Block(
            block_id,
            title,
            tuple(lines),
            role,
            place,
            meaning,
            tuple(modules),
            code,
            shape_in or (measured[0][0] if measured else None),
            shape_out or (measured[-1][1] if measured else None),
            parameters,
            parameters / self.total if modules and self.total else None,
        )

    def _count(self, name: str) -> int:
        if name == SAMPLER:
            return sum(p.numel() for p in self.sampler.parameters() if p.requires_grad)
        if name in self.parameters:
            return self.parameters[name].numel() if self.parameters[name].requires_grad else 0
        return sum(p.numel() for p in self.modules[name].parameters() if p.requires_grad)


def _measured(network: nn.Module) -> dict[str, tuple[Shape, Shape]]:
    found: dict[str, tuple[Shape, Shape]] = {}

    def remember(name: str):
        def hook(_module, inputs, keywords, output):
            given = next((t for t in (*inputs, *keywords.values()) if isinstance(t, Tensor)), None)
            output = output[0] if isinstance(output, tuple) else output
            if given is not None and isinstance(output, Tensor):
                found.setdefault(name, (_shape(given), _shape(output)))

        return hook

    network = (
        copy.deepcopy(network).cpu().eval()
    )  # a page shares the model: what others put through it is not looked at
    for name, module in network.named_modules():
        if name:
            module.register_forward_hook(remember(name), with_kwargs=True)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        network(empty_inputs(_BATCH, network.samples))
    return found


def _shape(tensor: Tensor) -> Shape:
    return ("B", *tensor.shape[1:]) if tensor.ndim and tensor.shape[0] == _BATCH else tuple(tensor.shape)
