"""A training run is a folder that any tool can read: the dashboard, the command line, an editor, TensorBoard.

::

    <id>/config.yaml      cohort (path, digest), preset with all values, label; never changed
         preset.yaml      the preset alone, where it differs from the one of its name
         filter.json      the filter alone, where there is one
         status.json      state and progress, replaced atomically
         metrics.jsonl    one JSON object a line, only ever appended
         train.log        what the trainer said
         lock             held by the trainer while it lives, also while it waits for its turn
         notes.json       label and notes that a person wrote later
         start.safetensors  the weights it started from, where it did not start from chance
         STOP             exists: the trainer finishes the batch, saves and stops; holds text: without a model
         tensorboard/     TensorBoard events
         checkpoints/     best.ckpt, last.ckpt, epoch-10.ckpt …
         model/           the trained model
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from abr_model.cohort import Provenance, read_metadata
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.runs.life import RunLife
from abr_model.runs.machine import Machine
from abr_model.runs.reading import without_abandoned
from abr_model.runs.run_config import RunConfig
from abr_model.runs.state import ENDED, STATES

if TYPE_CHECKING:
    from abr_model.training.start import Start

__all__ = ("ENDED", "STATES", "Run", "RunConfig", "active_run", "list_runs", "without_abandoned")

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Run(RunLife):
    """A run folder. Cheap to make: nothing is read before it is asked for, and nothing is remembered."""

    # --- making and finding ---------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        root: str | Path,
        preset: Preset,
        cohort_path: str | Path,
        *,
        filter: CohortFilter = EVERYTHING,
        label: str = "",
        epochs: int | None = None,
        seed: int | None = None,
        threads: int = 1,
        machine: Machine | None = None,
        checkpoint_every: int = 10,
        preview_every: int = 2,
        recordings: int | None = None,
        dry_run: bool = False,
        search: str | None = None,
        start: Start | None = None,
        exclusive: bool = True,
    ) -> Run:
        """A prepared run in a new folder of ``root``; nothing is trained yet.

        Parameters
        ----------
        root
            Folder of all runs (``data/runs``); made when missing.
        preset
            All hyper-parameters.
        cohort_path
            A cohort file. It is not copied: the run holds its path and the digest of its content.
        filter
            Which recordings of the cohort to train on.
        label
            Free text to recognise the run by. The id is generated, so the text never becomes a file name.
        epochs, seed
            Replace those of the preset's training.
        threads
            CPU threads of each process of the trainer.
        machine
            What to train on; one process on what is there when left out.
        checkpoint_every
            Epochs between two checkpoints that are kept besides the best and the last; 0: none.
        preview_every
            Epochs between two previews of generated waveforms; 0: none.
        recordings
            Train on about so many of the kept recordings, whole patients; all when left out.
        dry_run
            Whether it is made only to see that everything works.
        search
            Id of the search that it is a trial of.
        start
            Weights to begin with; their scaling is kept. Chance when left out.
        exclusive
            Refuse to train while another training of this folder is active.

        Raises
        ------
        InputError
            A file that is no cohort, a value out of range, weights of another shape than the preset's network, or a
            folder that cannot be written.
        """
        changes = {"epochs": epochs, "seed": seed}
        changes = {name: value for name, value in changes.items() if value is not None}
        if changes:
            preset = preset.changed(training=changes)
        if start is not None:
            start.check(preset)
        cohort_path = Path(cohort_path).absolute()
        metadata = read_metadata(cohort_path)
        provenance = Provenance.model_validate(metadata["provenance"])
        label = " ".join(label.split())
        config = RunConfig.of(
            preset,
            provenance,
            label=label,
            cohort_path=str(cohort_path),
            cohort_digest=metadata["digest"],
            filter=filter,
            threads=threads,
            machine=machine or Machine(),
            checkpoint_every=checkpoint_every,
            preview_every=preview_every,
            recordings=recordings,
            dry_run=dry_run,
            search=search,
            start=None if start is None else start.origin,
            exclusive=exclusive,
        )
        folder = _new_folder(Path(root), preset.name)
        run = cls(folder)
        try:
            if start is not None:
                start.write(folder)
            config.write(folder)
            run.write_status(
                state="pending",
                message="prepared",
                epoch=0,
                epochs_done=0,
                epochs=preset.training.epochs,
                step=0,
                steps_per_epoch=None,
                started=None,
                preset=preset.name,
                cohort=provenance.title,
                filter=filter.in_words(),
                recordings=None,
                pid=None,
                label=label,
            )
        except OSError as error:
            raise InputError(f"the folder of runs cannot be written: {error.strerror}", file=folder.name) from error
        return run

    @classmethod
    def open(cls, root: str | Path, run_id: str) -> Run:
        """The run of that id in ``root``.

        Raises
        ------
        InputError
            An id that is none (so it cannot lead out of ``root``), or no such run.
        """
        root = Path(root).absolute()
        if not _RUN_ID.fullmatch(run_id) or ".." in run_id:
            raise InputError("this is no id of a run", value=run_id, allowed="letters, digits, - _ . (at most 64)")
        run = cls(root / run_id)
        if not (run.folder / "config.yaml").is_file() or run.folder.resolve().parent != root.resolve():
            known = ", ".join(other.id for other in list_runs(root)[:5])
            raise InputError("there is no such run", value=run_id, allowed=known or "there is no run yet")
        return run

    # --- what it is -----------------------------------------------------------------------------------------------

    @property
    def config(self) -> RunConfig:
        """What was asked for.

        Raises
        ------
        InputError
            ``config.yaml`` is missing or was changed to something that is not a run.
        """
        try:
            text = (self.folder / "config.yaml").read_text(encoding="utf-8")
            return RunConfig.model_validate(yaml.safe_load(text))
        except OSError as error:
            raise InputError("the folder is not a run: config.yaml is missing", file=self.id) from error
        except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
            detail = error.errors()[0] if isinstance(error, ValidationError) else None
            where = f": {'.'.join(str(step) for step in detail['loc'])} – {detail['msg']}" if detail else ""
            raise InputError(f"config.yaml of the run is damaged{where}", file=self.id) from error

    @property
    def preset(self) -> Preset:
        """All hyper-parameters of this run."""
        return self.config.preset

    @property
    def model_folder(self) -> Path:
        """Where the trained model is, once there is one (see :attr:`has_model`)."""
        return self.folder / "model"

    @property
    def has_model(self) -> bool:
        """Whether the run has given a model."""
        return (self.model_folder / "model.json").is_file()


def list_runs(root: str | Path) -> list[Run]:
    """All runs in ``root``, newest first; empty when the folder does not exist."""
    made = []
    for config in Path(root).glob("*/config.yaml"):
        with suppress(FileNotFoundError):  # deleted since the folder was listed
            made.append((config.stat().st_mtime_ns, config.parent))
    return [Run(folder) for _, folder in sorted(made, reverse=True)]


def active_run(root: str | Path) -> Run | None:
    """The run that is being trained in ``root`` now; else one that is about to be, or waits for its turn; or None."""
    active = [run for run in list_runs(root) if run.active]
    return next((run for run in active if run.state == "running"), active[0] if active else None)


def _new_folder(root: Path, preset_name: str) -> Path:
    slug = re.sub(r"[^A-Za-z0-9]+", "-", preset_name).strip("-").lower()[:30] or "run"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for _ in range(20):
            folder = root.absolute() / f"{datetime.now():%Y-%m-%d-%H%M}-{slug}-{secrets.token_hex(2)}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise InputError(f"the folder of runs cannot be written: {error.strerror}", file=root.name) from error
    raise InputError("there are too many runs of this minute", file=root.name)
