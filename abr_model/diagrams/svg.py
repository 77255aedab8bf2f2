"""A diagram as SVG: no script, nothing from outside, its font inside; prints on A4 in black and white, too."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from abr_model.diagrams.graph import Arrow, Block, Diagram, percent, shape_words
from abr_model.diagrams.layout import (
    BLOCK_TEXT,
    BLOCK_TITLE,
    CAPTION,
    FIGURE_LINE,
    LABEL,
    LINE,
    MARGIN,
    PAD,
    SUBTITLE,
    TITLE,
    Box,
    Label,
    Layout,
    Point,
    lay_out,
)
from abr_model.diagrams.text import BOLD, FAMILY, REGULAR, shortened, width

MM_PER_POINT = 25.4 / 72
CORNER = 3.0
HEAD = 4.6
"""Length of an arrow's head."""


@dataclass(frozen=True)
class Palette:
    """Colours of a figure; no meaning rests on colour alone."""

    paper: str
    ink: str
    muted: str
    line: str
    area: str
    data: str
    accent: str
    tint: str
    warn: str


PALETTES = {
    "light": Palette("#FFFFFF", "#1B2733", "#505C68", "#7B8794", "#F3F6F8", "#E4E9EE", "#0B6E8F", "#E3F0F4", "#B3261E"),
    "dark": Palette("#12171D", "#E6EBF0", "#A9B4BF", "#76828E", "#1A2129", "#2A333D", "#4CC3E6", "#17323D", "#FF8A80"),
}


def svg(diagram: Diagram, theme: str = "light", on_page: bool = False) -> str:
    """The figure.

    Parameters
    ----------
    theme
        ``"light"`` (paper), or ``"dark"`` for a dark screen.
    on_page
        Part of a page that has a title, a caption and the font (:func:`font_faces`) of its own: they are left out.

    Returns
    -------
    str
        One SVG document. Each block is a ``<g class="block" data-block="…">``.
    """
    layout, colours = lay_out(diagram), PALETTES[theme]
    top = layout.top if on_page else 0.0
    height = layout.caption_y - 11 - top if on_page else layout.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {_n(top)} {_n(layout.width)} {_n(height)}" '
        f'width="{_n(layout.width * MM_PER_POINT)}mm" height="{_n(height * MM_PER_POINT)}mm" role="img" '
        f'aria-labelledby="{diagram.name}-title {diagram.name}-words">',
        f'<title id="{diagram.name}-title">{escape(diagram.title)}</title>',
        f'<desc id="{diagram.name}-words">{escape(diagram.alt)}</desc>',
        f"<style>{'' if on_page else font_faces()}text{{font-family:'{FAMILY}',Arial,sans-serif}}</style>",
        f'<rect x="0" y="{_n(top)}" width="{_n(layout.width)}" height="{_n(height)}" fill="{colours.paper}"/>',
    ]
    if not on_page:
        parts += _heading(diagram, layout, colours)
    parts += _areas(layout, colours)
    drawn = zip(diagram.arrows, layout.paths, layout.labels, strict=True)
    arrows = [_arrow(arrow, path, colours) for arrow, path, _ in drawn]
    parts += arrows
    parts += [_block(block, layout.boxes[block.id], colours) for block in diagram.blocks]
    parts += [_words(label, colours) for label in layout.labels if label is not None]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _heading(diagram: Diagram, layout: Layout, colours: Palette) -> list[str]:
    lines = [
        _text(diagram.title, MARGIN, MARGIN + TITLE * 0.8, TITLE, colours.ink, bold=True),
        _text(diagram.subtitle, MARGIN, MARGIN + TITLE + SUBTITLE + 2, SUBTITLE, colours.muted),
    ]
    for i, words in enumerate(layout.caption):
        lines.append(_text(words, MARGIN, layout.caption_y + i * LINE, CAPTION, colours.muted))
    return lines


def _areas(layout: Layout, colours: Palette) -> list[str]:
    found = []
    for title, areas in layout.areas.items():
        found += [_rect(area, 5, colours.area) for area in areas]
        found.append(
            _text(title.upper(), areas[0].x + 6, areas[0].y + 8.6, LABEL, colours.muted, bold=True, spaced=True)
        )
    return found


def _block(block: Block, box: Box, colours: Palette) -> str:
    label = quoteattr(". ".join(filter(None, [block.words, block.meaning])))
    parts = [f'<g class="block {block.role}" data-block="{block.id}" data-label={label}>', _frame(block, box, colours)]
    if block.role == "join":
        x, y = box.at("top")[0], box.at("left")[1]
        parts.append(f'<path d="M{_n(x - 3)} {_n(y)}H{_n(x + 3)}M{_n(x)} {_n(y - 3)}V{_n(y + 3)}" '
                     f'stroke="{colours.ink}" stroke-width="1"/>')  # fmt: skip
    else:
        parts += _contents(block, box, colours)
    return "".join([*parts, "</g>"])


def _frame(block: Block, box: Box, colours: Palette) -> str:
    if block.role == "join":
        x, y = box.at("top")[0], box.at("left")[1]
        return (
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(box.width / 2)}" fill="{colours.paper}" stroke="{colours.ink}"/>'
        )
    if block.role == "note":
        return _rect(box, CORNER, "none")
    if block.role == "data":
        return _rect(box, 7, colours.data, colours.line)
    dashed = ' stroke-dasharray="3 2"' if block.state == "waiting" else ""
    weight = 2.0 if block.state == "active" else 1.1
    colour = {"failed": colours.warn, "waiting": colours.line}.get(block.state or "", colours.accent)
    fill = colours.tint if block.role == "sampler" else colours.paper
    frame = _rect(box, CORNER, fill, colour, weight, dashed)
    if block.role == "latent":
        frame += _rect(Box(box.x + 2, box.y + 2, box.width - 4, box.height - 4), 2, "none", colour, 0.6)
    return frame


def _contents(block: Block, box: Box, colours: Palette) -> list[str]:
    left, right, y = box.x + PAD, box.right - PAD, box.y + PAD + BLOCK_TITLE * 0.85
    aside = "" if block.state else shape_words(block.shape_out)
    room = right - left - (width(aside, BLOCK_TEXT) + 4 if aside else 10 if block.state else 0)
    parts = [_text(shortened(block.title, BLOCK_TITLE, room, True), left, y, BLOCK_TITLE, colours.ink, bold=True)]
    if aside:
        parts.append(_text(aside, right, y, BLOCK_TEXT, colours.muted, anchor="end"))
    if block.state:
        parts.append(_state(block, right - 3.4, y - 2.8, colours))
    y += 0.5
    for line in block.lines:
        y += LINE
        words, number = (line, "") if isinstance(line, str) else line
        taken = width(number, BLOCK_TEXT) + 4 if number else 0
        parts.append(_text(shortened(words, BLOCK_TEXT, right - left - taken), left, y, BLOCK_TEXT, colours.ink))
        if number:
            parts.append(_text(number, right, y, BLOCK_TEXT, colours.ink, anchor="end"))
    y += 2.5
    if block.parameters:
        y += FIGURE_LINE
        noun = "parameter" if block.parameters == 1 else "parameters"
        parts += _bar(f"{block.parameters:,} {noun}", block.share, left, right, y, colours, filled=True)
    if block.time_share is not None:
        y += FIGURE_LINE
        parts += _bar(f"time of {block.timed}", block.time_share, left, right, y, colours, filled=False)
    return parts


def _bar(words: str, share: float | None, left: float, right: float, y: float, colours: Palette, filled: bool):
    """Words, the share at the right, and below them a bar as long as the share."""
    parts = [_text(words, left, y - 3.2, BLOCK_TEXT, colours.muted)]
    if share is None:
        return parts
    parts.append(_text(percent(share), right, y - 3.2, BLOCK_TEXT, colours.muted, anchor="end"))
    whole, part = Box(left, y - 0.6, right - left, 1.7), max((right - left) * min(share, 1.0), 0.6)
    parts.append(f'<path d="M{_n(left)} {_n(y + 0.25)}H{_n(right)}" stroke="{colours.line}" stroke-width="0.3"/>')
    fill = colours.accent if filled else colours.paper
    parts.append(_rect(Box(whole.x, whole.y, part, whole.height), 0, fill, colours.accent, 0.5))
    return parts


def _state(block: Block, x: float, y: float, colours: Palette) -> str:
    """Done: full; at work: half; to come: empty; failed: a cross."""
    colour = colours.warn if block.state == "failed" else colours.accent
    if block.state == "failed":
        return f'<path d="M{_n(x - 2.6)} {_n(y - 2.6)}l5.2 5.2m0 -5.2l-5.2 5.2" stroke="{colour}" stroke-width="1.4"/>'
    fill = colour if block.state == "done" else "none"
    circle = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3" fill="{fill}" stroke="{colour}" stroke-width="0.9"/>'
    if block.state == "active":
        circle += f'<path d="M{_n(x)} {_n(y - 3)}a3 3 0 0 0 0 6z" fill="{colour}"/>'
    return circle


def _arrow(arrow: Arrow, path: list[Point], colours: Palette) -> str:
    """A line with round corners and a head at its end."""
    points = list(path)
    (x1, y1), (x2, y2) = points[-2:]
    length = max(abs(x2 - x1) + abs(y2 - y1), 1e-6)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    head = arrow.style != "link"
    if head:
        points[-1] = (x2 - HEAD * dx, y2 - HEAD * dy)
    steps = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        a, b = _towards(corner, before), _towards(corner, after)
        steps.append(f"L{_n(a[0])} {_n(a[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(b[0])} {_n(b[1])}")
    steps.append(f"L{_n(points[-1][0])} {_n(points[-1][1])}")
    dash = {"dashed": ' stroke-dasharray="4 2.4"', "link": ' stroke-dasharray="1.2 2"'}.get(arrow.style, "")
    line = f'<path d="{"".join(steps)}" fill="none" stroke="{colours.line}" stroke-width="1"{dash}/>'
    if not head:
        return line
    a, b = (
        (x2 - HEAD * dx - 2.1 * dy, y2 - HEAD * dy + 2.1 * dx),
        (x2 - HEAD * dx + 2.1 * dy, y2 - HEAD * dy - 2.1 * dx),
    )
    corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in ((x2, y2), a, b))
    return f'{line}<polygon points="{corners}" fill="{colours.line}"/>'


def _towards(corner: Point, other: Point) -> Point:
    """A point of the way to ``other``, where the rounding of the corner begins."""
    length = max(abs(other[0] - corner[0]) + abs(other[1] - corner[1]), 1e-6)
    share = min(CORNER, length / 2) / length
    return (corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1]))


def _words(label: Label, colours: Palette) -> str:
    return _text(label.words, label.x, label.y, LABEL, colours.muted, anchor=label.anchor)


def _text(words, x, y, size, colour, *, bold=False, anchor="start", spaced=False) -> str:
    style = f'font-size="{_n(size)}" fill="{colour}"'
    style += ' font-weight="700"' if bold else ""
    style += f' text-anchor="{anchor}"' if anchor != "start" else ""
    style += ' letter-spacing="0.5"' if spaced else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" {style}>{escape(words)}</text>'


def _rect(box: Box, corner: float, fill: str, stroke: str = "", weight: float = 0.9, more: str = "") -> str:
    line = f' stroke="{stroke}" stroke-width="{_n(weight)}"{more}' if stroke else ""
    place = f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    return f'<rect {place} rx="{_n(corner)}" fill="{fill}"{line}/>'


def _n(value: float) -> str:
    """A number as short as two digits after the point allow: the same everywhere."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@cache
def font_faces() -> str:
    """CSS with the font of the figures inside."""
    faces = []
    for path, weight in ((REGULAR, 400), (BOLD, 700)):
        data = base64.b64encode(path.with_suffix(".woff2").read_bytes()).decode("ascii")
        source = f"url(data:font/woff2;base64,{data})"
        faces.append(f"@font-face{{font-family:'{FAMILY}';font-weight:{weight};src:{source}}}")
    return "".join(faces)
