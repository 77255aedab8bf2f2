"""The cohort files of the data folder: which there are, and how a new one comes to be.

Names of files are ours: the name that a file had on a person's disk may hold a patient's name and is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import streamlit as st
from filelock import FileLock

from abr_model.cohort import Cohort, Provenance, read_metadata
from abr_model.errors import InputError
from abr_model.schema import Kind
from abr_model.training_cohort import find_cohort, find_training_cohort
from dashboard.folders import cohorts_folder

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


@dataclass(frozen=True)
class CohortEntry:
    """A cohort on disk, known from its metadata alone: nothing of its recordings is read for this."""

    path: Path
    name: str
    kind: Kind
    source: str
    recordings: int
    digest: str = ""


def available_cohorts() -> list[CohortEntry]:
    """Cohort files of the data folder, newest first. A file that is not a cohort is left out."""
    files = []
    for path in cohorts_folder().glob("*.parquet"):
        try:
            state = path.stat()
            files.append((state.st_mtime_ns, _entry(str(path), state.st_mtime_ns, state.st_size)))
        except (InputError, OSError, KeyError, TypeError, ValueError):
            continue
    return [file for _, file in sorted(files, key=lambda pair: (-pair[0], pair[1].name))]


def training_cohort_file(model: TrainedModel) -> Path | None:
    """:func:`~abr_model.training_cohort.find_training_cohort`, once for each state of the folder: it opens the file,
    which takes half a second of a large clinic, and pages ask at every click."""
    made = model.provenance
    return _training_file(_state(), made.cohort_digest, made.cohort, model)


def cohort_file(digest: str) -> Path | None:
    """:func:`~abr_model.training_cohort.find_cohort`, once for each state of the folder."""
    return _file_of(_state(), digest)


def simulated_cohort_file(patients: int, seed: int, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """A simulated clinic in the data folder: simulated once, found again afterwards. Safe against a second session.

    A file that another version of the simulator made, or that is damaged, is made anew.

    ``on_progress`` is called with patients done and patients in all.

    Raises
    ------
    InputError
        Patients or seed out of range, or a data folder that cannot be written.
    """
    from abr_model.sources.simulator import DEFAULT, simulate

    path = cohorts_folder() / f"simulated-{patients}-patients-seed-{seed}.parquet"
    made_by = {"parameters_sha256": DEFAULT.sha256()}
    return _written_once(path, lambda: simulate(patients, seed, on_progress=on_progress), made_by)


def keep_cohort(cohort: Cohort) -> Path:
    """Write an imported cohort into the data folder under a name of ours: its kind and the start of its digest.

    The name that the file had on the person's disk may hold a patient's name; it is not used.

    Raises
    ------
    InputError
        The data folder cannot be written.
    """
    return _written_once(cohorts_folder() / f"{cohort.kind.value}-{cohort.digest()[:8]}.parquet", lambda: cohort)


def _written_once(path: Path, make: Callable[[], Cohort], details: Mapping = MappingProxyType({})) -> Path:
    """``path`` with the cohort that ``make`` gives; only one of several sessions makes it, the others wait for it.

    A file that is there counts when it can be read and its provenance holds ``details``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not _counts(path, details):
                make().write(path)
    except OSError as error:
        raise InputError(f"the data folder cannot be written: {error.strerror}", file=path.name) from error
    return path


def _counts(path: Path, details: Mapping) -> bool:
    """Whether the whole file can be read (one that was damaged is made anew, not offered again and again) and is what
    ``details`` say."""
    try:
        found = Cohort.read(path).provenance.details
    except InputError:
        return False
    return details.items() <= found.items()


def _state() -> tuple[tuple[str, int, int], ...]:
    """Path, time of change and size of every cohort file."""
    found = []
    for path in cohorts_folder().glob("*.parquet"):
        with suppress(OSError):
            state = path.stat()
            found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(sorted(found))


@st.cache_resource(max_entries=16, show_spinner=False)
def _training_file(state: tuple, digest: str, title: str, _model: TrainedModel) -> Path | None:
    return find_training_cohort(_model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _file_of(state: tuple, digest: str) -> Path | None:
    return find_cohort(digest)


@st.cache_resource(max_entries=64, show_spinner=False)
def _entry(path: str, mtime_ns: int, size: int) -> CohortEntry:
    metadata = read_metadata(path)
    provenance = Provenance.model_validate(metadata["provenance"])
    return CohortEntry(
        path=Path(path),
        name=cohort_name(provenance, Path(path)),
        kind=provenance.kind,
        source=provenance.source,
        recordings=metadata["recordings"],
        digest=metadata["digest"],
    )


def cohort_name(provenance: Provenance, path: Path) -> str:
    """Its title; two imports of one source differ by the part of their file name that we gave them."""
    title = provenance.title
    return title if provenance.kind == Kind.SIMULATED else f"{title} · {path.stem.rsplit('-', 1)[-1]}"
