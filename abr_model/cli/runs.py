"""``abr runs``: list and show training runs. The other commands stand each in its own ``runs_….py``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from abr_model.cli import runs_bin, runs_compare, runs_control, runs_mlflow
from abr_model.cli.train import RunsOption, runs_folder

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]

runs_app = typer.Typer(help="Training runs: list, show, compare, stop, resume, label, delete.", no_args_is_help=True)


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
        table.add_row(run["run"], _state_in_words(run), epochs, run["preset"], run["cohort"], run["label"])
    Console().print(table)


@runs_app.command("show")
def show(run: runs_control.RunArgument, runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """State, progress, figures and alerts of a run."""
    from abr_model.model_card import figure_rows
    from abr_model.runs.alerts import alerts
    from abr_model.runs.history import History
    from abr_model.runs.notes import read_notes
    from abr_model.runs.run import Run

    found = Run.open(runs_folder(runs), run)
    summary = _summary(found) | {"message": found.message, "notes": read_notes(found).notes}
    summary |= {"command": found.config.command, "model": str(found.model_folder) if found.has_model else None}
    status = found.status
    history = History(found.folder)
    history.update()
    summary |= {"recordings": status.get("recordings"), "figures": status.get("figures")}
    summary |= {"last_epoch": history.last("epoch")}
    summary["alerts"] = [
        {"kind": alert.kind, "severity": alert.severity, "epoch": alert.epoch, "sentence": alert.sentence}
        for alert in alerts(found, history)
    ]
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    summary["state"] = _state_in_words(summary)
    for name in ("run", "state", "message", "label", "notes", "preset", "cohort", "recordings", "command", "model"):
        if summary[name]:
            typer.echo(f"{name:<11} {summary[name]}")
    typer.echo(f"{'epochs':<11} {summary['epochs_done']} of {summary['epochs']}")
    for alert in summary["alerts"]:
        colour = typer.colors.RED if alert["severity"] == "error" else typer.colors.YELLOW
        typer.secho(f"{alert['severity']:<11} {alert['sentence']}", fg=colour)
    for words, value in figure_rows(status.get("figures") or {}):
        typer.echo(f"  {words}: {value}")
    if found.state in ("failed", "crashed"):
        typer.echo(found.log_tail(15))


def _summary(run) -> dict:
    from abr_model.runs.notes import read_notes
    from abr_model.runs.queue import place_in_queue

    status = run.status
    known = {name: status.get(name) for name in ("preset", "cohort", "epochs", "epochs_done", "started")}
    known |= {"label": read_notes(run).label}
    known = {name: "" if value is None else value for name, value in known.items()}
    return {"run": run.id, "state": run.state, "place_in_queue": place_in_queue(run)} | known


def _state_in_words(summary: dict) -> str:
    from abr_model.runs.queue import ordinal

    place = summary["place_in_queue"]
    return summary["state"] if place is None else f"waiting ({ordinal(place)} in the queue)"


for _commands in (runs_control, runs_compare, runs_bin, runs_mlflow):
    _commands.register(runs_app)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(runs_app, name="runs")
