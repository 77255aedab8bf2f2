"""What a person wrote about a run: a label to recognise it by, and notes. ``notes.json`` of its folder.

``config.yaml`` is never changed: its label is the first one, and counts until another is written here.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass

from abr_model.errors import InputError
from abr_model.runs.run import Run

LABEL_LENGTH = 100
"""Characters of a label, as in :class:`~abr_model.runs.run_config.RunConfig`."""
NOTES_LENGTH = 10_000
"""Characters of the notes."""

_FILE = "notes.json"


@dataclass(frozen=True)
class Notes:
    """What a person wrote about a run.

    Parameters
    ----------
    label
        One line to recognise the run by; may be empty.
    notes
        Free text of any number of lines; may be empty.
    """

    label: str = ""
    notes: str = ""


def read_notes(run: Run) -> Notes:
    """Label and notes of ``run``; the label it was made with where no other was written. Never raises."""
    written = _written(run)
    label, notes = written.get("label"), written.get("notes")
    return Notes(
        label if isinstance(label, str) else _first_label(run),
        notes if isinstance(notes, str) else "",
    )


def write_notes(run: Run, label: str | None = None, notes: str | None = None) -> Notes:
    """Replace the label, the notes or both; what is None stays as it is.

    Parameters
    ----------
    run
        Any run, also one that is being trained.
    label
        Line breaks become spaces; empty takes the label away.
    notes
        Kept as they are, without spaces at the ends.

    Returns
    -------
    Notes
        As they are now.

    Raises
    ------
    InputError
        A text that is too long, or the folder cannot be written.
    """
    kept = _written(run)
    if label is not None:
        kept["label"] = _checked("label", " ".join(label.split()), LABEL_LENGTH)
    if notes is not None:
        kept["notes"] = _checked("notes", notes.strip(), NOTES_LENGTH)
    # One file a writer: two sessions of the dashboard are threads of one process.
    partial = run.folder / f".{_FILE}.{secrets.token_hex(4)}.partial"
    try:
        partial.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
        partial.replace(run.folder / _FILE)
    except OSError as error:
        raise InputError(f"the notes cannot be written: {error.strerror}", file=run.id) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return read_notes(run)


def _written(run: Run) -> dict:
    try:
        written = json.loads((run.folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _first_label(run: Run) -> str:
    # The status has it, too, and is read much faster than config.yaml with its whole preset.
    label = run.status.get("label")
    if label is None:
        with suppress(InputError):
            label = run.config.label
    return label if isinstance(label, str) else ""


def _checked(what: str, text: str, length: int) -> str:
    if len(text) > length:
        raise InputError(f"the {what} of a run is too long: {len(text):,} characters", allowed=f"up to {length:,}")
    return text
