"""How wide words are: measured with the very font that the figures carry, so nothing depends on the machine's fonts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FONTS = Path(__file__).with_name("fonts")
FAMILY = "ABR Diagram"
REGULAR, BOLD = FONTS / "ABRDiagram-Regular.ttf", FONTS / "ABRDiagram-Bold.ttf"
"""Source Sans 3, cut down to Latin, Greek and a few signs (``fonts/OFL.txt``); beside each the same as WOFF2."""
_MEASURED_AT = 1000


def width(words: str, size: float, bold: bool = False) -> float:
    """Width of ``words`` in a font of ``size``, in the unit of ``size``."""
    return _font(bold).getlength(words) * size / _MEASURED_AT


def shortened(words: str, size: float, room: float, bold: bool = False) -> str:
    """``words``, ended by … where they would be wider than ``room``."""
    if width(words, size, bold) <= room:
        return words
    while words and width(f"{words}…", size, bold) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def wrapped(words: str, size: float, room: float) -> list[str]:
    """``words`` in lines that are not wider than ``room``."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(shortened(word, size, room))
    return lines


@cache
def _font(bold: bool):
    from PIL import ImageFont

    path = BOLD if bold else REGULAR
    return ImageFont.truetype(path, _MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)
