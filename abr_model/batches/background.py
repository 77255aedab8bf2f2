"""Batches that the dashboard makes: each a folder with a process of its own, which outlives the page that started it.

::

    exports/<id>/request.json   what is asked for, the model's folder, the name of the file
                 status.json    state and progress, replaced atomically
                 lock           held by the process while it lives, so that the state is true after kill -9
                 launch.json    its process
                 worker.log     what it said
                 STOP           exists: it stops after the part that it is at, and leaves no file
                 batch/         the data, its provenance and its card, once all are complete

State, lock and status are those of training runs (:mod:`abr_model.runs`).
"""

from __future__ import annotations

import os
import re
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.batches.bundle import Bundle
from abr_model.batches.provenance import BatchProvenance
from abr_model.batches.request import BatchRequest
from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.generation.formats.formats import FORMATS
from abr_model.runs.detached import environment, start_detached
from abr_model.runs.living import LivingFolder, ask_to_stop, delete_ended
from abr_model.runs.lock import Lock
from abr_model.runs.status import give_reserve_back, keep_reserve, write_last_status, write_status

if TYPE_CHECKING:
    from abr_model.batches.batch import Batch

_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6}-[0-9a-f]{4}")
TELL_EVERY_S = 0.5


class Order(BaseModel):
    """What the process is to do; ``request.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    request: BatchRequest
    model_folder: str
    file: str
    recordings: int = Field(ge=1)
    jobs: int = Field(default=1, ge=1, le=64)


class BatchFolder(LivingFolder):
    """One batch of the dashboard. Its ``status`` has ``done`` and ``total`` recordings, ``message``, ``stage`` and
    ``began`` (seconds since the epoch)."""

    @property
    def order(self) -> Order:
        """What was asked for.

        Raises
        ------
        InputError
            It cannot be read.
        """
        try:
            return Order.model_validate_json((self.folder / "request.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError("what was asked for cannot be read", file=self.id) from error

    @property
    def message(self) -> str:
        """What to say about a batch that did not come to its end."""
        if self.state == "crashed":
            return "the process died without a word; nothing was kept"
        return self.status.get("message", "")

    def request_stop(self) -> None:
        """Ask it to stop and to leave no file.

        Raises
        ------
        InputError
            That cannot be written.
        """
        ask_to_stop(self, "batch")

    def delete(self) -> None:
        """Remove it, with its files.

        Raises
        ------
        InputError
            It is being made, or cannot be removed.
        """
        delete_ended(self, "batch")

    @property
    def bundle(self) -> Bundle:
        """Its files, there once it is finished."""
        return Bundle(self.folder / "batch" / self.order.file)

    @property
    def provenance(self) -> BatchProvenance:
        """Of the finished batch.

        Raises
        ------
        InputError
            It is not there.
        """
        return BatchProvenance.read(self.bundle.provenance)


def exports_folder() -> Path:
    """Where they lie."""
    return data_folder() / "exports"


def list_batches(root: Path | None = None) -> list[BatchFolder]:
    """All of them, the newest first."""
    root = root or exports_folder()
    folders = root.iterdir() if root.is_dir() else ()
    found = [BatchFolder(folder) for folder in folders if _ID.fullmatch(folder.name)]
    return sorted(found, key=lambda batch: batch.id, reverse=True)


def prepare(request: BatchRequest, model_folder: Path, model_id: str, recordings: int, jobs: int = 1) -> BatchFolder:
    """A folder for a batch of so many recordings; nothing is started.

    Raises
    ------
    InputError
        Another batch is at work, or the folder cannot be written.
    """
    if any(batch.active for batch in list_batches()):
        raise InputError("another batch is being made", allowed="wait until it is done, or stop it")
    ending = FORMATS[request.format].endings[0]
    long = "-long" if request.format == "csv-long" else ""
    name = f"abr-generated-{model_id}-seed-{request.seed}-n-{recordings}{long}{ending}"
    order = Order(request=request, model_folder=str(model_folder), file=name, recordings=recordings, jobs=jobs)
    folder = exports_folder() / f"{datetime.now():%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    try:
        folder.mkdir(parents=True)
        (folder / "request.json").write_text(order.model_dump_json(indent=1), encoding="utf-8")
        write_status(folder, state="pending", message="starting", done=0, total=recordings)
    except OSError as error:
        raise InputError(f"the data folder cannot be written: {error.strerror}", file="exports") from error
    return BatchFolder(folder)


def launch(batch: BatchFolder) -> None:
    """Start ``abr generate --export FOLDER``, detached; returns at once.

    Raises
    ------
    InputError
        The process cannot be started.
    """
    try:
        start_detached(
            ["generate", "--export", str(batch.folder)],
            batch.folder,
            "worker.log",
            environment(1) | {"ABR_DATA": str(data_folder())},
        )
    except OSError as error:
        raise InputError(f"the batch cannot be started: {error.strerror}", file=batch.id) from error


def work_on(folder: str | Path) -> None:
    """Make the batch of a prepared folder, in this process; says in its status how far it is and how it ended.

    Raises
    ------
    InputError
        It is being made already, or has ended; or what went wrong, which the status says too.
    """
    batch = BatchFolder(Path(folder).absolute())
    lock = Lock(batch.folder / "lock")
    if not lock.acquire():
        raise InputError("the batch is being made already", value=batch.id)
    try:
        if batch.status.get("state") != "pending":
            raise InputError("the batch has ended", value=batch.id)
        keep_reserve(batch.folder)
        write_status(batch.folder, state="running", message="", stage="preparing", pid=os.getpid())
        _work(batch)
    finally:
        give_reserve_back(batch.folder)
        lock.release()


def _work(batch: BatchFolder) -> None:
    from abr_model.batches.batch import BatchStoppedError

    def end(state: str, message: str = "") -> None:
        write_last_status(batch.folder, state=state, message=message, stage=None)

    try:
        made = _make(batch)
        counts = made.provenance.recordings
        write_status(batch.folder, withheld=counts.withheld, exported=counts.exported)
        end("finished")
    except BatchStoppedError:
        end("stopped", "stopped; nothing was kept")
    except InputError as error:
        end("failed", str(error))
        raise
    except BaseException as error:
        end("failed", f"{type(error).__name__}: see worker.log")
        raise


def _make(batch: BatchFolder) -> Batch:
    from abr_model.batches.batch import BatchStoppedError, make_batch
    from abr_model.batches.cohorts import rows_of
    from abr_model.batches.copies import training_here
    from abr_model.batches.plan import plan_of
    from abr_model.model import TrainedModel
    from abr_model.model_card import evaluation_in

    order = batch.order
    request, folder = order.request, Path(order.model_folder)
    model = TrainedModel.load(folder)
    plan = plan_of(rows_of(request), model.support, request.outside)
    write_status(batch.folder, total=len(plan.rows), stage="preparing")
    training, why_not = training_here(model) if request.check_copies else (None, "")
    if batch.stop_requested:
        raise BatchStoppedError
    began = last = time.time()
    write_status(batch.folder, stage="generating", began=began)

    def tell(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.time() - last > TELL_EVERY_S:
            last = time.time()
            write_status(batch.folder, done=done, total=total, stage="finishing" if done == total else "generating")

    return make_batch(
        model, request, batch.bundle.data, plan=plan, training=training, why_not=why_not, jobs=order.jobs,
        evaluation=evaluation_in(folder, model.model_id), on_progress=tell, stopped=lambda: batch.stop_requested,
    )  # fmt: skip


def asked_at(batch: BatchFolder) -> datetime:
    """When it was asked for, UTC."""
    try:
        return datetime.fromtimestamp((batch.folder / "request.json").stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)
