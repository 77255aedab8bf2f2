"""Making a batch again from its provenance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from abr_model.batches.batch import Batch, Fixed, make_batch
from abr_model.batches.cohorts import DRAWN, rows_of
from abr_model.batches.parts import format_software, software, this_platform
from abr_model.batches.plan import plan_of
from abr_model.batches.provenance import BatchProvenance
from abr_model.errors import InputError
from abr_model.generation.designs.rows import DesignRows, RepeatedRows
from abr_model.recordings import Recordings
from abr_model.schema import CONDITION_NAMES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

PROVENANCE_ENDING = ".provenance.json"


@dataclass(frozen=True)
class Again:
    """What came out: ``identical`` says whether the file is the first one bit for bit (None: its hash is not known);
    ``differences`` says what is not as it was then."""

    batch: Batch
    identical: bool | None
    differences: tuple[str, ...]


def make_again(
    model: TrainedModel,
    provenance: str | Path,
    target: str | Path,
    *,
    recordings: Recordings | None = None,
    evaluation: dict | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Again:
    """Make a batch again; on the same platform and with the same versions its file is the first one bit for bit.

    Rows that were withheld then are withheld now: the training recordings need not be here.

    Parameters
    ----------
    model
        That of the first batch.
    provenance
        ``….provenance.json``; where the conditions were drawn from a cohort, ``….conditions.csv`` beside it is read, or
        the cohort asked.
    target
        Where to write.
    recordings
        The cohort that the conditions were drawn from, where it is neither beside nor in the data folder.

    Raises
    ------
    InputError
        Another model, conditions that cannot be had or differ, and as :func:`make_batch`.
    """
    first = BatchProvenance.read(provenance)
    check_model(model, first)
    differences = differences_from(first)
    rows, kept = _rows(first, Path(provenance), recordings)
    outside = "keep" if kept else first.request.outside
    plan = plan_of(rows, model.support, outside)
    plan = replace(plan, asked=first.recordings.asked, left_out=first.recordings.left_out)
    batch = make_batch(
        model,
        first.request,
        target,
        plan=plan,
        evaluation=evaluation,
        jobs=jobs,
        scheduler=scheduler,
        fixed=Fixed(first.made, first.copies, first.conditions_sha256),
        on_progress=on_progress,
        stopped=stopped,
    )
    identical = None if first.file is None else batch.provenance.file.sha256 == first.file.sha256
    return Again(batch, identical, differences)


def check_model(model: TrainedModel, first: BatchProvenance) -> None:
    """Refuse another model than that of the batch.

    Raises
    ------
    InputError
        It is another one.
    """
    if model.weights_sha256 != first.model.weights_sha256:
        raise InputError(
            "the batch was made by another model",
            value=f"{model.preset.name} · {model.model_id}",
            allowed=f"{first.model.preset} · {first.model.model_id}",
        )


def differences_from(first: BatchProvenance) -> tuple[str, ...]:
    """What is another version, or another kind of machine, than the first time."""
    now = software() | format_software()
    changed = [
        f"{name} is {now.get(name, 'not there')}, then {then}"
        for name, then in first.software.items()
        if now.get(name) != then
    ]
    here = this_platform()
    changed += [
        f"{name} is {here.get(name)}, then {then}" for name, then in first.platform.items() if here.get(name) != then
    ]
    return (*changed, *(["parts were then made on machines of another kind"] if first.other_platforms else []))


def _rows(first: BatchProvenance, path: Path, recordings: Recordings | None) -> tuple[DesignRows, bool]:
    """The conditions, and whether those outside the training data are left out of them already."""
    design = first.request.design
    if design.kind not in DRAWN:
        return design.rows(), False
    beside = path.with_name(f"{path.name.removesuffix(PROVENANCE_ENDING)}.conditions.csv")
    if recordings is None and path.name.endswith(PROVENANCE_ENDING) and beside.is_file():
        try:
            table = pd.read_csv(beside, float_precision="round_trip")[list(CONDITION_NAMES)]
        except (ValueError, KeyError, OSError) as error:
            raise InputError("the conditions of the batch cannot be read", file=beside.name) from error
        return RepeatedRows(table, [1] * len(table)), True
    return rows_of(first.request, recordings), False
