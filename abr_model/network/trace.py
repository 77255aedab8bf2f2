"""What flows through a network for given recordings: what each part puts out, and who attends to whom.

A copy of the network is watched, so nothing is changed. The weights of the attention are those of its own modules:
where the network calls one (it does so without asking for the weights), the same module is asked a second time with the
same inputs.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from abr_model.preparation import ModelInputs


@dataclass(frozen=True)
class Attention:
    """Weights of one attention module.

    Parameters
    ----------
    name
        Path in the network: ``"encoder.layers.0.self_attn"``.
    weights
        [B, heads, Q, K]: how much token q takes from token k; each row adds up to 1.
    """

    name: str
    weights: np.ndarray

    @property
    def layer(self) -> int:
        """Counted from 1."""
        return 1 + next(int(part) for part in self.name.split(".") if part.isdigit())

    @property
    def part(self) -> str:
        """``"encoder"`` or ``"decoder"``: the network's part that it belongs to."""
        return self.name.split(".")[0]

    @property
    def crosses(self) -> bool:
        """Whether it looks at something else than its own tokens (the memory of the preset ``reference``)."""
        return not self.name.endswith("self_attn")

    @property
    def received(self) -> np.ndarray:
        """[B, heads, K]: how much each token is looked at, the mean over those that look; adds up to 1."""
        return self.weights.mean(2)


@dataclass(frozen=True)
class Trace:
    """What flowed through: outputs of parts by their path, as [B, …], and every attention in the order of the call."""

    outputs: dict[str, np.ndarray]
    attention: tuple[Attention, ...]


@torch.no_grad()
def trace(network: nn.Module, batch: ModelInputs, parts: Sequence[str] = ()) -> Trace:
    """Encode the recordings, decode the mean of z, and note what happens on the way.

    Parameters
    ----------
    network
        In evaluation mode, as a trained model has it.
    batch
        B recordings.
    parts
        Paths of modules whose (first) output is wanted. Of one that is called more than once: the last time.
    """
    outputs: dict[str, np.ndarray] = {}
    attention: list[Attention] = []

    def note_output(name: str):
        def hook(_module, _inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            outputs[name] = value.cpu().numpy()

        return hook

    def note_attention(name: str):
        def hook(module, inputs, keywords):
            asked = keywords | {"need_weights": True, "average_attn_weights": False}
            _, weights = module.forward(*inputs, **asked)  # not a call: that would come here again
            attention.append(Attention(name, weights.cpu().numpy()))

        return hook

    network = copy.deepcopy(network)  # whoever else uses it at this moment is neither slowed nor listened to
    modules = dict(network.named_modules())
    for name in parts:
        if name in modules:
            modules[name].register_forward_hook(note_output(name))
    for name, module in modules.items():
        if isinstance(module, nn.MultiheadAttention):
            module.register_forward_pre_hook(note_attention(name), with_kwargs=True)
    posterior = network.encode(batch)
    network.decode(posterior.mean, batch.static)
    return Trace(outputs, tuple(attention))


def token_edges(network: nn.Module, samples: int, tokens: int) -> np.ndarray:
    """[tokens + 1] where the encoder's tokens lie on the trace, in samples from its start.

    From kernels, strides and paddings of the convolutions that make the tokens: each token has the same width, and its
    middle is the middle of what its convolutions see.
    """
    first = getattr(network, "stem", None) or getattr(network, "patches", None)
    middle, step = 0.0, 1.0
    for module in first.modules() if first is not None else ():
        if isinstance(module, nn.Conv1d):
            middle += ((module.kernel_size[0] - 1) / 2 - module.padding[0]) * step
            step *= module.stride[0]
    if first is None or round(samples / step) != tokens:
        step = samples / tokens
        middle = (step - 1) / 2
    return middle - step / 2 + step * np.arange(tokens + 1)


def summary(output: np.ndarray | Tensor) -> dict[str, float]:
    """Mean, SD, smallest and largest of what a part put out."""
    values = np.asarray(output, dtype=float)
    return {"mean": values.mean(), "SD": values.std(), "smallest": values.min(), "largest": values.max()}
