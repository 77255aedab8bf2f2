"""``abr runs delete``, ``restore`` and ``bin``."""

from __future__ import annotations

from typing import Annotated

import typer

from abr_model.cli.runs_control import RunArgument
from abr_model.cli.train import RunsOption, runs_folder


def delete(
    run: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of runs.")], runs: RunsOption = None
) -> None:
    """Move runs, with their models, into the bin; abr runs restore takes them out again."""
    from abr_model.runs.bin import delete as delete_run
    from abr_model.runs.run import Run

    for found in [Run.open(runs_folder(runs), run_id) for run_id in run]:
        delete_run(found)
        typer.echo(f"in the bin: {found.id}")


def restore(run: RunArgument, runs: RunsOption = None) -> None:
    """Take a run out of the bin."""
    from abr_model.runs.bin import restore as restore_run

    typer.echo(f"restored: {restore_run(runs_folder(runs), run).id}")


def bin_(
    runs: RunsOption = None,
    empty: Annotated[bool, typer.Option("--empty", help="Delete for good what is in it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """What was deleted, the last first; or empty the bin."""
    from abr_model.runs.bin import deleted_at, deleted_runs, empty_bin
    from abr_model.runs.notes import read_notes

    root = runs_folder(runs)
    deleted = deleted_runs(root)
    if not deleted:
        typer.echo("the bin is empty")
        return
    for run in deleted:
        typer.echo(f"{run.id}  deleted {deleted_at(run):%Y-%m-%d %H:%M} UTC  {read_notes(run).label}".rstrip())
    if empty:
        if not yes:
            typer.confirm(f"Delete {len(deleted)} runs with their models for good?", abort=True)
        typer.echo(f"deleted for good: {empty_bin(root)}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("delete")(delete)
    app.command("restore")(restore)
    app.command("bin")(bin_)
