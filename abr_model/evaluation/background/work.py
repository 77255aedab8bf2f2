"""What the process of a background evaluation does."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from abr_model.errors import InputError
from abr_model.evaluation.background.folder import Evaluation
from abr_model.evaluation.background.pace import Pace
from abr_model.evaluation.sections import chosen_sections
from abr_model.runs.lock import Lock
from abr_model.runs.state import WAITING
from abr_model.runs.training_lock import made_locks_folder

log = logging.getLogger("abr_model.evaluation")

POLL_S = 0.3


class _Stopped(Exception):
    """A person has asked to stop."""


def work(evaluation: Evaluation, wants_stop: Callable[[], bool] = lambda: False) -> str:
    """Measure what was asked for and is not measured yet; one evaluation at a time on a machine and user.

    What is done is on disk after each section. Ends with state ``finished``, ``stopped`` (sections that are done are
    kept, :func:`abr_model.evaluation.background.launch.launch` goes on) or ``failed``, which it returns.

    Raises
    ------
    InputError
        It is at work already, or what was asked for cannot be measured (the state is ``failed`` and says why).
    """
    own = Lock(evaluation.lock_file)
    if not own.acquire():
        raise InputError("the evaluation is at work already", value=evaluation.id)
    machine = Lock(made_locks_folder() / "evaluation")

    def stopping() -> bool:
        return wants_stop() or evaluation.stop_requested

    try:
        if evaluation.status.get("state") == "finished":
            raise InputError("the evaluation has finished", value=evaluation.id, allowed="start a new one")
        if not _wait(evaluation, machine, stopping):
            evaluation.write_status(state="stopped", message="stopped before it began", pid=None)
            return "stopped"
        machine.write(str(evaluation.folder))
        started = datetime.now(UTC).isoformat(timespec="seconds")
        evaluation.write_status(state="running", message="starting", pid=os.getpid(), started=started, done=0.0)
        state, message = _measure(evaluation, stopping)
        evaluation.write_status(state=state, message=message, pid=None, seconds_left=None)
        return state
    except InputError as error:
        if evaluation.status.get("state") != "finished":
            evaluation.write_status(state="failed", message=str(error), pid=None, seconds_left=None)
        raise
    except Exception as error:
        log.exception("failed")
        problem = f"a defect of the program: {type(error).__name__}: {error}"
        evaluation.write_status(state="failed", message=problem, pid=None, seconds_left=None)
        raise
    finally:
        machine.release()
        own.release()


def _wait(evaluation: Evaluation, machine: Lock, stopping: Callable[[], bool]) -> bool:
    """Whether it is our turn now; False: asked to stop meanwhile."""
    said = False
    while not machine.acquire(timeout_s=0):
        if stopping():
            return False
        if not said:
            evaluation.write_status(state=WAITING, message="waits for the end of another evaluation", pid=os.getpid())
            said = True
        time.sleep(POLL_S)
    return not stopping()


def _measure(evaluation: Evaluation, stopping: Callable[[], bool]) -> tuple[str, str]:
    """State and message at the end."""
    from abr_model.cohort_file import CohortFile
    from abr_model.evaluation.evaluate import evaluate
    from abr_model.evaluation.report.report import write_report
    from abr_model.evaluation.scorecard import JSON_FILE, NOT_REACHED, Scorecard
    from abr_model.model import TrainedModel

    request, folder = evaluation.request, evaluation.folder
    model = TrainedModel.load(Path(request.model_folder))
    if model.model_id != request.model_id:
        raise InputError("the model was replaced since", value=model.model_id, allowed=request.model_id)
    cohort = CohortFile.open(request.cohort_path, request.cohort)
    if cohort.digest != request.cohort_digest:
        raise InputError("the cohort was replaced since this evaluation was made", file=request.cohort)
    earlier = Scorecard.read(folder) if (folder / JSON_FILE).is_file() else None
    wanted = [entry.key for entry in chosen_sections(request.sections and list(request.sections))]
    have = set() if earlier is None else {section.key for section in earlier.sections}
    todo = [key for key in wanted if key not in have]
    kept = [] if earlier is None else [earlier]
    pace = Pace.of(todo, request.other_cohort)

    def keep(scorecard) -> None:
        if earlier is not None:
            # What was stopped and is done now is no longer "not reached".
            scorecard = scorecard.completed_by(earlier)
        scorecard.write(folder)
        kept[:] = [scorecard]
        log.info("%s: done in %.0f s", scorecard.sections[-1].key, scorecard.seconds.get(scorecard.sections[-1].key, 0))

    def report(words: str, done: float) -> None:
        if stopping():
            raise _Stopped
        if pace.step(words, done):
            evaluation.write_status(message=words, done=round(pace.done, 4), seconds_left=pace.seconds_left)

    try:
        if todo:
            evaluate(cohort, model, request.seed, todo, (), report, keep, other_cohort=request.other_cohort)
    except _Stopped:
        if not kept:
            return "stopped", "stopped before the first section was done"
        write_report(kept[0], folder)
        left = sum(why == NOT_REACHED for why in kept[0].left_out.values())
        return "stopped", f"stopped; {len(kept[0].sections)} sections are kept, {left} are still to come"
    if not kept:
        raise InputError("none of these sections can be measured on this cohort", value=", ".join(wanted))
    write_report(kept[0], folder)
    evaluation.write_status(done=1.0)
    return "finished", "finished"
