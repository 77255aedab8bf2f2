"""What every reader of a kind of file has, so that the door (:mod:`abr_model.sources.reading`) knows none by name.

A reader is a module with the names of :class:`Reader`; :mod:`abr_model.sources.readers.registry` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from abr_model.errors import InputError
from abr_model.sources.part import Given, ReadFile

Tell = Callable[[float], None]
"""Is told the share of the file that was read, 0 to 1."""


class Reader(Protocol):
    """One kind of file. A module is one when it has these names; ``companions`` may be left out.

    ``FORMAT`` is its name for a person, ``ENDINGS`` what such files usually end in: for messages and file choosers
    alone, a reader is chosen by content.
    """

    FORMAT: str
    ENDINGS: tuple[str, ...]

    def recognises(self, path: Path, start: bytes) -> bool:
        """Whether the file at ``path``, which begins with ``start`` (its first 64 kB, not empty), is of this kind.

        Never raises: a damaged file that is of this kind is recognised, and :meth:`read` says what is wrong with it.
        """

    def read(self, path: Path, given: Given, salt: bytes, tell: Tell) -> ReadFile:
        """All recordings of the file in µV, vertex positive up, and what happened on the way.

        Every recording of the file is either in a part or in the refusals, with a reason. ``given`` fills only what
        the file does not say; polarity, label shift and ages above 89 are not the reader's business.

        Raises
        ------
        NotStatedError
            The file says neither its sampling rate nor its time zero (or unit), and ``given`` does not either.
        InputError
            The file as a whole cannot be read.
        """

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Files that belong to this recognised one and are read together with it (the ``.dat`` of a ``.hea``),
        whether or not they exist. Given beside it, they are no files of their own."""


class NotStatedError(InputError):
    """A file does not say something that is never guessed, and the person has not said it either.

    Parameters
    ----------
    what
        The argument of ``read_recordings`` that answers: ``"sampling_rate_hz"``, ``"start_ms"``, ``"unit"`` or
        ``"mapping"``.
    """

    def __init__(self, what: str, problem: str, **where):
        self.what = what
        super().__init__(problem, **where)


OPTIONS = {
    "sampling_rate_hz": "state the sampling rate in Hz (command line: --sampling-rate HZ; Python: sampling_rate_hz)",
    "start_ms": "state the time of its first sample in ms (command line: --start MS; Python: start_ms)",
    "unit": "state the unit of the samples: µV, mV, nV or V (command line: --unit; Python: unit)",
}
"""How a person answers; for ``allowed`` of an error."""


def companions_of(reader: Reader, path: Path) -> tuple[Path, ...]:
    """What ``reader`` reads together with ``path``; nothing for a reader without companions."""
    hook = getattr(reader, "companions", None)
    return hook(path) if hook else ()
