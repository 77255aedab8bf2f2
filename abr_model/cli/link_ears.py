"""``abr model link-ears MODEL --cohort FILE``: the link of ears for a model that was trained before there was one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abr_model.errors import InputError


def link_ears(
    model: Annotated[
        str, typer.Argument(help="Folder of a model, folder or name of a training run, or name of a shipped model.")
    ],
    cohort: Annotated[Path, typer.Option(help="The cohort file that it was trained on.")],
    seed: Annotated[int, typer.Option(help="Same seed, same link.")] = 0,
) -> None:
    """Learn how recordings of one ear go together, and write it into the model's folder."""
    import torch
    from rich.progress import Progress

    from abr_model.cli.generate import find_model
    from abr_model.cohort_file import CohortFile
    from abr_model.ears.fitting import FEWEST_EARS, fit_link
    from abr_model.model import TrainedModel
    from abr_model.training.parts import prepare_parts

    torch.set_num_threads(1)
    folder = find_model(model)
    trained, recordings = TrainedModel.load(folder), CohortFile.open(cohort)
    if recordings.digest != trained.provenance.cohort_digest:
        raise InputError(
            "the model was trained on another cohort: its held-out patients would not be held out",
            file=cohort.name,
            allowed=f"the cohort with the digest {trained.provenance.cohort_digest[:12]}…",
        )
    parts = prepare_parts(recordings, trained.preset, trained.provenance.filter, trained.scaling)
    with Progress(transient=True) as progress:
        task = progress.add_task("Learning how an ear's recordings go together", total=1.0)
        report = lambda done, of: progress.update(task, completed=done / of)  # noqa: E731
        link = fit_link(trained, parts.train, parts.validation, seed, on_progress=report)
    if link is None:
        raise InputError(
            "too few ears were recorded more than once", file=cohort.name, allowed=f"{FEWEST_EARS} ears or more"
        )
    path = link.save(folder)
    trained.write_card(folder)
    about = link.description
    typer.echo(
        f"{path.name}: learned from {about.recordings:,} recordings of {about.ears:,} ears; another recording tells "
        f"{about.explained:.0%} of a code"
    )
