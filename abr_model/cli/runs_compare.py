"""``abr runs compare``: settings that differ and best figures, run by run."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from abr_model.cli.train import RunsOption, runs_folder
from abr_model.errors import InputError

BEST = "★"


def compare(
    run: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN…]", help="Ids of two runs or more; without: all but dry runs.")
    ] = None,
    runs: RunsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Lay runs beside one another: in which settings they differ, and which did best (★)."""
    from abr_model.runs.comparison import best_figures, comparable, configs_of, configuration_differences, is_best
    from abr_model.runs.run import Run, list_runs

    root = runs_folder(runs)
    chosen = [Run.open(root, run_id) for run_id in dict.fromkeys(run or [])]
    if not chosen:
        chosen = [each for each in list_runs(root) if not each.config.dry_run]
    if len(chosen) < 2:
        raise InputError("there is nothing to compare", value=len(chosen), allowed="the ids of two runs or more")
    configs = configs_of(chosen)
    differences = configuration_differences(chosen, configs)
    figures, can = best_figures(chosen), comparable(chosen, configs)
    marks = is_best(figures, can)
    if as_json:
        typer.echo(json.dumps(_as_json(chosen, differences, figures, marks, can), ensure_ascii=False, indent=1))
        return
    _print(chosen, configs, differences, figures, marks, can)


def _as_json(chosen, differences, figures, marks, can) -> dict:
    import math

    return {
        "runs": [run.id for run in chosen],
        "settings": {name: dict(differences.loc[name]) for name in differences.index},
        "figures": {
            name: {run: None if math.isnan(value) else float(value) for run, value in figures.loc[name].items()}
            for name in figures.index
        },
        "best": {
            name: [run for run, mark in marks.loc[name].items() if mark]
            for name in marks.index
            if marks.loc[name].any()
        },
        "caveats": can.caveats,
    }


def _print(chosen, configs, differences, figures, marks, can) -> None:
    import math

    from rich.console import Console
    from rich.markup import escape

    from abr_model.runs.comparison import FIGURES
    from abr_model.runs.notes import read_notes
    from abr_model.runs.settings import setting_words

    heads = []
    for run in chosen:
        label = read_notes(run).label
        heads.append(escape(f"{run.id}\n{label}" if label else run.id))
    console = Console()
    some = next(iter(configs.values()))
    if differences.empty:
        console.print("the settings are the same in all of these runs")
    else:
        rows = [[setting_words(name, some)[0], *differences.loc[name]] for name in differences.index]
        console.print(_table("Settings that differ", heads, [[escape(cell) for cell in row] for row in rows]))
    rows = []
    for name in figures.index:
        cells = [
            "–" if math.isnan(value) else f"{BEST} {value:.4g}" if marks.loc[name, run] else f"{value:.4g}"
            for run, value in figures.loc[name].items()
        ]
        rows.append([escape(FIGURES[name].title), *cells])
    if rows:
        console.print(_table(f"Best figures ({BEST} best of its row)", heads, rows))
    for caveat in can.caveats:
        typer.secho(caveat, fg=typer.colors.YELLOW)


def _table(title: str, heads: list[str], rows: list[list[str]]):
    from rich.table import Table

    table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("", overflow="fold", max_width=44)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)
