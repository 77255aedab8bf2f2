"""Start an evaluation as a process of its own, which survives the dashboard."""

from __future__ import annotations

from contextlib import suppress

from abr_model.errors import InputError
from abr_model.evaluation.background.folder import LOG, Evaluation
from abr_model.runs.detached import environment, start_detached


def launch(evaluation: Evaluation) -> None:
    """Start ``abr evaluate --prepared FOLDER``, detached; returns at once. One that was stopped or died goes on.

    Where another evaluation is at work on this machine it waits for its end.

    Raises
    ------
    InputError
        It is at work already or has finished, or the process cannot be started (the state is then ``failed``).
    """
    if evaluation.active:
        raise InputError("the evaluation is at work already", value=evaluation.id)
    if evaluation.state == "finished":
        raise InputError("the evaluation has finished", value=evaluation.id, allowed="start a new one")
    threads = evaluation.request.threads
    try:
        evaluation.clear_stop()
        (evaluation.folder / "launch.json").unlink(missing_ok=True)
        evaluation.write_status(state="pending", message="starting", pid=None)
        command = ["evaluate", "--prepared", str(evaluation.folder)]
        start_detached(command, evaluation.folder, LOG, environment(threads))
    except OSError as error:
        problem = InputError(f"the evaluation cannot be started: {error.strerror}", file=evaluation.id)
        with suppress(OSError):
            evaluation.write_status(state="failed", message=str(problem))
        raise problem from error
