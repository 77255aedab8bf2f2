"""A file lock that lives exactly as long as the process that holds it.

The kernel drops the lock on any end of the process, also ``kill -9``, and also while the dead process is still a
zombie of its parent. A process id in a file can do neither, so this lock alone says whether a trainer is alive.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

if os.name == "posix":
    import fcntl
else:  # pragma: no cover - the same promise through filelock where there is no flock
    import filelock

_PAUSE_S = 0.05


class Lock:
    """An exclusive lock on ``path``; the file stays behind, empty or with what the holder wrote into it."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._held = None

    def acquire(self, timeout_s: float = 0.5) -> bool:
        """Whether the lock is ours. Waits a little: someone may just be looking whether it is held."""
        deadline = time.monotonic() + timeout_s
        while not self._try():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._held is not None

    def write(self, words: str) -> None:
        """Say in the file of the lock, which must be ours, who holds it. Without effect on a full disk."""
        with suppress(OSError):
            self._write(words.encode())

    def release(self) -> None:
        """Let go; harmless when not held."""
        if self._held is not None:
            self._let_go()
            self._held = None

    if os.name == "posix":

        def _try(self) -> bool:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # A lock on a file that was deleted or moved meanwhile would keep nobody out.
                ours = os.path.samestat(os.fstat(descriptor), self.path.stat())
            except (BlockingIOError, FileNotFoundError):
                ours = False
            if not ours:
                os.close(descriptor)
                return False
            self._held = descriptor
            return True

        def _let_go(self) -> None:
            os.close(self._held)

        def _write(self, words: bytes) -> None:
            os.ftruncate(self._held, 0)
            os.pwrite(self._held, words, 0)

    else:  # pragma: no cover

        def _try(self) -> bool:
            lock = filelock.FileLock(self.path)
            try:
                lock.acquire(blocking=False)
            except filelock.Timeout:
                return False
            self._held = lock
            return True

        def _let_go(self) -> None:
            self._held.release()

        def _write(self, words: bytes) -> None:
            """Nobody but its holder can read a locked file there."""


def is_held(path: str | Path) -> bool:
    """Whether a living process holds the lock. Asks for a shared lock, so readers do not disturb one another."""
    path = Path(path)
    if not path.exists():
        return False
    if os.name != "posix":  # pragma: no cover
        probe = Lock(path)
        free = probe.acquire(timeout_s=0)
        probe.release()
        return not free
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
