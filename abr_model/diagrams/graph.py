"""A diagram as a value: blocks with their measured shapes, parameters and time, arrows between them, and where they
stand. How it is drawn (Mermaid, SVG, PNG) is told elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

Role = Literal["data", "network", "latent", "sampler", "join", "step", "note"]
"""``data``: what goes in or comes out; ``network``: weights; ``latent``: distributions of z; ``sampler``: fitted after
training; ``join``: two streams are added; ``step``: a part of training; ``note``: words beside the figure."""
State = Literal["done", "active", "waiting", "failed"]
Side = Literal["left", "right", "top", "bottom"]
Line = str | tuple[str, str]
"""Words; or words at the left edge with a number at the right."""
Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Place:
    """Where a block stands in the grid, from the top left; ``columns`` and ``rows``: over how many."""

    column: int
    row: int
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True)
class Block:
    """One box.

    Parameters
    ----------
    id
        ``"encoder"``: letters, digits and _.
    title, lines
        What stands in it.
    meaning
        One sentence for a person who has never seen a network.
    modules
        Names of the parts of the network (or ``"sampler"``) that it stands for: paths of modules or of parameters.
    code
        ``"module:object"`` whose docstring explains it; empty for data.
    shape_in, shape_out
        As measured for a batch: ``("B", 10, 64)``.
    parameters
        Trainable ones in it.
    share
        Of all parameters of network and sampler, 0 to 1; None: not counted here.
    time_share
        Of a training step, 0 to 1; of the sampler: of generating a recording. None: not measured.
    state
        How far a step of training is.
    """

    id: str
    title: str
    lines: tuple[Line, ...] = ()
    role: Role = "network"
    place: Place = Place(0, 0)
    meaning: str = ""
    modules: tuple[str, ...] = ()
    code: str = ""
    shape_in: Shape | None = None
    shape_out: Shape | None = None
    parameters: int = 0
    share: float | None = None
    time_share: float | None = None
    state: State | None = None

    @property
    def words(self) -> str:
        """All that stands in it, on one line."""
        lines = [line if isinstance(line, str) else f"{line[0]} {line[1]}" for line in self.lines]
        return "; ".join([self.title, *lines, *self.figures])

    @property
    def figures(self) -> tuple[str, ...]:
        """Parameters and shares in words: ``("1,984 parameters (0.4 %)", "12 % of a training step")``."""
        found = []
        if self.parameters:
            share = "" if self.share is None else f" ({percent(self.share)})"
            found.append(f"{self.parameters:,} parameter{'' if self.parameters == 1 else 's'}{share}")
        if self.time_share is not None:
            found.append(f"{percent(self.time_share)} of {self.timed}")
        return tuple(found)

    @property
    def timed(self) -> str:
        """What the share of time is a share of."""
        return "generating" if self.role == "sampler" else "a training step"


@dataclass(frozen=True)
class Arrow:
    """From one block to another.

    Parameters
    ----------
    start, end
        Ids of blocks, or ``"id.side"`` / ``"id.side@0.3"``: side, and how far along it from its left or top.
    label
        Beside its longest piece.
    lane
        Where its middle piece runs, in columns or rows of the grid (0.5 lies between the first two): of a path that
        leaves and enters horizontally a column, of one that does so vertically a row. None: half-way.
    style
        ``"solid"``: values flow; ``"dashed"``: only while training (or only while generating, as the label says);
        ``"link"``: a comparison, without a head.
    """

    start: str
    end: str
    label: str = ""
    lane: float | None = None
    style: Literal["solid", "dashed", "link"] = "solid"

    @property
    def ids(self) -> tuple[str, str]:
        """Ids of both blocks."""
        return self.start.split(".")[0], self.end.split(".")[0]


@dataclass(frozen=True)
class Group:
    """Blocks that belong together; drawn as a tinted area over ``areas``: (column, row, columns, rows) each."""

    title: str
    members: tuple[str, ...]
    areas: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class Diagram:
    """A whole figure.

    Parameters
    ----------
    name
        File name without its ending: ``"main_architecture"``.
    title, subtitle
        Above it: what it shows, and of which model.
    caption
        Below it: how to read it.
    column_widths
        Of each column, in units of the usual one.
    row_gap
        Between two rows, in points.
    """

    name: str
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    arrows: tuple[Arrow, ...]
    groups: tuple[Group, ...] = ()
    caption: str = ""
    column_widths: tuple[float, ...] = field(default=(1.0,) * 5)
    row_gap: float = 20.0

    def __post_init__(self):
        known = {block.id for block in self.blocks}
        assert len(known) == len(self.blocks), "two blocks of one id"
        named = {name for arrow in self.arrows for name in arrow.ids}
        named |= {member for group in self.groups for member in group.members}
        assert named <= known, f"no such block: {sorted(named - known)}"

    def block(self, block_id: str) -> Block | None:
        """The block of that id; None when there is none."""
        return next((block for block in self.blocks if block.id == block_id), None)

    @property
    def parameters(self) -> int:
        """Trainable parameters of all blocks."""
        return sum(block.parameters for block in self.blocks)

    @property
    def alt(self) -> str:
        """The figure in words, for those who cannot see it."""
        steps = " ".join(f"{block.words}." for block in self.blocks if block.role != "join")
        return f"{self.title}. {self.subtitle}. {steps}"

    def with_times(self, shares: dict[str, float]) -> Diagram:
        """The same with shares of time by block id."""
        blocks = tuple(replace(block, time_share=shares.get(block.id)) for block in self.blocks)
        return replace(self, blocks=blocks)


def percent(share: float) -> str:
    """``"34 %"``, ``"9.6 %"``, ``"0.4 %"``, ``"< 0.1 %"``: two digits that count."""
    value = 100 * share
    if 0 < value < 0.095:
        return "< 0.1 %"
    return f"{value:.0f} %" if value >= 9.95 or value == 0 else f"{value:.1f} %"


def shape_words(shape: Shape | None) -> str:
    """``"[B, 10, 64]"``; empty where nothing was measured."""
    return "" if shape is None else f"[{', '.join(str(n) for n in shape)}]"
