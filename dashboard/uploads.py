"""Files that a person brings through the browser: read in a folder of their own, under names of ours.

What the browser says a file is called is shown back in messages and used for nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.sources.reading import ImportResult, read_recordings
from abr_model.sources.report import ImportReport, NothingImportedError
from abr_model.sources.smartep import recognises as is_smartep

COHORT, STATES_SAMPLING, SAMPLING_UNKNOWN = "cohort", "states its sampling", "sampling unknown"


@dataclass(frozen=True)
class Upload:
    """A file as the browser sent it. ``name`` is what the person calls it."""

    name: str
    content: bytes

    @property
    def content_kind(self) -> str:
        """By content, not by name: a cohort, a text export that states its sampling, or one that does not."""
        if self.content.startswith(b"PAR1") or self.name.lower().endswith(".parquet"):
            return COHORT
        if is_smartep(self.content[: 1 << 16]):
            return STATES_SAMPLING
        return SAMPLING_UNKNOWN


def read_cohort(upload: Upload) -> Cohort:
    """A cohort file.

    Raises
    ------
    InputError
        As :meth:`abr_model.cohort.Cohort.read`, with the name that the person knows.
    """
    with _laid_down([upload]) as (paths, _):
        return Cohort.read(paths[0], upload.name)


def import_recordings(
    uploads: list[Upload],
    *,
    sampling_rate_hz: float | None = None,
    start_ms: float | None = None,
    unit: str | None = None,
    stated: dict | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> ImportResult:
    """Exports of a clinic as one cohort; see :func:`abr_model.sources.reading.read_recordings`.

    Raises
    ------
    InputError
        As there, with the names that the person knows.
    """
    with _laid_down(uploads) as (paths, names):
        try:
            result = read_recordings(
                paths,
                sampling_rate_hz=sampling_rate_hz,
                start_ms=start_ms,
                unit=unit,
                stated=stated,
                on_progress=on_progress,
            )
        except NothingImportedError as error:
            raise NothingImportedError(_named(error.report, names)) from error
        except InputError as error:
            raise InputError(
                error.problem,
                file=names.get(error.file, error.file),
                row=error.row,
                column=error.column,
                value=error.value,
                allowed=error.allowed,
            ) from error
    return replace(result, report=_named(result.report, names))


@contextmanager
def _laid_down(uploads: list[Upload]) -> Iterator[tuple[list[Path], dict[str, str]]]:
    """The uploads as files ``upload-1`` … in a folder that is removed afterwards, and our names → the person's."""
    with tempfile.TemporaryDirectory(prefix="abr-upload-") as folder:
        paths, names = [], {}
        for number, upload in enumerate(uploads, start=1):
            path = Path(folder) / f"upload-{number}"
            path.write_bytes(upload.content)
            paths.append(path)
            names[path.name] = upload.name
        yield paths, names


def _named(report: ImportReport, names: dict[str, str]) -> ImportReport:
    return replace(
        report,
        files=report.files.replace({"file": names}),
        refused=report.refused.replace({"file": names}),
    )
