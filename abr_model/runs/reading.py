"""Reading the files of a run folder while another process writes them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path


def whole_lines(path: Path, offset: int = 0) -> tuple[bytes, int]:
    """Whole lines of a text file from a byte offset on, and the offset after them.

    A line that is still being written waits for the next time; a file that became shorter is read from its start.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            offset = offset if 0 <= offset <= size else 0
            file.seek(offset)
            content = file.read(size - offset)
    except OSError:
        return b"", 0
    whole = content[: content.rfind(b"\n") + 1]
    return whole, offset + len(whole)


def rows_of(lines: bytes) -> list[dict]:
    """The objects of JSON lines, without those lines that cannot be read."""
    lines = lines.splitlines()
    with suppress(ValueError):  # all at once is faster, and nearly always possible
        rows = json.loads(b"[" + b",".join(lines) + b"]")
        if len(rows) == len(lines):
            return [row for row in rows if isinstance(row, dict)]
    rows = []
    for line in lines:
        with suppress(ValueError):  # the torn last line of a trainer that was killed
            rows.append(json.loads(line))
    return [row for row in rows if isinstance(row, dict)]


def read_rows(path: Path, offset: int = 0) -> tuple[list[dict], int]:
    """The rows of a JSON-lines file from a byte offset on, and the offset after them; see :func:`whole_lines`."""
    lines, offset = whole_lines(path, offset)
    return rows_of(lines), offset


def without_abandoned(rows: list[dict]) -> list[dict]:
    """Metrics rows without those that a resumed training has done again, and without the ``"resumed"`` rows."""
    kept: list[dict] = []
    for row in rows:
        if row["kind"] == "resumed":
            kept = [old for old in kept if old["step"] <= row["step"]]
        else:
            kept.append(row)
    return kept


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file; empty when there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 400 * lines))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def launched_as_this_process(folder: Path) -> bool:
    """Whether this process is the one in ``launch.json``: it was started in the background."""
    try:
        return json.loads((folder / "launch.json").read_text(encoding="utf-8"))["pid"] == os.getpid()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def launched_process_died(folder: Path) -> bool:
    """Whether the process in ``launch.json`` is gone, a zombie, or another process under the same number."""
    import psutil

    try:
        launched = json.loads((folder / "launch.json").read_text(encoding="utf-8"))
        process = psutil.Process(launched["pid"])
        same = abs(process.create_time() - launched["created"]) < 1
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError):
        return False
    except psutil.NoSuchProcess:
        return True
