"""``abr evaluate``: a scorecard of a model on the patients that it has not seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from abr_model.cli.generate import DEFAULT_MODEL, find_model
from abr_model.data_folder import data_folder
from abr_model.errors import InputError

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("evaluate")(evaluate_command)


def evaluate_command(
    cohort: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The cohort that the model was trained on (.parquet).")
    ] = None,
    other_cohort: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead: one that the model did not learn from, all held out."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(help="Folder of a model, folder or name of a training run, or name of a shipped model."),
    ] = DEFAULT_MODEL,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write. [default: evaluations/MODEL-ID in the data folder]"),
    ] = None,
    sections: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Only these sections; others are kept from a scorecard that is there."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A scorecard.json to show beside; again for more."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same scorecard.")] = 0,
    threads: Annotated[int, typer.Option(min=1, max=256, help="CPU threads.")] = 1,
    into_card: Annotated[
        bool, typer.Option("--into-card", help="Put it into the model's folder too, and its figures into its card.")
    ] = False,
    prepared: Annotated[
        Path | None, typer.Option(metavar="FOLDER", hidden=True, help="Do this evaluation of the dashboard.")
    ] = None,
) -> None:
    """Evaluate a model on held-out patients: scorecard.html to read, scorecard.json for programs."""
    from abr_model.evaluation.sections import chosen_sections

    if prepared is not None:
        _evaluate_prepared(prepared)
        return
    if (cohort is None) == (other_cohort is None):
        raise InputError("on which cohort is not clear", allowed="one of --cohort FILE, --other-cohort FILE")
    if other_cohort is not None and into_card:
        raise InputError(
            "the card of a model says how good it is on its own cohort", allowed="--into-card with --cohort"
        )
    wanted = None if sections is None else [key.strip() for key in sections.split(",") if key.strip()]
    chosen_sections(wanted)
    folder = find_model(model)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported
    is_other = cohort is None
    _evaluate(
        folder, other_cohort if is_other else cohort, is_other, out, wanted, beside or [], seed, threads, into_card
    )


def _evaluate_prepared(folder: Path) -> None:
    """In a process of its own, started by the dashboard; it prints what happens."""
    import logging

    from abr_model.evaluation.background.folder import Evaluation
    from abr_model.evaluation.background.work import work
    from abr_model.training.surroundings import stop_signals

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    evaluation = Evaluation(folder)
    threads = evaluation.request.threads
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported
    import torch

    torch.set_num_threads(threads)
    with stop_signals() as wants_stop:
        work(evaluation, wants_stop)
    typer.echo(f"{evaluation.state}: {evaluation.message}")


def _evaluate(
    folder: Path, cohort: Path, is_other: bool, out: Path | None, sections, beside, seed, threads, into_card
) -> None:
    import torch
    from rich.console import Console

    from abr_model.cli.scorecard_table import print_scorecard
    from abr_model.cohort_file import CohortFile
    from abr_model.evaluation.evaluate import evaluate
    from abr_model.evaluation.report.report import write_report
    from abr_model.evaluation.scorecard import Scorecard
    from abr_model.model import TrainedModel

    torch.set_num_threads(threads)
    trained = TrainedModel.load(folder)
    others = [Scorecard.read(path) for path in beside]
    recordings = CohortFile.open(cohort)
    name = f"{trained.model_id}-on-{recordings.digest[:8]}" if is_other else trained.model_id
    target = out or data_folder() / "evaluations" / name
    earlier = _earlier(target) if sections is not None else None
    kept: list[Scorecard] = []

    def keep(scorecard: Scorecard) -> None:
        scorecard = _completed(scorecard, earlier)
        scorecard.write(target)  # after every section: whatever stops it, this much is there
        kept[:] = [scorecard]

    try:
        with _progress() as on_progress:
            evaluate(recordings, trained, seed, sections, others, on_progress, keep, other_cohort=is_other)
    except KeyboardInterrupt:
        if not kept:
            typer.echo("stopped before the first section was done: nothing was written", err=True)
            raise typer.Exit(STOPPED) from None
    scorecard = kept[0]
    page = write_report(scorecard, target)
    print_scorecard(scorecard, Console())
    typer.echo(f"\n{page}")
    if scorecard.unfinished:
        rest = ",".join(scorecard.unfinished)
        typer.echo(f"stopped; what was done is kept. The rest: abr evaluate … --sections {rest}", err=True)
        raise typer.Exit(STOPPED)
    if into_card:
        scorecard.write(folder)
        write_report(scorecard, folder)
        typer.echo(f"{trained.write_card(folder) / 'card.md'}")


def _earlier(target: Path):
    """The scorecard that is in the folder, if one is."""
    from abr_model.evaluation.scorecard import JSON_FILE, Scorecard

    return Scorecard.read(target) if (target / JSON_FILE).is_file() else None


def _completed(scorecard, earlier):
    """With the other sections of the earlier one, where both are about the same; else as it is."""
    if earlier is None:
        return scorecard
    try:
        return scorecard.completed_by(earlier)
    except InputError:  # of another model, seed or version: it is replaced
        return scorecard


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on a terminal, a line a step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    visible = sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    said = ""
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not visible) as bar:
        task = bar.add_task("", total=1.0)

        def report(words: str, done: float) -> None:
            nonlocal said
            bar.update(task, description=words, completed=done)
            if not visible and words != said:
                typer.echo(f"{done:4.0%}  {words}", err=True)
            said = words

        yield report
