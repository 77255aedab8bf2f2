"""Batches of recordings that already lie in memory: no workers, no copies, and a position that can be resumed."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from abr_model.preparation import ModelInputs


class Batches:
    """Mini-batches, shuffled anew in each epoch by (seed, epoch).

    Lightning stores :meth:`state_dict` in its checkpoint, so a run that was stopped within an epoch goes on with the
    very batches that were left.

    Parameters
    ----------
    inputs
        All recordings, on the device of the network.
    batch_size
        Recordings per batch; the last batch of an epoch can be smaller.
    seed
        Shuffles the recordings; None keeps their order.
    """

    def __init__(self, inputs: ModelInputs, batch_size: int, seed: int | None = None):
        self.inputs, self.batch_size, self.seed = inputs, batch_size, seed
        self.epoch = self.position = 0

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.batch_size)

    def __iter__(self) -> Iterator[ModelInputs]:
        order = self._order(self.epoch)
        while True:
            rows = order[self.position * self.batch_size : (self.position + 1) * self.batch_size]
            # Moved on before the batch is handed out: whoever saves after the batch resumes with the next one.
            self.position += 1
            last = self.position == len(self)
            if last:
                self.epoch, self.position = self.epoch + 1, 0
            yield self.inputs[rows]
            if last:
                return

    def _order(self, epoch: int) -> torch.Tensor:
        if self.seed is None:
            return torch.arange(len(self.inputs))
        generator = torch.Generator().manual_seed(self.seed * 100_003 + epoch)
        return torch.randperm(len(self.inputs), generator=generator)

    def state_dict(self) -> dict:
        """Where the next batch comes from."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict) -> None:
        """Go on from there."""
        self.epoch, self.position = state["epoch"], state["position"]
