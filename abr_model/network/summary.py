"""A network as a list of blocks with the shapes and parameters that it really has."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass

import torch
from torch import Tensor, nn

EXPANDED = (nn.Sequential, nn.TransformerEncoder, nn.TransformerDecoder, nn.ModuleList)
"""Containers that are shown by their parts; every other module is one block, and so are classes made of these."""


@dataclass(frozen=True)
class Block:
    """One block of a network.

    Parameters
    ----------
    name
        Path in the network: ``"encoder.layers.0"``.
    kind
        Class with its sizes: ``"Conv1d 1→16, kernel 7, stride 1"``, or ``"Parameter"`` / ``"Buffer"``.
    output_shape
        Shape of what it gave for one recording; the first number is the batch. None for a block that did not run.
    parameters
        Trainable parameters in it.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def summarise(network: nn.Module) -> list[Block]:
    """Every block in the order of the network's definition, measured by a forward pass of one recording.

    The parameters of all blocks add up to those of the network.
    """
    modules = list(_blocks(network))
    shapes: dict[str, tuple[int, ...]] = {}

    def remember(name):
        def hook(_module, _inputs, output):
            if isinstance(output, Tensor):
                shapes.setdefault(name, tuple(output.shape))

        return hook

    handles = [module.register_forward_hook(remember(name)) for name, module in modules]
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            network(empty_inputs(1, network.samples))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    blocks = [_tensor_block(name, value, "Parameter") for name, value in network.named_parameters(recurse=False)]
    blocks += [_tensor_block(name, value, "Buffer") for name, value in network.named_buffers(recurse=False)]
    blocks += [Block(name, kind_words(module), shapes.get(name), _trainable(module)) for name, module in modules]
    return blocks


def stream_shapes(network: nn.Module) -> dict[str, dict[str, list]]:
    """Shapes for a batch of B: ``{"inputs": {"waveform": ["B", 200], …}, "latent": …, "outputs": …}``."""
    batch = empty_inputs(1, network.samples)
    was_training = network.training
    network.eval()
    with torch.no_grad():
        posterior, z, decoded = network(batch)
    network.train(was_training)
    return {
        "inputs": _shapes(batch),
        "latent": {**_shapes(posterior), "z": ["B", *z.shape[1:]]},
        "outputs": _shapes(decoded),
    }


def empty_inputs(recordings: int, samples: int):
    """:class:`~abr_model.preparation.ModelInputs` of zeros with no label marked."""
    from abr_model.preparation import ModelInputs

    widths = {"waveform": samples, "static": 4, "latency": 3, "amplitude": 3, "mask": 6}
    return ModelInputs(**{name: torch.zeros(recordings, width) for name, width in widths.items()})


def _shapes(values) -> dict[str, list]:
    assert is_dataclass(values)
    tensors = {f.name: getattr(values, f.name) for f in fields(values)}
    return {n: (["B", *t.shape[1:]] if t.ndim > 1 else list(t.shape)) for n, t in tensors.items() if t is not None}


def _blocks(module: nn.Module, path: str = ""):
    for name, child in module.named_children():
        name = f"{path}{name}"
        if type(child) in EXPANDED:
            yield from _blocks(child, f"{name}.")
        else:
            yield name, child


def _tensor_block(name: str, value: Tensor, kind: str) -> Block:
    return Block(name, kind, tuple(value.shape), value.numel() if kind == "Parameter" and value.requires_grad else 0)


def kind_words(module: nn.Module) -> str:
    """Class of a module with its sizes: ``"Linear 64→32"``."""
    name = type(module).__name__
    if isinstance(module, nn.Linear):
        return f"{name} {module.in_features}→{module.out_features}"
    if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
        sizes = f"{module.in_channels}→{module.out_channels}"
        # What it computes, not the class that computes it in another way.
        name = "ConvTranspose1d" if isinstance(module, nn.ConvTranspose1d) else "Conv1d"
        return f"{name} {sizes}, kernel {module.kernel_size[0]}, stride {module.stride[0]}"
    if isinstance(module, nn.GroupNorm):
        return f"{name} {module.num_groups} groups of {module.num_channels}"
    if isinstance(module, nn.LayerNorm):
        return f"{name} {module.normalized_shape[0]}"
    if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        return f"{name} {module.self_attn.num_heads} heads, feed-forward {module.linear1.out_features}"
    if isinstance(module, nn.Sequential):
        return f"{name}: {'; '.join(kind_words(part) for part in module)}"
    return name


def _trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
