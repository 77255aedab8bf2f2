"""Files that a person brings through the browser: they lie in a private folder of their own, under names of ours.

What the browser says a file is called is shown back in messages and used for nothing else. The exception are the files
of a WFDB record, which name one another: they keep their names, where those are plain, in the private folder alone.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.sources.report import ImportReport, NothingImportedError

PREFIX = "abr-upload-"
STALE_AFTER_S = 24 * 3600.0
_OURS = re.compile(r"upload-\d+")
_NAMED_BY_OTHERS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(hea|dat|mat|atr|qrs|ann)", re.ASCII)
"""Files of a WFDB record: the header names the signal file, so their names must stay as they are."""


@dataclass(frozen=True)
class Upload:
    """A file that was brought. ``name`` is what the person calls it; it lies at ``path``, ``size`` in bytes."""

    name: str
    path: Path
    size: int


class UploadFolder:
    """A private folder (its owner's alone) that is removed by :meth:`close`, or when nothing refers to it any more."""

    def __init__(self):
        _remove_stale()
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)  # mode 0700
        self._count = 0
        self.files: list[Upload] = []

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return Path(self._folder.name)

    def add(self, name: str, content: bytes | memoryview) -> Upload:
        """Lay a file down.

        Raises
        ------
        InputError
            A second file of a WFDB record with the same name, or no room on the disk.
        """
        self._count += 1
        kept = _NAMED_BY_OTHERS.fullmatch(name.lower()) is not None
        path = self.folder / (name if kept else f"upload-{self._count}")
        if kept and path.exists():
            raise InputError("a file of that name is here already", file=name, allowed="each file of a record once")
        try:
            path.write_bytes(content)
        except OSError as error:
            raise InputError(f"the file cannot be kept for reading: {error.strerror}", file=name) from error
        upload = Upload(name, path, len(content))
        self.files.append(upload)
        return upload

    def remove(self, upload: Upload) -> None:
        """Forget a file."""
        self.files.remove(upload)
        upload.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder and what is in it. May be called twice."""
        self.files.clear()
        self._folder.cleanup()

    @property
    def names(self) -> dict[str, str]:
        """Our names → the person's."""
        return {upload.path.name: upload.name for upload in self.files}

    def named(self, text: str) -> str:
        """``text`` with the names that the person knows: a sentence may speak of ``upload-1``."""
        names = self.names
        return _OURS.sub(lambda match: names.get(match.group(), match.group()), text)

    def named_error(self, error: InputError) -> InputError:
        """The same problem with the names that the person knows."""
        if isinstance(error, NothingImportedError):
            return NothingImportedError(self.named_report(error.report))
        return InputError(
            self.named(error.problem),
            file=None if error.file is None else self.named(error.file),
            row=error.row,
            column=error.column,
            value=error.value,
            allowed=None if error.allowed is None else self.named(str(error.allowed)),
        )

    def named_report(self, report: ImportReport) -> ImportReport:
        """The report with the names that the person knows, in its sentences too."""
        refused = report.refused.assign(
            file=report.refused["file"].map(self.named), reason=report.refused["reason"].map(self.named)
        )
        return replace(
            report,
            files=report.files.assign(file=report.files["file"].map(self.named)),
            refused=refused,
            notes=tuple(self.named(note) for note in report.notes),
        )


def read_cohort(upload: Upload) -> Cohort:
    """A cohort file.

    Raises
    ------
    InputError
        As :meth:`abr_model.cohort.Cohort.read`, with the name that the person knows.
    """
    return Cohort.read(upload.path, upload.name)


def _remove_stale() -> None:
    """Folders that a killed server left behind: patients' files must not lie about."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > STALE_AFTER_S and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def forget_in_memory(files: list) -> None:
    """Let Streamlit forget uploaded files that lie in the private folder now; it would keep them with the session."""
    context = get_script_run_ctx()
    if context is None:
        return
    for file in files:
        if isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
