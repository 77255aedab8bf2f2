"""Where everything of a diagram stands on the paper: boxes in a grid, arrows at right angles between them.

The grid is the figure's author's (a layout that a machine finds is not one that a reader knows again from the last
model); sizes follow from the words. Unit: points, 1/72 inch, as wide as an A4 page in landscape with 10 mm margins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from abr_model.diagrams.graph import Arrow, Block, Diagram
from abr_model.diagrams.text import wrapped

PAGE_WIDTH = 785.0
MARGIN, GUTTER = 8.0, 26.0
TITLE, SUBTITLE, CAPTION = 12.5, 8.2, 7.4
BLOCK_TITLE, BLOCK_TEXT, LABEL = 8.4, 7.4, 7.2
"""Font sizes; none is below 7 points on the printed page."""
LINE, FIGURE_LINE, PAD = 9.2, 11.4, 5.0
JOIN = 11.0
LANE_BELOW = 13.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle from its left top corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def at(self, side: str, along: float = 0.5) -> Point:
        """A point of a side, ``along`` it from the left or the top."""
        if side in ("left", "right"):
            return (self.x if side == "left" else self.right, self.y + along * self.height)
        return (self.x + along * self.width, self.y if side == "top" else self.bottom)


@dataclass(frozen=True)
class Label:
    """Words at a point; ``anchor`` as in SVG."""

    words: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True)
class Layout:
    """A diagram on the paper.

    Parameters
    ----------
    width, height
        Of the whole.
    boxes
        Block id → box.
    areas
        Group title → its rectangles.
    paths
        One an arrow: corners from start to end.
    labels
        One an arrow; None without words.
    caption, caption_y
        Lines, and where the first one stands.
    top
        Where the figure begins below its heading.
    """

    width: float
    height: float
    boxes: dict[str, Box]
    areas: dict[str, list[Box]]
    paths: list[list[Point]]
    labels: list[Label | None]
    caption: list[str]
    caption_y: float
    top: float


def lay_out(diagram: Diagram) -> Layout:
    """Boxes, areas and paths of a diagram."""
    grid = _Grid(diagram)
    boxes = {block.id: grid.box(block) for block in diagram.blocks}
    paths = [_path(arrow, boxes, grid) for arrow in diagram.arrows]
    caption = wrapped(diagram.caption, CAPTION, PAGE_WIDTH - 2 * MARGIN)
    lowest = max([*(box.bottom for box in boxes.values()), *(y for path in paths for _, y in path)])
    areas = {group.title: grid.areas(group.areas) for group in diagram.groups}
    lowest = max([lowest, *(area.bottom for found in areas.values() for area in found)])
    return Layout(
        width=PAGE_WIDTH,
        height=lowest + 16 + LINE * len(caption),
        boxes=boxes,
        areas=areas,
        paths=paths,
        labels=[_label(arrow.label, path) for arrow, path in zip(diagram.arrows, paths, strict=True)],
        caption=caption,
        caption_y=lowest + 17,
        top=min([*(box.y for box in boxes.values()), *(a.y for found in areas.values() for a in found)]) - 3,
    )


def height_of(block: Block) -> float:
    """Of a box, from what stands in it."""
    if block.role == "join":
        return JOIN
    figures = len(block.figures)
    return 2 * PAD + BLOCK_TITLE + 0.5 + LINE * len(block.lines) + FIGURE_LINE * figures + (1.5 if figures else 0)


class _Grid:
    def __init__(self, diagram: Diagram):
        columns, rows = len(diagram.column_widths), 1 + max(b.place.row + b.place.rows - 1 for b in diagram.blocks)
        unit = (PAGE_WIDTH - 2 * MARGIN - (columns - 1) * GUTTER) / sum(diagram.column_widths)
        self.widths = [unit * share for share in diagram.column_widths]
        self.lefts = [MARGIN + sum(self.widths[:c]) + c * GUTTER for c in range(columns)]
        self.heights = [
            max((height_of(b) for b in diagram.blocks if b.place.row == row and b.place.rows == 1), default=0.0)
            for row in range(rows)
        ]
        self.gap = diagram.row_gap
        self.below = LANE_BELOW if any((arrow.lane or 0) > rows - 1 for arrow in diagram.arrows) else 0.0
        first = any(row == 0 for group in diagram.groups for _, row, _, _ in group.areas)
        top = MARGIN + TITLE + SUBTITLE + (24 if first else 16)
        self.tops = [top + sum(self.heights[:r]) + r * self.gap for r in range(rows)]

    def box(self, block: Block) -> Box:
        place = block.place
        last = place.column + place.columns - 1
        left, right = self.lefts[place.column], self.lefts[last] + self.widths[last]
        top, bottom = (
            self.tops[place.row],
            self.tops[place.row + place.rows - 1] + self.heights[place.row + place.rows - 1],
        )
        height = height_of(block)
        if block.role == "join":
            return Box((left + right - JOIN) / 2, (top + bottom - JOIN) / 2, JOIN, JOIN)
        return Box(left, (top + bottom - height) / 2, right - left, height)

    def areas(self, areas) -> list[Box]:
        found = []
        for column, row, columns, rows in areas:
            left, top = self.lefts[column] - 7, self.tops[row] - 13
            right = self.lefts[column + columns - 1] + self.widths[column + columns - 1] + 7
            last = row + rows - 1
            bottom = self.tops[last] + self.heights[last] + 6 + (self.below if last + 1 == len(self.tops) else 0)
            found.append(Box(left, top, right - left, bottom - top))
        return found

    def column_lane(self, lane: float) -> float:
        column = int(lane // 1)
        if lane < 0:
            return MARGIN + lane * GUTTER
        return self.lefts[column] + self.widths[column] + (lane - column) * GUTTER

    def row_lane(self, lane: float) -> float:
        row = int(lane // 1)
        gap = self.gap if row + 1 < len(self.tops) else 2 * LANE_BELOW
        return self.tops[row] + self.heights[row] + (lane - row) * gap


def _path(arrow: Arrow, boxes: dict[str, Box], grid: _Grid) -> list[Point]:
    (_first, side, start), (_, other, end) = _port(arrow.start, boxes), _port(arrow.end, boxes)
    flat, flat_too = side in ("left", "right"), other in ("left", "right")
    if (flat and flat_too and abs(start[1] - end[1]) < 0.5 and arrow.lane is None) or (
        not flat and not flat_too and abs(start[0] - end[0]) < 0.5 and arrow.lane is None
    ):
        return [start, end]
    if flat and flat_too:
        x = (start[0] + end[0]) / 2 if arrow.lane is None else grid.column_lane(arrow.lane)
        return [start, (x, start[1]), (x, end[1]), end]
    if not flat and not flat_too:
        y = (start[1] + end[1]) / 2 if arrow.lane is None else grid.row_lane(arrow.lane)
        return [start, (start[0], y), (end[0], y), end]
    if arrow.lane is None:
        return [start, (end[0], start[1]) if flat else (start[0], end[1]), end]
    x, step = grid.column_lane(arrow.lane), grid.gap / 2 * (-1 if side == "top" else 1)
    assert not flat, "a lane of a path that leaves horizontally and enters vertically"
    return [start, (start[0], start[1] + step), (x, start[1] + step), (x, end[1]), end]


def _port(text: str, boxes: dict[str, Box]) -> tuple[str, str, Point]:
    block, _, rest = text.partition(".")
    side, _, along = rest.partition("@")
    return block, side, boxes[block].at(side, float(along or 0.5))


def _label(words: str, path: list[Point]) -> Label | None:
    if not words:
        return None
    (x1, y1), (x2, y2) = max(
        pairwise(path), key=lambda ends: abs(ends[0][0] - ends[1][0]) + abs(ends[0][1] - ends[1][1])
    )
    if abs(y1 - y2) < 0.5:
        return Label(words, (x1 + x2) / 2, y1 - 3, "middle")
    return Label(words, x1 + 4, (y1 + y2) / 2 + LABEL / 3, "start")
