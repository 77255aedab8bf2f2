"""The ``abr`` command: one file per sub-command, each a thin door to a function of the package."""

from __future__ import annotations

import importlib
import sys

import typer

from abr_model.errors import InputError

COMMANDS = ("simulate", "import_", "train", "runs", "search", "model", "diagrams", "generate", "evaluate", "review")
"""Modules of this package; each has ``register(app)``."""

app = typer.Typer(
    help="Synthetic auditory brainstem responses (ABR): cohorts, training, generation. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name in COMMANDS:
    importlib.import_module(f"abr_model.cli.{_name}").register(app)


def main() -> None:
    """Entry point: bad input ends with one clear sentence and exit code 2, never a traceback."""
    try:
        app()
    except InputError as error:
        typer.secho(f"abr: {error}", fg=typer.colors.RED, err=True)
        sys.exit(2)
