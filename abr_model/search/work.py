"""What a worker does: one trial after the other until the budget is used up or a person stops it."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from abr_model.errors import InputError
from abr_model.runs.lock import Lock, is_held
from abr_model.search.again import BEYOND, HOST, IMPOSSIBLE, REASON, RUN, WORKER, counted, enqueue_again
from abr_model.search.choosing import pruner_of, sampler_of
from abr_model.search.folder import Search
from abr_model.search.space import applied, distributions
from abr_model.search.storage import GRACE_S, HEARTBEAT_S, reason_of
from abr_model.search.trial_run import Outcome, follow, run_of
from abr_model.search.workers import LOG, Worker, host

if TYPE_CHECKING:
    import optuna

log = logging.getLogger("abr_model.search")

MOST_FAILURES = 3
"""After so many failures in a row the worker ends: it is not the settings."""
MOST_IMPOSSIBLE = 1000


def work(
    search: Search,
    worker: Worker | None = None,
    *,
    parallel: bool = False,
    wants_stop: Callable[[], bool] = lambda: False,
    on_event: Callable[[str], None] = lambda words: None,
) -> Worker:
    """Train trials of ``search`` until its budget is used up, a STOP file appears or ``wants_stop`` says so.

    Trials whose worker died are queued again first, with the same values: whoever takes them goes on with their run
    from its last whole epoch, or takes the result where their training went on alone.

    Parameters
    ----------
    worker
        The folder of this worker; a new one when left out.
    parallel
        Train at the same time as others on this machine; without it a trial waits for its turn among all trainings.
    on_event
        Given what happens, in words.

    Returns
    -------
    Worker
        Its state is ``finished`` or ``stopped``.

    Raises
    ------
    InputError
        The storage cannot be used, or several trials in a row failed (the state is ``failed`` and says why), or the
        worker is at work already.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    worker = worker or Worker.new(search.folder)
    lock = Lock(worker.lock_file)
    if not lock.acquire():
        raise InputError("this worker is at work already", value=worker.id)
    try:
        with _logged(worker, on_event), _without_advice():
            worker.write_status(state="running", message="starting", pid=os.getpid(), host=host())
            try:
                state, message = _Work(search, worker, parallel, wants_stop).until_the_end()
            except InputError as error:
                log.error("failed: %s", error)
                worker.write_status(state="failed", message=str(error), trial=None, run=None)
                raise
            except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
                log.exception("failed")
                problem = InputError(f"the storage of the search cannot be reached any more: {reason_of(error)}")
                worker.write_status(state="failed", message=str(problem), trial=None, run=None)
                raise problem from error
            except Exception as error:
                log.exception("failed")
                problem = f"a defect of the program: {type(error).__name__}: {error}; see {LOG}"
                worker.write_status(state="failed", message=problem, trial=None, run=None)
                raise
            log.info("%s", message)
            worker.write_status(state=state, message=message, trial=None, run=None)
    finally:
        lock.release()
    return worker


class _Work:
    def __init__(self, search: Search, worker: Worker, parallel: bool, wants_stop: Callable[[], bool]):
        self.search, self.worker, self.parallel, self._wants_stop = search, worker, parallel, wants_stop
        self.config = search.config
        self.study = search.study()
        self.study.pruner = pruner_of(self.config.pruner)
        self.distributions = distributions(self.config.space)
        self._beat_at, self._failures, self._impossible = 0.0, 0, 0

    def stopping(self) -> bool:
        return self.search.stop_requested or self._wants_stop()

    def until_the_end(self) -> tuple[str, str]:
        """State and message at the end."""
        while not self.stopping():
            queue_dead_trials(self.search, self.study)
            trial = self._next()
            if trial is None:
                return "finished", self._left()
            self._do(trial)
            if self._failures >= MOST_FAILURES:
                raise InputError(f"{self._failures} trials in a row failed, the last one: {self._last_problem}")
            if self._impossible >= MOST_IMPOSSIBLE:
                raise InputError("hardly any combination of the space is possible", value=self._last_problem)
        return "stopped", "stopped; the next worker goes on"

    def _left(self) -> str:
        trials = counted(self.study.get_trials(deepcopy=False))
        left = sum(not trial.state.is_finished() for trial in trials)
        return f"nothing is left to begin: {left} with another worker" if left else "all trials are done"

    def _next(self) -> optuna.Trial | None:
        """The next trial, begun; None when the budget is given out."""
        from optuna.trial import TrialState

        budget = self.config.trials
        known = counted(self.study.get_trials(deepcopy=False))
        if len(known) >= budget and not any(trial.state == TrialState.WAITING for trial in known):
            return None
        alone = sum(worker.active for worker in self.search.workers) <= 1 and self.config.storage is None
        every = len(self.study.get_trials(deepcopy=False))
        self.study.sampler = sampler_of(self.config.sampler, every, "" if alone else f"{host()}/{self.worker.id}")
        trial = self.study.ask(self.distributions)
        self._beat(trial, now=True)
        trial.set_user_attr(WORKER, self.worker.id)
        trial.set_user_attr(HOST, host())
        before = [t for t in counted(self.study.get_trials(deepcopy=False)) if t.number < trial.number]
        if len(before) >= budget:  # another worker asked at the same moment
            trial.set_user_attr(BEYOND, True)
            self._tell(trial, Outcome("failed", reason="one more than was asked for"))
            return None
        return trial

    def _do(self, trial: optuna.Trial) -> None:
        try:
            applied(self.config.preset, trial.params)
        except InputError as error:
            self._impossible += 1
            self._last_problem = str(error)
            trial.set_user_attr(IMPOSSIBLE, True)
            self._tell(trial, Outcome("pruned", reason=str(error)))
            return
        try:
            run = run_of(self.search, trial, exclusive=not self.parallel)
            trial.set_user_attr(RUN, run.id)
            words = f"trial {trial.number}: {trial.params}"
            log.info("%s, run %s", words, run.id)
            self.worker.write_status(message=f"trial {trial.number}", trial=trial.number, run=run.id)
            outcome = follow(
                self.search, trial, run, self.stopping, lambda: self._beat(trial),
                lambda epoch, value: log.info("trial %d, epoch %d: %.5g", trial.number, epoch + 1, value),
            )  # fmt: skip
        except InputError as error:
            outcome = Outcome("failed", reason=str(error))
        log.info("trial %d %s", trial.number, f"{outcome.state} {outcome.reason or format(outcome.value, '.5g')}")
        self._failures = self._failures + 1 if outcome.state in ("failed", "died") else 0
        self._last_problem = outcome.reason
        if outcome.state != "lost":
            self._tell(trial, outcome)

    def _tell(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Write down how a trial ended; of one that can go on, first that it is to go on."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        try:
            if outcome.reason:
                trial.set_user_attr(REASON, outcome.reason)
        except UpdateFinishedTrialError:  # it was silent for too long and another worker has it now
            return
        if outcome.state in ("again", "died"):
            enqueue_again(self.study, _frozen(self.study, trial.number), died=outcome.state == "died")
        state = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
        self.study.tell(
            trial.number, outcome.value, state=state.get(outcome.state, TrialState.FAIL), skip_if_finished=True
        )

    def _beat(self, trial: optuna.Trial, now: bool = False) -> None:
        if now or time.monotonic() - self._beat_at > HEARTBEAT_S:
            self._beat_at = time.monotonic()
            self.study._storage.record_heartbeat(trial._trial_id)


def queue_dead_trials(search: Search, study: optuna.Study) -> list[int]:
    """Queue the trials again whose worker is dead; returns their numbers.

    Of this machine's workers the free lock tells it at once, of others two minutes of silence.
    """
    import optuna
    from optuna.trial import TrialState

    lock = Lock(search.folder / ".queueing.lock")  # two workers must not queue the same trial twice
    if not lock.acquire(timeout_s=5):
        return []
    try:
        dead = []
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _is_dead(search, trial):
                kept = enqueue_again(study, trial)
                log.info("trial %d: its worker died; %s", trial.number, "it is queued again" if kept else "given up")
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
                dead.append(trial.number)
        optuna.storages.fail_stale_trials(study)
        return dead
    finally:
        lock.release()


def _is_dead(search: Search, trial: optuna.trial.FrozenTrial) -> bool:
    worker = trial.user_attrs.get(WORKER)
    if worker is None or HOST not in trial.user_attrs:  # its worker died within the first moments, or is in them
        begun = trial.datetime_start
        return begun is not None and (datetime.now() - begun).total_seconds() > GRACE_S
    if trial.user_attrs[HOST] != host():
        return False
    folder = search.folder / "workers" / worker
    return folder.is_dir() and not is_held(folder / "lock")


def _frozen(study: optuna.Study, number: int) -> optuna.trial.FrozenTrial:
    return next(trial for trial in study.get_trials(deepcopy=False) if trial.number == number)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Without Optuna's warnings that something may change, and that it would rather say itself that a trial lives."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        yield


@contextmanager
def _logged(worker: Worker, on_event: Callable[[str], None]) -> Iterator[None]:
    """What is logged goes into the worker's log, and to ``on_event``."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            on_event(record.getMessage())

    file = logging.FileHandler(worker.folder / LOG, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    level, handlers = log.level, (file, Told())
    for handler in handlers:
        log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        for handler in handlers:
            log.removeHandler(handler)
        log.setLevel(level)
        file.close()
