"""``abr search``: search hyper-parameters; every trial is a run like any other."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
import yaml

from abr_model.data_folder import data_folder
from abr_model.errors import InputError

search_app = typer.Typer(
    help="Search hyper-parameters: make, run, watch and stop a search; train the best one.", no_args_is_help=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
SearchArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the search.")]
ParallelOption = Annotated[bool, typer.Option("--parallel", help="Train at the same time as others on this machine.")]


@search_app.command("new")
def new(
    cohort: Annotated[Path, typer.Option(metavar="FILE", help="Cohort file (.parquet).")],
    space: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML: setting -> {low, high, log, step} or {choices}. [default: a few]"),
    ] = None,
    preset: Annotated[str, typer.Option(help="Name of a preset, or a YAML file: what is varied.")] = "default",
    trials: Annotated[int, typer.Option(help="Trials in all.")] = 30,
    epochs: Annotated[int | None, typer.Option(help="Epochs of a trial, instead of the preset's.")] = None,
    recordings: Annotated[
        int | None, typer.Option(help="Train on about so many recordings; all when left out.")
    ] = None,
    filter: Annotated[Path | None, typer.Option(metavar="FILE", help="These recordings only (JSON).")] = None,
    figure: Annotated[
        str, typer.Option(metavar="NAME", help="What to make small: a validation figure of metrics.jsonl.")
    ] = "validation_loss_final_beta",
    sampler: Annotated[str, typer.Option(metavar="tpe|random", help="How values are chosen.")] = "tpe",
    seed: Annotated[int, typer.Option(help="Of that choice.")] = 0,
    pruner: Annotated[str, typer.Option(metavar="median|halving|none", help="Which trials end early.")] = "median",
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="A database for workers on several machines. [default: a file]")
    ] = None,
    threads: Annotated[int, typer.Option(help="CPU threads of a trial.")] = 1,
    accelerator: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Processor or GPU.")] = "auto",
    name: Annotated[str, typer.Option(metavar="LABEL", help="Free text to recognise the search by.")] = "",
) -> None:
    """Make a search; `abr search run ID` begins it."""
    from abr_model.configuration import load_preset
    from abr_model.filtering import EVERYTHING, CohortFilter
    from abr_model.runs.machine import machine_of
    from abr_model.search.folder import Search
    from abr_model.search.suggestions import first_settings, suggested

    varied = load_preset(preset)
    if space is None:
        wanted = {setting: suggested(varied, setting) for setting in first_settings(varied, figure)}
    else:
        wanted = _space(space)
    asked = {} if epochs is None else {"epochs": epochs}
    search = Search.create(
        data_folder(), varied, cohort, wanted,
        filter=EVERYTHING if filter is None else CohortFilter.read(filter),
        trials=trials, recordings=recordings, figure=figure, threads=threads, storage=storage, label=name,
        machine=machine_of({"accelerator": accelerator}),
        sampler={"kind": sampler, "seed": seed}, pruner={"kind": pruner}, **asked,
    )  # fmt: skip
    typer.echo(f"search {search.id}")
    for setting, dimension in search.config.space.items():
        typer.echo(f"  {setting}: {dimension.words}")
    typer.echo(f"begin with: abr search run {search.id}")


@search_app.command("join")
def join(
    search: SearchArgument,
    storage: Annotated[str, typer.Option(metavar="URL", help="The shared database.")],
    cohort: Annotated[Path, typer.Option(metavar="FILE", help="The same cohort, on this machine.")],
) -> None:
    """Take part in a search that another machine made, through its shared database."""
    from abr_model.search.folder import Search

    joined = Search.join(data_folder(), storage, search, cohort)
    typer.echo(f"joined; begin with: abr search run {joined.id}")


@search_app.command("run")
def run(
    search: SearchArgument,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that take trials.")] = 1,
    parallel: ParallelOption = False,
) -> None:
    """Start workers in the background; they go on where the search stopped."""
    from abr_model.search.launch import start_worker

    found = _open(search)
    for _ in range(workers):
        worker = start_worker(found, parallel=parallel or workers > 1)
        typer.echo(f"worker {worker.id} started")
    typer.echo(f"watch it with: abr search show {search}")


@search_app.command("worker")
def worker(
    search: SearchArgument,
    parallel: ParallelOption = False,
    known_as: Annotated[str | None, typer.Option("--as", hidden=True)] = None,
) -> None:
    """Take trials in this process until the budget is used up. Ctrl-C stops; what was begun goes on next time."""
    from abr_model.search.work import work
    from abr_model.search.workers import Worker

    found = _open(search)
    taken = None
    if known_as is None:
        found.clear_stop()
    else:
        taken = Worker(found.folder / "workers" / Path(known_as).name)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # In the background the log is the output.
    ended = work(
        found, taken, parallel=parallel, wants_stop=stopped.is_set, on_event=typer.echo if taken is None else _silent
    )
    if taken is None:
        typer.echo(ended.state)


@search_app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """All searches, newest first."""
    from abr_model.search.folder import list_searches

    found = []
    for search in list_searches(data_folder()):
        try:
            found.append(_summary(search))
        except InputError as error:  # one that is damaged must not hide the others
            found.append({"search": search.id, "state": "damaged", "message": str(error)})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    elif not found:
        typer.echo("no searches yet: abr search new --cohort FILE")
    for row in [] if as_json else found:
        trials = f"{row.get('ended', '?')}/{row.get('trials', '?')} trials"
        typer.echo(
            f"{row['search']}  {row['state']:<9} {trials:<14} {_best_words(row)}  {row.get('label', '')}".rstrip()
        )


@search_app.command("show")
def show(search: SearchArgument, as_json: JsonOption = False) -> None:
    """State, trials and the best values so far."""
    from rich.console import Console
    from rich.table import Table

    from abr_model.search.trials import trial_rows

    found = _open(search)
    rows = trial_rows(found.study().get_trials(deepcopy=False))
    summary = _summary(found, rows)
    if as_json:
        trials = [{"trial": r.number, "state": r.state, "value": r.value, "settings": r.settings, "run": r.run,
                   "reason": r.reason} for r in rows]  # fmt: skip
        typer.echo(json.dumps(summary | {"rows": trials}, ensure_ascii=False, indent=1))
        return
    for name in ("search", "state", "message", "label", "cohort", "figure", "workers"):
        if summary[name]:
            typer.echo(f"{name:<9} {summary[name]}")
    typer.echo(f"{'trials':<9} {summary['ended']} of {summary['trials']}")
    settings = list(found.config.space)
    table = Table(box=None, pad_edge=False)
    for heading in ("trial", "state", "value", *settings, "run"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        cells = [_short(row.settings.get(setting)) for setting in settings]
        table.add_row(str(row.number), row.state, _short(row.value), *cells, row.run or "")
    Console().print(table)
    if summary["best"]:
        typer.echo(f"best: trial {summary['best']['trial']}; train it whole: abr search best {found.id} --train")


@search_app.command("stop")
def stop(search: SearchArgument) -> None:
    """Ask all workers of this data folder to stop; trials finish their batch and go on next time."""
    from abr_model.search.launch import stop as stop_search

    left = stop_search(_open(search))
    typer.echo("asked to stop" + (f"; also {len(left)} training(s) whose worker had died" if left else ""))


@search_app.command("best")
def best(
    search: SearchArgument,
    train: Annotated[
        bool, typer.Option("--train", help="Train it again in the background: all recordings and epochs, with a model.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write its preset (.yaml) there.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The best trial so far; train it again, whole."""
    from abr_model.search.trials import best_preset, trial_rows, whole_training

    found = _open(search)
    rows = trial_rows(found.study().get_trials(deepcopy=False))
    row, preset = best_preset(found, rows)
    if as_json:
        typer.echo(json.dumps({"trial": row.number, "value": row.value, "settings": row.settings, "run": row.run}))
    else:
        typer.echo(f"trial {row.number}: {found.config.figure} {_short(row.value)}, run {row.run}")
        for setting, value in row.settings.items():
            typer.echo(f"  {setting}: {_short(value)}")
    if out is not None:
        try:
            out.write_text(preset.to_yaml(), encoding="utf-8")
        except OSError as error:
            raise InputError(f"the preset cannot be written: {error.strerror}", file=out.name) from error
    if train:
        from abr_model.runs.launch import launch

        training = whole_training(found, rows)
        launch(training, queue=True)
        typer.echo(f"run {training.id} started", err=as_json)


def _open(search_id: str):
    from abr_model.search.folder import Search

    return Search.open(data_folder(), search_id)


def _space(file: Path) -> dict:
    try:
        space = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the space cannot be read: {error.strerror}", file=file.name) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("the space is not a YAML file", file=file.name) from error
    if not isinstance(space, dict):
        raise InputError("the space is no list of settings", file=file.name, allowed="setting: {low: 1, high: 2}")
    return {str(setting): values for setting, values in space.items()}


def _summary(search, rows=None) -> dict:
    from abr_model.search.trials import progress, trial_rows

    config = search.config
    rows = trial_rows(search.study().get_trials(deepcopy=False)) if rows is None else rows
    now = progress(search, rows)
    best = now.best and {"trial": now.best.number, "value": now.best.value, "settings": now.best.settings}
    return {
        "search": search.id, "label": config.label, "state": now.state, "message": now.message,
        "cohort": config.cohort, "figure": config.figure, "trials": now.budget, "ended": now.ended,
        "counts": dict(now.counts), "workers": now.workers, "best": best,
    }  # fmt: skip


def _best_words(row: dict) -> str:
    best = row.get("best")
    return f"best {_short(best['value'])} (trial {best['trial']})" if best else ""


def _short(value) -> str:
    return "–" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def _silent(words: str) -> None:
    pass


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(search_app, name="search")
