"""``abr runs stop``, ``resume`` and ``label``."""

from __future__ import annotations

from typing import Annotated

import typer

from abr_model.cli.train import RunsOption, runs_folder
from abr_model.errors import InputError

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]


def stop(
    run: RunArgument,
    runs: RunsOption = None,
    force: Annotated[bool, typer.Option("--force", help="End a background training at once.")] = False,
) -> None:
    """Ask a training to finish its batch, save and stop. Asked a second time, it makes no model.

    One that waits for its turn leaves the queue.
    """
    from abr_model.runs.launch import force_stop
    from abr_model.runs.run import Run

    found = Run.open(runs_folder(runs), run)
    # A run that was just started in another terminal is pending too, and hears the request.
    if found.state not in ("pending", "running"):
        raise InputError(f"the run is {found.state}: there is nothing to stop", value=run)
    if force:
        force_stop(found)
        typer.echo("ended")
        return
    waits, again = found.queued, found.stop_requested
    found.request_stop(at_once=again)
    if waits:
        typer.echo("asked to leave the queue")
    elif again:
        typer.echo("asked to stop at once: it makes no model, and can be resumed")
    else:
        typer.echo("asked to stop: it finishes its batch, saves and makes a model; ask again to do without the model")


def resume(
    run: RunArgument,
    runs: RunsOption = None,
    queue: Annotated[bool, typer.Option("--queue", help="Wait until the active training has ended.")] = False,
) -> None:
    """Go on with a run that was stopped, failed or crashed, in the background (abr train --resume: here)."""
    from abr_model.runs.launch import launch
    from abr_model.runs.run import Run

    found = Run.open(runs_folder(runs), run)
    launch(found, queue=queue)
    typer.echo(found.message if found.queued else "started; see abr runs show " + found.id)


def label(
    run: RunArgument,
    text: Annotated[str | None, typer.Argument(metavar="LABEL", help="One line to recognise the run by.")] = None,
    notes: Annotated[str | None, typer.Option(metavar="TEXT", help="Notes; instead of those before.")] = None,
    runs: RunsOption = None,
) -> None:
    """Give a run another label, or notes; without either, show them. No names of patients, please."""
    from abr_model.runs.notes import read_notes, write_notes
    from abr_model.runs.run import Run

    found = Run.open(runs_folder(runs), run)
    written = read_notes(found) if text is None and notes is None else write_notes(found, text, notes)
    typer.echo(f"label  {written.label}")
    if written.notes:
        typer.echo(f"notes  {written.notes}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (stop, resume, label):
        app.command(command.__name__)(command)
