"""``abr review``: make a blinded expert review, see how far it is, close it, and take its results along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from abr_model.data_folder import data_folder
from abr_model.errors import InputError

review_app = typer.Typer(
    help="Blinded expert review: make a study, see how far it is, export it, close and analyse it.",
    no_args_is_help=True,
)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
StudyArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the study.")]


@review_app.command("new")
def new(
    cohort: Annotated[Path, typer.Option(metavar="FILE", help="Cohort file (.parquet): the recorded items.")],
    model: Annotated[
        str, typer.Option(metavar="FOLDER", help="Model folder, or the name of a shipped one: the generated items.")
    ] = "default",
    items: Annotated[int, typer.Option(help="Different items, recorded and generated.")] = 120,
    share: Annotated[float, typer.Option(help="Share of them that is generated.")] = 0.5,
    repeats: Annotated[int, typer.Option(help="Items that everyone sees a second time.")] = 12,
    display: Annotated[str, typer.Option(metavar="trace|series", help="One trace, or one ear's levels.")] = "trace",
    mark: Annotated[str, typer.Option(metavar="WAVES", help="Waves to mark: I,III,V; empty for none.")] = "V",
    shown: Annotated[
        str | None, typer.Option(metavar="CONDITIONS", help="Columns above the trace. [default: level, age, rate, ear]")
    ] = None,
    reviewers: Annotated[
        str, typer.Option(metavar="CODES", help="Code names, with commas. [default: whoever brings one]")
    ] = "",
    filter: Annotated[Path | None, typer.Option(metavar="FILE", help="These recordings only (JSON).")] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of items and of their orders.")] = 0,
    margin: Annotated[float, typer.Option(help="Accuracy within 0.5 ± margin counts as not told apart.")] = 0.1,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="PostgreSQL for the answers. [default: a file]")
    ] = None,
    name: Annotated[str, typer.Option(metavar="LABEL", help="Free text to recognise the study by.")] = "",
) -> None:
    """Make a study: items are drawn, blinded and frozen."""
    from abr_model.cohort_file import CohortFile
    from abr_model.data_folder import pretrained_folder
    from abr_model.filtering import EVERYTHING, CohortFilter
    from abr_model.model import TrainedModel
    from abr_model.review.planning import plan
    from abr_model.review.study import Study

    folder = Path(model) if Path(model).is_dir() else pretrained_folder() / model
    codes = _listed(reviewers)
    chosen = {} if shown is None else {"shown": _listed(shown)}
    study = Study.create(
        data_folder(), CohortFile.open(cohort), TrainedModel.load(folder),
        filter=EVERYTHING if filter is None else CohortFilter.read(filter),
        items=items, share_generated=share, repeats=repeats, display=display, mark=_listed(mark), reviewers=codes,
        seed=seed, margin=margin, storage=storage, label=name, **chosen,
    )  # fmt: skip
    typer.echo(f"review {study.id}")
    typer.echo(study.config.notice)
    typer.echo(plan(max(len(codes), 1), margin).words)


@review_app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """All studies, newest first."""
    from abr_model.review.study import list_studies

    found = []
    for study in list_studies(data_folder()):
        try:
            found.append(_summary(study))
        except InputError as error:  # one that is damaged must not hide the others
            found.append({"review": study.id, "state": "damaged", "message": str(error)})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    elif not found:
        typer.echo("no reviews yet: abr review new --cohort FILE")
    for row in [] if as_json else found:
        confirmed = sum(r["confirmed"] for r in row.get("reviewers", []))
        typer.echo(f"{row['review']}  {row['state']:<8} {confirmed} answers  {row.get('label', '')}".rstrip())


@review_app.command("show")
def show(study: StudyArgument, as_json: JsonOption = False) -> None:
    """What is asked, and how far everyone is; nothing of right and wrong."""
    from abr_model.review.study import Study

    row = _summary(Study.open(data_folder(), study))
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False, indent=1))
        return
    for name in ("review", "label", "state", "notice", "cohort", "model", "items", "repeats", "display", "mark"):
        if row[name] not in ("", []):
            typer.echo(f"{name:<9} {', '.join(row[name]) if isinstance(row[name], list) else row[name]}")
    for reviewer in row["reviewers"]:
        typer.echo(f"  {reviewer['reviewer']:<24} {reviewer['confirmed']} of {reviewer['of']}")


@review_app.command("close")
def close(study: StudyArgument, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Take no more answers, and unblind. This cannot be taken back."""
    from abr_model.review.study import Study

    store = Study.open(data_folder(), study).store()
    if store.closed is None and not yes:
        typer.confirm("No answer is taken afterwards, and this cannot be taken back. Close?", abort=True)
    typer.echo(f"closed {store.close():%Y-%m-%d %H:%M} UTC")


@review_app.command("analyse")
def analyse_(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Results of a closed study: the report, or JSON."""
    from abr_model.review.analysis.analyse import analyse
    from abr_model.review.report import markdown
    from abr_model.review.study import Study

    results = analyse(Study.open(data_folder(), study))
    typer.echo(results.model_dump_json(indent=1) if as_json else markdown(results), nl=False)


@review_app.command("export")
def export_(
    study: StudyArgument, out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write it.")]
) -> None:
    """Answers as CSV; of a closed study also results.json and report.md."""
    from abr_model.review.export import export
    from abr_model.review.study import Study

    for path in export(Study.open(data_folder(), study), out):
        typer.echo(path.name)


def _summary(study) -> dict:
    from abr_model.review.export import progress_of

    config, store = study.config, study.store()
    progress = progress_of(study, store)[["reviewer", "confirmed", "of", "begun"]]
    return {
        "review": study.id, "label": config.label, "state": "open" if store.closed is None else "closed",
        "notice": config.notice, "cohort": config.cohort, "model": f"{config.model} · {config.model_id}",
        "items": config.items, "repeats": config.repeats, "display": config.display, "mark": list(config.mark),
        "reviewers": progress.to_dict("records"),
    }  # fmt: skip


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(review_app, name="review")
