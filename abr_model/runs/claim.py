"""Who may train: one trainer per run, and by default one training per folder of runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs.lock import Lock, is_held
from abr_model.runs.run import Run, RunConfig, list_runs

TRAINING_LOCK = ".training.lock"
"""In the folder of all runs: held by a training that wants the machine for itself (the default)."""


def check_free(root: str | Path) -> None:
    """Nothing when no exclusive training is active in ``root``, nor about to be.

    Raises
    ------
    InputError
        One is active; says which.
    """
    root = Path(root)
    if is_held(root / TRAINING_LOCK) or _active_exclusive(root) is not None:
        raise _busy(root)


@contextmanager
def claimed(run: Run, config: RunConfig) -> Iterator[None]:
    """The run is ours until the end of the block, or of this process, however it ends.

    Raises
    ------
    InputError
        The run is being trained already (its status is left alone), or another training is active (the state of this
        run becomes ``failed`` and says so).
    """
    own, shared = Lock(run.folder / "lock"), Lock(run.folder.parent / TRAINING_LOCK)
    try:
        try:
            _claim(run, config, own, shared)
        except OSError as error:
            raise InputError(f"the run folder cannot be written: {error.strerror}", file=run.id) from error
        yield
    finally:
        shared.release()
        own.release()


def _claim(run: Run, config: RunConfig, own: Lock, shared: Lock) -> None:
    if not own.acquire():
        raise InputError("the run is being trained already", value=run.id)
    if config.exclusive and not shared.acquire():
        error = _busy(run.folder.parent, besides=run)
        run.write_status(state="failed", message=str(error))
        raise error
    # A request from before belongs to the training that ended; one made while we were starting is meant for us.
    if run.status.get("state") != "pending":
        run.clear_stop()
    started = run.status.get("started") or datetime.now(UTC).isoformat(timespec="seconds")
    run.write_status(state="running", message="starting", started=started, pid=os.getpid())


def _active_exclusive(root: Path, besides: Run | None = None) -> Run | None:
    active = (run for run in list_runs(root) if run != besides and run.active)
    return next((run for run in active if run.config.exclusive), None)


def _busy(root: Path, besides: Run | None = None) -> InputError:
    active = _active_exclusive(root, besides)
    return InputError(
        "another training is active in this folder of runs",
        value=active and active.id,
        allowed="stop it, or wait for its end",
    )
