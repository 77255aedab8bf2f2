"""``status.json`` of a run folder: state and progress, as the trainer says them; replaced atomically."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_RESERVE = ".reserve"
_RESERVE_BYTES = 64 * 1024


def read_status(folder: Path) -> dict:
    """State as recorded, progress, counts. Empty when there is none."""
    try:
        return json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_status(folder: Path, **changes) -> None:
    """Replace values of ``status.json``; raises OSError where that is not possible."""
    status = read_status(folder) | changes | {"updated": datetime.now(UTC).isoformat(timespec="seconds")}
    # One file a writer: two sessions of the dashboard are threads of one process.
    partial = folder / f".status.{secrets.token_hex(4)}.partial"
    try:
        partial.write_text(json.dumps(status, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        partial.replace(folder / "status.json")
    finally:
        partial.unlink(missing_ok=True)


def keep_reserve(folder: Path) -> None:
    """Take a little room on the disk, so that :func:`write_last_status` can speak when there is no more."""
    with suppress(OSError), (folder / _RESERVE).open("wb") as file:
        file.write(os.urandom(_RESERVE_BYTES))  # nothing that a file system could store in less room


def give_reserve_back(folder: Path) -> None:
    """Harmless when there is none."""
    with suppress(OSError):
        (folder / _RESERVE).unlink(missing_ok=True)


def write_last_status(folder: Path, **changes) -> None:
    """As :func:`write_status`, on a full disk in the room that was reserved."""
    try:
        write_status(folder, **changes)
    except OSError:
        give_reserve_back(folder)
        write_status(folder, **changes)
