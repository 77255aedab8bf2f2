"""What a training has logged so far, as columns: read along while it is written, each line parsed once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from abr_model.runs.columns import Columns, columns_of, thinned
from abr_model.runs.reading import rows_of, whole_lines

__all__ = ("Best", "History", "thinned")

Kind = Literal["step", "epoch"]
Axis = Literal["epochs", "steps", "minutes"]

SELECTION_LOSS = "validation_loss_final_beta"
"""Chooses the best epoch."""
_PLACE = ("epoch", "step", "minutes")


class Best(NamedTuple):
    """The best epoch so far."""

    epoch: int
    """Counted from 1, as on the axis and in the names of the checkpoints."""
    loss: float
    """Validation loss with the schedule's last β."""


class History:
    """Rows of ``metrics.jsonl`` of a run folder, as columns.

    Nothing is read before :meth:`update`, which parses only what was appended since the last one. Steps that a resumed
    training did again are dropped (as :func:`abr_model.runs.reading.without_abandoned` does it). May be shared between
    threads: what is returned are copies.

    Parameters
    ----------
    folder
        Of the run.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._version = 0
        self._start_anew()

    # --- reading along --------------------------------------------------------------------------------------------

    def update(self) -> bool:
        """Read what was appended; whether anything changed.

        A file that became shorter, or is another one, is read anew. A line that is still being written waits for the
        next time; a line that cannot be read is skipped.
        """
        path = self.folder / "metrics.jsonl"
        with self._lock:
            try:
                seen = path.stat()
            except FileNotFoundError:
                if self._seen is None:
                    return False
                self._start_anew()
                self._version += 1
                return True
            except OSError:
                return False
            if (seen.st_ino, seen.st_size, seen.st_mtime_ns) == self._seen:
                return False
            anew = self._seen is not None and (seen.st_ino != self._seen[0] or seen.st_size < self._offset)
            if anew:
                self._start_anew()
            lines, self._offset = whole_lines(path, self._offset)
            self._seen = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
            self._append(rows_of(lines))
            changed = anew or bool(lines)
            self._version += changed
            return changed

    def _start_anew(self) -> None:
        self._tables: dict[str, Columns] = {"step": Columns(), "epoch": Columns()}
        self._steps_per_epoch: int | None = None
        self._offset = 0
        self._seen: tuple[int, int, int] | None = None

    def _append(self, rows: list[dict]) -> None:
        """Add rows, all of a kind at once between two resumptions."""
        waiting: dict[str, list[dict]] = {kind: [] for kind in self._tables}
        for row in rows:
            kind = row.pop("kind", None)
            if kind == "resumed":
                self._flush(waiting)
                self._drop_after(row.get("step"))
            elif kind in waiting:
                waiting[kind].append(row)
        self._flush(waiting)

    def _flush(self, waiting: dict[str, list[dict]]) -> None:
        for kind, rows in waiting.items():
            if rows:
                self._tables[kind].append(columns_of(rows), len(rows))
                rows.clear()

    def _drop_after(self, step: int | None) -> None:
        """Drop what a training that goes on from ``step`` will do again."""
        if not isinstance(step, int | float):
            return
        for table in self._tables.values():
            kept = ~(table.column("step") > step)
            if not kept.all():
                table.keep(kept)

    # --- asking ---------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Another number after every change: what was drawn from this one needs no new drawing."""
        return self._version

    @property
    def written(self) -> float | None:
        """When the file had last been written at the last update, in seconds since 1970; None without a file."""
        with self._lock:
            return self._seen and self._seen[2] / 1e9

    def __len__(self) -> int:
        """Rows of steps and of epochs that count."""
        with self._lock:
            return sum(table.rows for table in self._tables.values())

    def names(self, kind: Kind) -> list[str]:
        """What the rows of a kind hold numbers of, in the order of the file; without epoch, step and minutes."""
        with self._lock:
            return [name for name in self._tables[kind].names() if name not in _PLACE]

    def series(self, name: str, kind: Kind, axis: Axis = "epochs") -> tuple[np.ndarray, np.ndarray]:
        """One number over time.

        Parameters
        ----------
        name
            As in :meth:`names`.
        kind
            Rows of single steps, or means over an epoch.
        axis
            ``"epochs"`` counts whole epochs and parts of them, so an epoch's row stands at its end; ``"minutes"`` are
            those of training, without pauses.

        Returns
        -------
        x, y
            [N] each; ``y`` is NaN where nothing was measured. Both empty when there is nothing of this name.
        """
        with self._lock:
            table = self._tables[kind]
            y = table.column(name)
            if not np.isfinite(y).any():
                return np.empty(0), np.empty(0)
            return self._x(kind, axis), y

    def vectors(self, name: str = "kl_per_latent") -> tuple[np.ndarray, np.ndarray]:
        """Lists of the epoch rows: epochs [E] (counted from 1) and values [E, L]; L is 0 when there are none."""
        with self._lock:
            return self._x("epoch", "epochs"), self._tables["epoch"].matrix(name)

    def last(self, kind: Kind) -> dict | None:
        """The newest row; None when there is none. What was null in the file is None."""
        with self._lock:
            table = self._tables[kind]
            if not table.rows:
                return None
            row = table.row(table.rows - 1)
            return row | {name: int(row[name]) for name in ("epoch", "step") if row.get(name) is not None}

    @property
    def epochs_done(self) -> int:
        """Whole epochs trained."""
        last = self.last("epoch")
        return 0 if last is None or last.get("epoch") is None else last["epoch"] + 1

    @property
    def best(self) -> Best | None:
        """The epoch with the smallest validation loss with the last β; None before the first."""
        x, y = self.series(SELECTION_LOSS, "epoch")
        if not len(y):
            return None
        place = int(np.nanargmin(y))
        return Best(round(x[place]), float(y[place]))

    @property
    def steps_per_epoch(self) -> int | None:
        """Steps of an epoch, from its row or, before the first, from ``status.json``; None when neither says it."""
        with self._lock:
            if self._steps_per_epoch is None:
                self._steps_per_epoch = self._of_the_first_epoch() or self._of_the_status()
            return self._steps_per_epoch

    def _of_the_first_epoch(self) -> int | None:
        table = self._tables["epoch"]
        if not table.rows:
            return None
        steps = table.column("step")[0] / (table.column("epoch")[0] + 1)
        return round(steps) if np.isfinite(steps) and steps >= 1 else None

    def _of_the_status(self) -> int | None:
        try:
            steps = json.loads((self.folder / "status.json").read_text(encoding="utf-8")).get("steps_per_epoch")
        except (OSError, ValueError, AttributeError):
            return None
        return steps if isinstance(steps, int) and steps > 0 else None

    def _x(self, kind: Kind, axis: Axis) -> np.ndarray:
        table = self._tables[kind]
        if axis == "minutes":
            return table.column("minutes")
        if axis == "steps":
            return table.column("step")
        if kind == "epoch":
            return table.column("epoch") + 1
        per_epoch = self.steps_per_epoch
        return table.column("step") / per_epoch if per_epoch else table.column("epoch")
