"""A figure as a journal would take it: nothing over anything else, nothing cut off, on one page, large enough."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from abr_model.diagrams.folder import DIAGRAMS
from abr_model.diagrams.layout import BLOCK_TEXT, CAPTION, LABEL, PAGE_WIDTH, Box, Label, lay_out
from abr_model.diagrams.svg import svg
from abr_model.diagrams.text import shortened, width, wrapped

PRINTED_HEIGHT = 190 / 25.4 * 72
"""Points between margins of 10 mm on A4, landscape."""


@pytest.fixture(params=list(DIAGRAMS))
def diagram(request, subject):
    drawn = DIAGRAMS[request.param](subject)
    return drawn.with_times({b.id: 0.123 for b in drawn.blocks if b.modules and b.id != "memory"})


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.right - 0.1 and b.x < a.right - 0.1 and a.y < b.bottom - 0.1 and b.y < a.bottom - 0.1


def label_box(label: Label) -> Box:
    """What the words of a label cover."""
    wide = width(label.words, LABEL)
    left = label.x - (wide / 2 if label.anchor == "middle" else 0)
    return Box(left, label.y - LABEL * 0.8, wide, LABEL)


def test_boxes_lie_beside_one_another_and_on_the_page(diagram):
    layout = lay_out(diagram)
    for (a, first), (b, second) in combinations(layout.boxes.items(), 2):
        assert not overlap(first, second), (a, b)
    page = Box(0, 0, layout.width, layout.height)
    everything = [*layout.boxes.values(), *(area for areas in layout.areas.values() for area in areas)]
    assert all(
        box.x >= 0 and box.y >= 0 and box.right <= page.right and box.bottom <= page.bottom for box in everything
    )


def test_arrows_run_through_no_box(diagram):
    layout = lay_out(diagram)
    for arrow, path in zip(diagram.arrows, layout.paths, strict=True):
        for (x1, y1), (x2, y2) in pairwise(path):
            assert abs(x1 - x2) < 0.01 or abs(y1 - y2) < 0.01, "at right angles"
            piece = Box(min(x1, x2), min(y1, y2), max(abs(x1 - x2), 0.3), max(abs(y1 - y2), 0.3))
            through = [name for name, box in layout.boxes.items() if overlap(piece, box) and name not in arrow.ids]
            assert not through, (arrow, through)


def test_words_beside_arrows_cover_nothing(diagram):
    layout = lay_out(diagram)
    for label in filter(None, layout.labels):
        assert not any(overlap(label_box(label), box) for box in layout.boxes.values()), label


def test_no_words_are_cut_off(diagram):
    shown = svg(diagram)
    assert "…" not in shown.partition("</desc>")[2]


def test_it_fits_a_page_and_can_be_read(diagram):
    layout = lay_out(diagram)
    assert layout.width == PAGE_WIDTH <= 277 / 25.4 * 72 + 0.5
    if len(diagram.blocks) < 40:
        assert layout.height <= PRINTED_HEIGHT + 0.5
    assert min(BLOCK_TEXT, CAPTION, LABEL) >= 7


def test_words_are_measured_with_the_figures_font():
    assert width("iiii", 10) < width("MMMM", 10) / 2
    assert width("parameters", 10, bold=True) > width("parameters", 10)
    assert width("wave", 20) == pytest.approx(2 * width("wave", 10))
    assert shortened("a very long label of somebody", 10, 60).endswith("…")
    assert width(shortened("a very long label of somebody", 10, 60), 10) <= 60
    assert shortened("short", 10, 60) == "short"
    lines = wrapped("one two three four five six seven", 10, 50)
    assert len(lines) > 1
    assert all(width(line, 10) <= 50 for line in lines)
    assert " ".join(lines) == "one two three four five six seven"
