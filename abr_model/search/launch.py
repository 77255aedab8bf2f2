"""Start a worker as a process of its own, which survives the dashboard; and stop a search."""

from __future__ import annotations

from abr_model.errors import InputError
from abr_model.runs.detached import environment, start_detached
from abr_model.runs.run import Run, list_runs
from abr_model.search.folder import Search
from abr_model.search.workers import LOG, Worker


def start_worker(search: Search, parallel: bool = False) -> Worker:
    """Start ``abr search worker ID``, detached; returns at once. What it prints goes to ``worker.log``.

    Raises
    ------
    InputError
        The process cannot be started.
    """
    search.clear_stop()
    try:
        worker = Worker.new(search.folder)
        command = ["search", "worker", search.id, "--as", worker.id, *(["--parallel"] if parallel else [])]
        start_detached(command, worker.folder, LOG, environment(1) | {"ABR_DATA": str(search.folder.parents[1])})
    except OSError as error:
        raise InputError(f"the worker cannot be started: {error.strerror}", file=search.id) from error
    return worker


def stop(search: Search) -> list[Run]:
    """Ask every worker of this folder to stop, and the trainings that went on after their worker had died.

    Returns
    -------
    list of Run
        Those trainings.

    Raises
    ------
    InputError
        There is nothing to stop.
    """
    left = runs_without_worker(search)
    if not search.active and not left:
        raise InputError("no worker of this search is at work", value=search.id)
    if search.active:
        search.request_stop()
    for run in left:
        run.request_stop(at_once=True)
    return left


def runs_without_worker(search: Search) -> list[Run]:
    """Trials of this search that are trained although the worker that began them is dead."""
    followed = {worker.status.get("run") for worker in search.workers if worker.active}
    runs = (run for run in list_runs(search.runs_folder) if run.active and run.id not in followed)
    return [run for run in runs if run.config.search == search.id]
