"""What can be asked of a run while it lives, and told to it: state, progress, rows of the metrics, log, a stop."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs.living import LivingFolder
from abr_model.runs.reading import read_rows, tail
from abr_model.runs.state import message_of


@dataclass(frozen=True)
class RunLife(LivingFolder):
    """A run folder as its trainer and its watchers see it; its id is like ``2026-11-22-1432-reference-3f9a``."""

    @property
    def last_checkpoint(self) -> Path:
        """Where to go on from."""
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def resumable(self) -> bool:
        """Whether training can go on, or begin: it was stopped, failed or crashed, or never started."""
        return self.state in ("stopped", "failed", "crashed") or (self.state == "pending" and not self.active)

    # --- state ----------------------------------------------------------------------------------------------------

    @property
    def queued(self) -> bool:
        """Whether it waits until another training has ended; its state is ``pending`` then, and it is active."""
        return bool(self.status.get("queued")) and self.state == "pending" and self.active

    @property
    def message(self) -> str:
        """What to say about the state, a sentence for a person."""
        return message_of(self.folder)

    # --- reading along --------------------------------------------------------------------------------------------

    def metrics(self, offset: int = 0) -> tuple[list[dict], int]:
        """Rows of ``metrics.jsonl`` from a byte offset on, and the offset to ask from next time.

        A line that is still being written waits for the next time. When the file has become shorter than ``offset``
        it is read from its start. Rows have ``kind`` ``"step"``, ``"epoch"``, or ``"resumed"`` where training went on
        from a checkpoint (see :func:`without_abandoned`).
        """
        return read_rows(self.folder / "metrics.jsonl", offset)

    def log_tail(self, lines: int = 50) -> str:
        """The last lines of ``train.log``."""
        return tail(self.folder / "train.log", lines)

    # --- stopping -------------------------------------------------------------------------------------------------

    def request_stop(self, at_once: bool = False) -> None:
        """Ask the trainer to finish its batch, save and stop; ``at_once``: without a sampler, so without a model.

        One that waits for its turn leaves the queue. Nothing happens to a run that has ended.

        Raises
        ------
        InputError
            The request cannot be written (the disk is full).
        """
        if self.state not in ("pending", "running"):
            return
        try:
            if at_once:
                (self.folder / "STOP").write_text("at once", encoding="utf-8")
            else:
                (self.folder / "STOP").touch()
        except OSError as error:
            raise InputError(f"the run cannot be asked to stop: {error.strerror}", file=self.id) from error

    @property
    def stop_at_once_requested(self) -> bool:
        """Whether it shall stop without making a model."""
        with suppress(OSError):
            return (self.folder / "STOP").stat().st_size > 0
        return False
