"""Making a batch: its conditions are looked through, its parts made in order and written, its card and provenance laid
beside."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from abr_model.batches.bundle import Bundle, complete_or_nothing
from abr_model.batches.card import card_html, data_card
from abr_model.batches.copies import CopyReport, Training, copy_report, not_here
from abr_model.batches.parts import (
    BLOCKS,
    Part,
    format_software,
    make_part,
    software,
    tasks_of,
    this_platform,
)
from abr_model.batches.plan import Plan, plan_of
from abr_model.batches.provenance import BatchProvenance, Counts, ModelFacts, data_file
from abr_model.batches.request import BatchRequest
from abr_model.batches.workers import workers
from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.designs.rows import DesignRows
from abr_model.generation.formats.formats import format_of
from abr_model.generation.generate import generated_provenance, generated_table
from abr_model.provenance import Provenance
from abr_model.schema import CONDITION_NAMES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


class BatchStoppedError(Exception):
    """Somebody asked to stop; nothing was written."""


@dataclass(frozen=True)
class Batch:
    """What was made: where it lies, and its provenance."""

    bundle: Bundle
    provenance: BatchProvenance


@dataclass(frozen=True)
class Fixed:
    """What a batch that is made again takes from the first one: its date, and which rows were withheld."""

    made: str
    copies: CopyReport
    conditions_sha256: str


def make_batch(
    model: TrainedModel,
    request: BatchRequest,
    target: str | Path,
    *,
    rows: DesignRows | None = None,
    training: Training | None = None,
    why_not: str = "",
    evaluation: dict | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    fixed: Fixed | None = None,
    plan: Plan | None = None,
    blocks: int = BLOCKS,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Batch:
    """Generate and write one batch, a part at a time.

    Parameters
    ----------
    model, request
        The same two give the same recordings, whatever ``jobs``, ``scheduler`` and ``blocks`` are.
    target
        The data file; provenance and card lie beside it. A file that is there is replaced when the batch is complete.
    rows
        Of the design; needed where it draws from a cohort (``request.design.rows(recordings)``).
    training
        The training recordings (:func:`~abr_model.batches.copies.training_of`); near-copies are withheld.
        None: nobody looks, and the card says why.
    why_not
        Why nobody looks, where that is not plain: a clause.
    evaluation
        Of the model's scorecard, for the card.
    jobs, scheduler
        See :func:`~abr_model.batches.workers.workers`.
    fixed
        Of the batch that is made again.
    plan
        Of these rows, where it is known already.
    blocks
        Blocks of a part.
    on_progress
        Called with the recordings made, and how many there will be.
    stopped
        Asked after every part.

    Raises
    ------
    InputError
        The design, the format's limit, the ending of the file, the disk; workers with another version.
    BatchStoppedError
        ``stopped`` said yes.
    """
    target = Path(target)
    format = format_of(target, request.format)
    if plan is None:
        plan = plan_of(request.design.rows() if rows is None else rows, model.support, request.outside)
    format.check(len(plan.rows))
    if fixed is not None and plan.sha256 != fixed.conditions_sha256:
        raise InputError("the design gives other conditions than those of the first batch", value=plan.sha256[:12])
    if target.is_dir() and any(target.iterdir()):
        raise InputError("the folder is there already and not empty", file=target.name)
    report = fixed.copies if fixed else copy_report(model, training, _why_not(request, training, model, why_not))
    about = generated_provenance(model, request.seed, request.content)
    made = BatchProvenance(
        **({"made": fixed.made} if fixed else {}),
        design_in_words=request.design.in_words,
        request=request,
        model=ModelFacts.of(model),
        conditions_sha256=plan.sha256,
        recordings=Counts(
            asked=plan.asked, left_out=plan.left_out, withheld=0, exported=0, support=plan.support, classes=plan.classes
        ),
        copies=report,
        software=software() | format_software(),
        platform=this_platform(),
    )
    try:
        with complete_or_nothing(target) as bundle:
            writing = _Writing(model, plan, bundle, made, about, fixed, stopped, on_progress)
            with format.writer(bundle.data, model.sampling, model.network.samples, writing.stated()) as writer:
                # Parts are looked at where they are made; a batch that is made again knows what to withhold.
                finder = None if fixed or training is None else training.finder
                asked = (model, finder, request.seed, request.content, request.residual_noise)
                tasks = ((*asked, *task) for task in tasks_of(plan.rows, blocks))
                with workers(jobs, scheduler) as run:
                    writing.write(run(make_part, tasks), writer)
                writer.provenance = writing.stated()
            made = writing.made.model_copy(update={"file": data_file(bundle.data)})
            bundle.provenance.write_text(made.to_json(), encoding="utf-8")
            card = data_card(made, evaluation)
            bundle.card.write_text(card, encoding="utf-8")
            bundle.card_page.write_text(card_html(card, f"{target.name}: data card"), encoding="utf-8")
    except OSError as error:
        raise InputError(f"the batch cannot be written: {error.strerror or error}", file=target.name) from error
    return Batch(Bundle(target), made)


class _Writing:
    """Takes the parts as they come, in order: counts, withholds, writes."""

    def __init__(self, model, plan, bundle, made, about, fixed, stopped, on_progress):
        self._model, self._plan, self._bundle, self.made = model, plan, bundle, made
        self._about: Provenance = about
        self._fixed_rows = np.array(fixed.copies.withheld, dtype=np.int64) - 1 if fixed else None
        self._stopped, self._on_progress = stopped, on_progress
        self._withheld: list[int] = []
        self._exported = 0
        self._platforms: list[dict] = []

    def write(self, parts, writer) -> None:
        """All parts into ``writer``, and their conditions beside it where the design cannot give them again alone."""
        if self.made.request.design.kind in ("cohort", "balanced"):
            with self._bundle.conditions.open("w", encoding="ascii", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(CONDITION_NAMES)
                self._write(parts, writer, lambda c: table.writerows(c.itertuples(index=False, name=None)))
        else:
            self._write(parts, writer, lambda conditions: None)

    def _write(self, parts, writer, keep) -> None:
        total = len(self._plan.rows)
        for part in parts:
            if self._stopped is not None and self._stopped():
                raise BatchStoppedError
            keep(part.conditions)
            writer.write(self._cohort(part))
            if self._on_progress:
                self._on_progress(part.start + len(part.conditions), total)
        self.made = self.made.model_copy(
            update={
                "copies": self.made.copies.model_copy(update={"withheld": tuple(self._withheld)}),
                "recordings": self.made.recordings.model_copy(
                    update={"withheld": len(self._withheld), "exported": self._exported}
                ),
                "other_platforms": tuple(self._platforms),
            }
        )
        if not self._exported:
            raise InputError("every recording is a near-copy of a training recording: there is none to export")

    def _cohort(self, part: Part) -> Cohort:
        if part.software != software():
            theirs = ", ".join(f"{name} {number}" for name, number in part.software.items())
            ours = ", ".join(f"{name} {number}" for name, number in software().items())
            raise InputError("a worker has other versions than this machine", value=theirs, allowed=ours)
        if part.platform != self.made.platform and part.platform not in self._platforms:
            self._platforms.append(part.platform)
        withheld = np.zeros(len(part.conditions), dtype=bool) if part.copies is None else part.copies
        if self._fixed_rows is not None:
            withheld = np.isin(part.start + np.arange(len(part.conditions)), self._fixed_rows)
        self._withheld += (part.start + 1 + np.flatnonzero(withheld)).tolist()
        self._exported += int((~withheld).sum())
        table = generated_table(part.conditions.reset_index(drop=True), part.labels, part.start)
        cohort = Cohort(part.waveforms, table, self._model.sampling, self._about)
        return cohort.take(~withheld) if withheld.any() else cohort

    def stated(self) -> Provenance:
        """What the data file says of itself, as far as it is known."""
        more = {
            "conditions": self._plan.listed,
            "outside_training_support": {w: n for w, n in self._plan.support.items() if w != "inside"},
            "batch": self.made.in_file(),
        }
        return self._about.model_copy(update={"details": self._about.details | more})


def _why_not(request: BatchRequest, training, model, given: str) -> str:
    if training is not None:
        return ""
    return given or not_here(model) if request.check_copies else "it was asked not to"
