"""``abr runs``: list, look at and stop training runs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from abr_model.cli.train import RunsOption, runs_folder
from abr_model.errors import InputError

runs_app = typer.Typer(help="Training runs: list, show, stop.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]


@runs_app.command("list")
def list_(runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """All runs, newest first."""
    from abr_model.runs.run import list_runs

    found = [_summary(run) for run in list_runs(runs_folder(runs))]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo("no runs yet: abr train --cohort FILE")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("run", "state", "epochs", "preset", "cohort", "label"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "run")
    for run in found:
        epochs = f"{run['epochs_done']}/{run['epochs']}"
        table.add_row(run["run"], run["state"], epochs, run["preset"], run["cohort"], run["label"])
    Console().print(table)


@runs_app.command("show")
def show(run: RunArgument, runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """State, progress and figures of a run."""
    from abr_model.model_card import figure_rows
    from abr_model.runs.run import Run

    found = Run.open(runs_folder(runs), run)
    summary = _summary(found) | {"message": found.message, "command": found.config.command}
    summary |= {"model": str(found.model_folder) if found.has_model else None}
    status = found.status
    rows, _ = found.metrics()
    epoch_rows = [row for row in rows if row["kind"] == "epoch"]
    summary |= {"recordings": status.get("recordings"), "figures": status.get("figures")}
    summary |= {"last_epoch": epoch_rows[-1] if epoch_rows else None}
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    for name in ("run", "state", "message", "label", "preset", "cohort", "recordings", "command", "model"):
        if summary[name]:
            typer.echo(f"{name:<11} {summary[name]}")
    typer.echo(f"{'epochs':<11} {summary['epochs_done']} of {summary['epochs']}")
    for words, value in figure_rows(status.get("figures") or {}):
        typer.echo(f"  {words}: {value}")
    if found.state in ("failed", "crashed"):
        typer.echo(found.log_tail(15))


@runs_app.command("stop")
def stop(
    run: RunArgument,
    runs: RunsOption = None,
    force: Annotated[bool, typer.Option("--force", help="End a background training at once.")] = False,
) -> None:
    """Ask a training to finish its batch, save and stop. Asked a second time, it makes no model."""
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
    again = found.stop_requested
    found.request_stop(at_once=again)
    typer.echo(
        "asked to stop at once: it makes no model, and can be resumed"
        if again
        else "asked to stop: it finishes its batch, saves and makes a model; ask again to do without the model"
    )


def _summary(run) -> dict:
    status = run.status
    known = {name: status.get(name) for name in ("preset", "cohort", "label", "epochs", "epochs_done", "started")}
    return {"run": run.id, "state": run.state} | {k: "" if v is None else v for k, v in known.items()}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(runs_app, name="runs")
