"""``abr runs mlflow``: take runs to an MLflow server."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from abr_model.cli.train import RunsOption, runs_folder
from abr_model.errors import InputError


def mlflow(
    run: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of the runs.")],
    to: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Server or database: http://host:5000, sqlite:///mlflow.db. "
                     "[default: $MLFLOW_TRACKING_URI]"),
    ] = None,
    experiment: Annotated[str, typer.Option(metavar="NAME", help="Of MLflow; made when missing.")] = "abr",
    model: Annotated[bool, typer.Option("--model", help="Send the model (weights, description), too.")] = False,
    runs: RunsOption = None,
) -> None:  # fmt: skip
    """Write settings, metrics and files of runs to MLflow. Labels, notes, logs and paths of this machine stay here.

    A run that was sent before is replaced there. Needs: pip install "abr-synthesis[mlflow]".
    """
    from abr_model.runs.mlflow_export import export_run
    from abr_model.runs.mlflow_server import ADDRESSES
    from abr_model.runs.run import Run

    to = to or os.environ.get("MLFLOW_TRACKING_URI")
    if not to:
        raise InputError("--to: where to send the runs is not said", allowed=ADDRESSES)
    found = [Run.open(runs_folder(runs), run_id) for run_id in dict.fromkeys(run)]
    for each in found:
        done = export_run(each, to, experiment=experiment, with_model=model, on_progress=_progress)
        again = ", instead of the one sent before" if done.replaced else ""
        typer.echo(
            f"{each.id}: MLflow run {done.run_id} in “{done.experiment}”{again}; {done.params} settings, "
            f"{done.points:,} metric values, files: {', '.join(done.files)}"
        )


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() and of > 5000:
        typer.echo(f"\r{done:,} of {of:,} metric values", nl=done == of, err=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mlflow")(mlflow)
