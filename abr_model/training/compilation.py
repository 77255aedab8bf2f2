"""``torch.compile`` for the network, where it is available."""

from __future__ import annotations

import torch
from torch import nn

from abr_model.preparation import ModelInputs

BACKEND = "inductor"


def compile_network(network: nn.Module, batch: ModelInputs) -> str | None:
    """Compile ``network`` in place; its weights keep their names.

    One step is tried on ``batch`` (one of training, on the device of the network), because whether there is a compiler
    shows only then. Chance and gradients are as before. Shapes are taken as they are: a last, smaller batch is compiled
    for itself.

    Returns
    -------
    str or None
        Why it cannot be compiled here; the network is then as it was. None when it is compiled.
    """
    was_training = network.training
    try:
        with torch.random.fork_rng(devices=[batch.waveform.device] if batch.waveform.device.type == "cuda" else []):
            # In place: a wrapper would put its own prefix before every name of a weight.
            network.compile(backend=BACKEND, dynamic=False)
            network.train()
            _, _, decoded = network(batch)
            decoded.waveform.square().mean().backward()
    except Exception as error:  # no compiler, a platform without one, an operation that it does not know
        uncompiled(network)
        error = getattr(error, "inner_exception", error)
        reason = str(error).strip() or "no reason given"
        return f"{type(error).__name__}: {reason.splitlines()[0][:200]}"
    finally:
        network.train(was_training)
        network.zero_grad(set_to_none=True)
    return None


def uncompiled(network: nn.Module) -> None:
    """Take the compilation back: what follows the training calls the network in other ways."""
    network._compiled_call_impl = None
