"""Batches of recordings that already lie in memory: no workers, no copies, and a position that can be resumed."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from abr_model.preparation import ModelInputs


class Batches:
    """Mini-batches, shuffled anew in each epoch by (seed, epoch); with several processes, the part of one of them.

    In every step each process takes a batch of its own from one common order, so a step sees ``batch_size`` recordings
    a process. All processes make the same number of steps: the recordings that are left for the last one are divided
    evenly (sizes differ by one at most); where there are fewer of them than processes, the first ones of the order are
    seen a second time.

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
    rank, processes
        Which of how many processes this is.
    """

    def __init__(
        self, inputs: ModelInputs, batch_size: int, seed: int | None = None, rank: int = 0, processes: int = 1
    ):
        self.inputs, self.batch_size, self.seed = inputs, batch_size, seed
        self.rank, self.processes = rank, processes
        self.epoch = self.position = 0

    def __len__(self) -> int:
        return -(-len(self.inputs) // (self.batch_size * self.processes))

    def __iter__(self) -> Iterator[ModelInputs]:
        order = self._order(self.epoch)
        while True:
            rows = self._rows(order, self.position).to(self.inputs.waveform.device)
            # Moved on before the batch is handed out: whoever saves after the batch resumes with the next one.
            self.position += 1
            last = self.position == len(self)
            if last:
                self.epoch, self.position = self.epoch + 1, 0
            yield self.inputs[rows]
            if last:
                return

    def _rows(self, order: torch.Tensor, position: int) -> torch.Tensor:
        size = self.batch_size * self.processes
        rows = order[position * size : (position + 1) * size]
        if len(rows) < self.processes:
            rows = torch.cat([rows, order.repeat(self.processes)[: self.processes - len(rows)]])
        if len(rows) == size:
            return rows[self.rank * self.batch_size : (self.rank + 1) * self.batch_size]
        return rows.tensor_split(self.processes)[self.rank]

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
