"""``abr simulate``: write a cohort of the simulated clinic."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from abr_model.errors import InputError


def register(app: typer.Typer) -> None:
    """Add ``abr simulate`` to the command line."""
    app.command(name="simulate")(simulate_command)


def simulate_command(
    out: Annotated[Path, typer.Option(help="Cohort file to write (.parquet); its folder is made if needed.")],
    patients: Annotated[int, typer.Option(help="Number of patients; about 26 recordings each.")] = 2043,
    seed: Annotated[int, typer.Option(help="Same seed: the same recordings.")] = 0,
    response_only: Annotated[
        bool, typer.Option("--response-only", help="Without residual noise: the truth that the recordings hide.")
    ] = False,
) -> None:
    """Simulate a clinic: patients, level series, waves, residual noise, marks. No real patient is in it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from abr_model.sources.simulator import simulate

    if out.suffix.lower() != ".parquet":
        raise InputError(
            "a cohort is written as a Parquet file", value=out.name, allowed="a name that ends in .parquet"
        )
    if out.is_dir():
        raise InputError("the file to write is a folder", value=out.name, allowed="a name that ends in .parquet")
    started = time.perf_counter()
    columns = (TextColumn("Simulating patients"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=max(patients, 1))
        cohort = simulate(
            patients,
            seed,
            residual_noise=not response_only,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    try:
        cohort.write(out)
    except OSError as error:
        raise InputError(
            f"the cohort cannot be written: {error.strerror}", file=out.name, allowed="a folder that you may write to"
        ) from error
    seconds = time.perf_counter() - started
    typer.echo(f"{out.name}: {len(cohort):,} recordings of {cohort.patients:,} patients, {seconds:.1f} s")
    typer.echo(cohort.provenance.notice)
