"""Text in a file that a spreadsheet may open: nothing in it is taken for a formula."""

from __future__ import annotations

import re

_STARTS_A_FORMULA = re.compile(r"^\s*[=+\-@]|^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")


def safe_cell(value):
    """Text that a spreadsheet will not take for a formula: a leading apostrophe where it might; others unchanged.

    A plain number, with its sign, is none and stays as it is.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value) or not _STARTS_A_FORMULA.search(value):
        return value
    return f"'{value}"
