"""Train a run in a process of its own, which survives the dashboard that started it."""

from __future__ import annotations

import json
from contextlib import suppress

import psutil

from abr_model.errors import InputError
from abr_model.runs.claim import check_free
from abr_model.runs.detached import environment, start_detached
from abr_model.runs.queue import give_ticket_back, now, take_ticket, waiting, words
from abr_model.runs.run import ENDED, Run


def launch(run: Run, queue: bool = False) -> None:
    """Start ``abr train --run FOLDER``, detached; returns at once. A run that was stopped or crashed goes on.

    Own session: Ctrl-C in the dashboard's terminal, and the dashboard's end, do not reach it. What it prints goes to
    ``train.log``.

    Parameters
    ----------
    run
        A run that is neither active nor finished.
    queue
        Where another training is active, wait for its end and for those that wait already (see
        :attr:`Run.queued`), instead of refusing.

    Raises
    ------
    InputError
        The run is active or finished, or another training is active and ``queue`` is not set (says which): the run
        stays as it was. Or the process cannot be started: the run is then ``failed`` and says the same.
    """
    if run.active:
        raise InputError("the run is being trained already", value=run.id)
    if run.state == "finished":
        raise InputError("the run has finished", value=run.id, allowed="start a new run")
    config, waits = run.config, False
    if config.exclusive:
        try:
            check_free(run.folder.parent)
        except InputError:
            if not queue:
                raise
            waits = True
    try:
        run.clear_stop()
        (run.folder / "launch.json").unlink(missing_ok=True)
        message = words(len(waiting()) + 1) if waits else "starting"
        run.write_status(state="pending", message=message, pid=None, queued=now() if waits else None)
        if waits:
            take_ticket(run)
        command = ["train", "--run", str(run.folder), *(["--queue"] if queue else [])]
        start_detached(command, run.folder, "train.log", environment(config.threads))
    except OSError as error:
        give_ticket_back(run)
        problem = InputError(f"the training cannot be started: {error.strerror}", file=run.id)
        with suppress(OSError):
            run.write_status(state="failed", message=str(problem), queued=None)
        raise problem from error


def force_stop(run: Run) -> None:
    """End a background trainer that does not answer to :meth:`Run.request_stop`, also while it is only starting.

    What was done since the last checkpoint is lost; the run can be resumed. The process is ended only if it is still
    the one that was launched.

    Raises
    ------
    InputError
        There is no such process to end; says why.
    """
    if not run.active:
        raise InputError(f"the run is {run.state}: there is nothing to end", value=run.id)
    process = _launched_process(run)
    try:
        process.kill()
        with suppress(psutil.TimeoutExpired):
            process.wait(5)
    except psutil.NoSuchProcess as error:
        raise InputError("the training has ended by itself", value=run.id) from error
    except psutil.AccessDenied as error:
        raise InputError("the training belongs to another user of this machine", value=run.id) from error
    if run.status.get("state") in ENDED:  # it ended by itself while we were looking
        return
    goes_on = "from its last checkpoint" if run.last_checkpoint.is_file() else "from its start: nothing was saved yet"
    run.write_status(state="stopped", message=f"ended by force; training can go on {goes_on}", queued=None)


def _launched_process(run: Run) -> psutil.Process:
    """The living process of ``launch.json``."""
    try:
        launched = json.loads((run.folder / "launch.json").read_text(encoding="utf-8"))
        process = psutil.Process(launched["pid"])
        if abs(process.create_time() - launched["created"]) <= 1:
            return process
    except psutil.NoSuchProcess:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_in_the_background(run) from error
    # The launched process is gone, yet the run is being trained: by somebody else.
    raise _not_in_the_background(run)


def _not_in_the_background(run: Run) -> InputError:
    return InputError(
        "there is no background training of this run: it was started from a command line",
        value=run.id,
        allowed="an ordinary stop, or Ctrl-C where it was started",
    )
