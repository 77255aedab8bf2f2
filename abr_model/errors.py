"""The one exception for input that a person can mend: it says what is wrong, where, and what is allowed."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input from a person or a file.

    The command line prints it and exits with 2; a page shows it and keeps what was loaded. Anything else that is
    raised is a defect of ours.

    Parameters
    ----------
    problem
        What is wrong, as a sentence without a full stop: ``"intensity is out of range"``.
    file, row, column, value
        Where: file *name* (never a path: it may hold a patient's name), row as the person counts it in their
        file (1 = first line of data), column name, offending value.
    allowed
        What would be accepted: ``"-10 to 110 dB nHL"``.
    """

    def __init__(self, problem, *, file=None, row=None, column=None, value=None, allowed=None):
        self.problem, self.file, self.row = problem, file, row
        self.column, self.value, self.allowed = column, value, allowed
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = [
            f"{name} {content!r}" if name in ("file", "column") else f"{name} {content}"
            for name, content in (("file", self.file), ("row", self.row), ("column", self.column))
            if content is not None
        ]
        sentence = (", ".join(place) + ": " if place else "") + self.problem
        if self.value is not None:
            sentence += f" (found {self.value!r})"
        if self.allowed is not None:
            sentence += f"; allowed: {self.allowed}"
        return sentence + "."
