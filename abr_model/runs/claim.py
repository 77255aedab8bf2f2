"""Who may train: one trainer per run, and by default one training per machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from abr_model.errors import InputError
from abr_model.runs import queue
from abr_model.runs.lock import Lock
from abr_model.runs.reading import launched_as_this_process
from abr_model.runs.run import Run, RunConfig, list_runs
from abr_model.runs.state import WAITING
from abr_model.runs.status import give_reserve_back, keep_reserve
from abr_model.runs.training_lock import holder, is_training, training_lock

POLL_S = 0.3
OLD_S = 60


def check_free(root: str | Path) -> None:
    """Nothing when no exclusive training is active on this machine, nor waits, nor is about to begin in ``root``.

    Raises
    ------
    InputError
        One is active; says which.
    """
    if is_training() or queue.waiting() or _active_exclusive(Path(root)) is not None:
        raise _busy(Path(root))


class Claim:
    """The run is ours from :meth:`take` or :meth:`wait` on until the end of the block, or of this process, however it
    ends::

        with Claim(run, run.config) as claim:
            if claim.wait(stopped):
                train()

    Parameters
    ----------
    run, config
        What is to be trained. Where ``config.exclusive`` is set, the machine is ours, too.
    """

    def __init__(self, run: Run, config: RunConfig):
        self.run, self.config = run, config
        self._own = Lock(run.folder / "lock")
        self._machine: Lock | None = None

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *problem) -> None:
        self.release()

    def take(self) -> None:
        """The run is ours now and its state is ``running``; also after :meth:`wait`.

        Raises
        ------
        InputError
            The run is being trained already or has finished (its status is left alone), or another training is active
            or waits (the state of this run becomes ``failed`` and says so).
        """
        try:
            self._take_run()
            if self.config.exclusive and self._machine is None and (self._others() or not self._take_machine()):
                error = _busy(self.run.folder.parent, besides=self.run)
                self.run.write_status(state="failed", message=str(error))
                raise error
            self._remove_partial_files()
            keep_reserve(self.run.folder)
            started = self.run.status.get("started") or datetime.now(UTC).isoformat(timespec="seconds")
            self.run.write_status(state="running", message="starting", started=started, pid=os.getpid(), queued=None)
        except OSError as error:
            raise self._unwritable(error) from error

    def wait(
        self, stopped: Callable[[], bool] = lambda: False, on_wait: Callable[[str], None] = lambda words: None
    ) -> bool:
        """Wait until it is our turn, first come, first served. Meanwhile the state of the run is ``pending``.

        Parameters
        ----------
        stopped
            Asked a few times a second, besides the run's own request to stop.
        on_wait
            Given what is waited for, in words, whenever that changes.

        Returns
        -------
        bool
            True: it is our turn, nobody else trains. False: asked to stop; the state is ``stopped``.

        Raises
        ------
        InputError
            The run is being trained, or waits, already; or it has finished.
        """
        try:
            self._take_run()
            if not self.config.exclusive:
                return True
            said = None
            while not self._is_our_turn():
                if stopped() or self.run.stop_requested:
                    self._leave_queue()
                    return False
                said = self._say(said, on_wait)
                time.sleep(POLL_S)
            self.run.write_status(state="pending", message="starting", queued=None)
            return True
        except OSError as error:
            raise self._unwritable(error) from error
        except KeyboardInterrupt:
            self._leave_queue()
            raise
        finally:
            if self._own.held:
                queue.give_ticket_back(self.run)

    def release(self) -> None:
        """Let go of the run and the machine; harmless when they are not ours."""
        if self._own.held:
            give_reserve_back(self.run.folder)
        if self._machine is not None:
            self._machine.release()
            self._machine = None
        self._own.release()

    def _take_run(self) -> None:
        if self._own.held:
            return
        if not self._own.acquire():
            raise InputError("the run is being trained already", value=self.run.id)
        state = self.run.status.get("state")
        if state == "finished":
            raise InputError("the run has finished", value=self.run.id, allowed="start a new run")
        # A stop request, and a place in the queue, from before belong to the training that ended; those that were made
        # while we were starting are meant for us.
        if state != "pending":
            self.run.clear_stop()
            if "queued" in self.run.status:
                self.run.write_status(queued=None)

    def _take_machine(self, timeout_s: float = 0.5) -> bool:
        lock = training_lock()
        if not lock.acquire(timeout_s):
            return False
        lock.write(str(self.run.folder))
        self._machine = lock
        return True

    def _others(self) -> bool:
        # Who was started in the background was let by `check_free`: those that wait now came while it was starting.
        return not launched_as_this_process(self.run.folder) and any(run != self.run for run in queue.waiting())

    def _is_our_turn(self) -> bool:
        waiting = queue.waiting()
        # While we are not among them we came last.
        if (waiting and waiting[0] != self.run) or is_training() or self._one_is_starting():
            return False
        return self._take_machine(timeout_s=0)

    def _one_is_starting(self) -> bool:
        """Whether one that need not wait was started, and has not come so far as to take the machine: it has to read
        torch first, which takes longer than coming to the queue."""
        others = (run for run in list_runs(self.run.folder.parent) if run != self.run and run.state == "pending")
        return any(run.active and not run.queued and run.config.exclusive for run in others)

    def _say(self, said: str | None, on_wait: Callable[[str], None]) -> str:
        """Say in the status, and to others, that we wait; again whenever that changes."""
        status = self.run.status
        if status.get("state") != WAITING or not status.get("queued"):
            self.run.write_status(state=WAITING, queued=status.get("queued") or queue.now(), pid=os.getpid())
        if not queue.has_ticket(self.run):
            queue.take_ticket(self.run)
        words = queue.words(queue.place_in_queue(self.run) or 1)
        if words != said:
            self.run.write_status(message=words)
            on_wait(words)
        return words

    def _leave_queue(self) -> None:
        done = "training can go on" if self.run.last_checkpoint.is_file() else "nothing was trained yet"
        self.run.write_status(state="stopped", message=f"left the queue before its turn; {done}", queued=None)

    def _remove_partial_files(self) -> None:
        """What a trainer that was killed was just writing."""
        folders = (self.run.folder, self.run.last_checkpoint.parent)
        for partial in (path for folder in folders for path in folder.glob(".*.partial")):
            with suppress(FileNotFoundError):
                if time.time() - partial.stat().st_mtime > OLD_S:  # else somebody may be writing it now
                    partial.unlink()

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"the run folder cannot be written: {error.strerror}", file=self.run.id)


def _active_exclusive(root: Path, besides: Run | None = None) -> Run | None:
    active = (run for run in list_runs(root) if run != besides and run.active)
    return next((run for run in active if run.config.exclusive), None)


def _busy(root: Path, besides: Run | None = None) -> InputError:
    active = holder() or _active_exclusive(root, besides)
    return InputError(
        "another training is active on this machine",
        value=active and active.id,
        allowed="stop it, wait for its end, or queue behind it (--queue)",
    )
