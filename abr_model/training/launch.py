"""Train a run in a process of its own, which survives the dashboard that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress

import psutil

from abr_model.errors import InputError
from abr_model.training.claim import check_free
from abr_model.training.runs import Run

NICENESS = 10
"""A background training gives way to whoever moves a slider."""


def launch(run: Run) -> None:
    """Start ``abr train --run FOLDER``, detached; returns at once. A run that was stopped or crashed goes on.

    Own session: Ctrl-C in the dashboard's terminal, and the dashboard's end, do not reach it. What it prints goes to
    ``train.log``.

    Raises
    ------
    InputError
        The run is active or finished, or another training is active (says which).
    """
    if run.active:
        raise InputError("the run is being trained already", value=run.id)
    if run.state == "finished":
        raise InputError("the run has finished", value=run.id, allowed="start a new run")
    config = run.config
    if config.exclusive:
        check_free(run.folder.parent)
    threads = str(config.threads)
    environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    try:
        run.clear_stop()
        (run.folder / "launch.json").unlink(missing_ok=True)
        run.write_status(state="pending", message="starting", pid=None)
        with (run.folder / "train.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "abr_model.cli", "train", "--run", str(run.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
        with suppress(psutil.Error):
            child = psutil.Process(process.pid)
            launched = {"pid": process.pid, "created": child.create_time()}
            (run.folder / "launch.json").write_text(json.dumps(launched), encoding="utf-8")
            child.nice(NICENESS if os.name == "posix" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    except OSError as error:
        raise InputError(f"the training cannot be started: {error.strerror}", file=run.id) from error
    # Collects the exit status, so that no zombie stays while the dashboard lives.
    threading.Thread(target=process.wait, name=f"wait for {run.id}", daemon=True).start()


def force_stop(run: Run) -> bool:
    """End a background trainer that does not answer to :meth:`Run.request_stop`; whether there was one.

    What was done since the last whole epoch is lost; the run can be resumed. The process is ended only if it is still
    the one that was launched.
    """
    try:
        launched = json.loads((run.folder / "launch.json").read_text(encoding="utf-8"))
        process = psutil.Process(launched["pid"])
        if run.state != "running" or abs(process.create_time() - launched["created"]) > 1:
            return False
        process.kill()
        with suppress(psutil.TimeoutExpired):
            process.wait(5)
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return False
    run.write_status(state="stopped", message="ended by force; training can be resumed from its last whole epoch")
    return True
