"""A new run from the options of ``abr train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.runs.run import Run
    from abr_model.training.start import Start


def new_run(
    root: Path,
    cohort: Path,
    preset: str | None,
    changes: dict[str, Any],
    start_from: str | None,
    checkpoint: str | None,
    *,
    filter: Path | None,
    machine: dict[str, Any],
    exclusive: bool,
    queue: bool = False,
    dry_run: bool = False,
    **options,
) -> Run:
    """A prepared run in ``root``; nothing is trained yet.

    Parameters
    ----------
    root, cohort
        Folder of the runs; cohort file.
    preset
        Its name or file; None takes that of the weights to start from.
    changes
        Values of the preset's training.
    start_from, checkpoint
        A model's folder or the id of a run, and which checkpoint of that run.
    filter
        File of a filter.
    machine
        Fields of :class:`~abr_model.training.place.Machine`.
    exclusive, options
        As :meth:`~abr_model.runs.run.Run.create` takes them.
    queue
        Whether the run will wait where another training is active.
    dry_run
        Only to see whether everything works: few recordings, two epochs, a short fit of the sampler.

    Raises
    ------
    InputError
        Anything of it is not as it should be, or this machine cannot train so; no run has been made then.
    """
    from abr_model.configuration import load_preset
    from abr_model.filtering import EVERYTHING, CohortFilter
    from abr_model.runs.claim import check_free
    from abr_model.runs.machine import machine_of
    from abr_model.runs.run import Run
    from abr_model.training.dry_run import dry_run_options
    from abr_model.training.place import node_rank, place_of

    start = None if start_from is None else start_of(root, start_from, checkpoint)
    asked = start.fine_tuning_preset() if preset is None else load_preset(preset)
    if changes:
        asked = asked.changed(training=changes)
    if dry_run:
        asked, options = dry_run_options(asked, options)
    place = machine_of(machine)
    place_of(place, asked.training.precision)
    if place.nodes > 1 and node_rank() > 0:
        raise InputError("--num-nodes: the first node makes the run", allowed="--run FOLDER on the other nodes")
    wanted = EVERYTHING if filter is None else CohortFilter.read(filter)
    if exclusive and not queue:
        check_free(root)
    return Run.create(root, asked, cohort, filter=wanted, machine=place, start=start, exclusive=exclusive, **options)


def start_of(root: Path, start_from: str, checkpoint: str | None) -> Start:
    """The weights that ``--from`` names: of a model's folder, of a run's model, or of a checkpoint of a run."""
    from abr_model.runs.run import Run
    from abr_model.training.start import Start

    if checkpoint is None and Path(start_from).is_dir():
        return Start.from_model(start_from)
    try:
        run = Run.open(root, start_from)
    except InputError as error:
        what = "the id of a run" if checkpoint else "the folder of a model or the id of a run"
        raise InputError(f"--from: {error.problem}", value=Path(start_from).name, allowed=what) from error
    if checkpoint is not None:
        return Start.from_checkpoint(run, checkpoint)
    if not run.has_model:
        raise InputError("--from: the run has no model yet", value=run.id, allowed="with --checkpoint NAME")
    return Start.from_model(run.model_folder)


def check_checkpoint(run: Run, name: str) -> None:
    """Refuse a checkpoint that ``run`` has not, before its state changes."""
    from abr_model.training.checkpoints import check_name

    check_name(run, name)
