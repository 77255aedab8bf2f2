from __future__ import annotations

import plotly.graph_objects as go
import pytest

from abr_model.schema import Kind
from dashboard.style import EAR_COLOURS, INK, PAPER, PRIMARY, TRACE_STYLES, apply_layout, faded


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours."""
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_kinds_are_told_apart_by_colour_dash_and_label():
    assert set(TRACE_STYLES) == set(Kind)
    for part in ("light", "dark", "dash", "label"):
        assert len({getattr(style, part) for style in TRACE_STYLES.values()}) == len(Kind)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_line_can_be_seen_on_its_paper(theme):
    colours = [s.colour(theme) for s in TRACE_STYLES.values()]
    colours += [ear[theme] for ear in EAR_COLOURS.values()] + [PRIMARY[theme]]
    assert min(contrast(c, PAPER[theme]) for c in colours) > 4.5
    assert contrast(INK[theme], PAPER[theme]) > 10


def test_faded_keeps_the_colour():
    assert faded("#0B6E8F", 0.5) == "rgba(11,110,143,0.5)"


def test_layout_carries_the_titles_with_their_units():
    figure = apply_layout(go.Figure(), "light", height=200, x_title="Time (ms)", y_title="Amplitude (µV)")
    assert figure.layout.xaxis.title.text == "Time (ms)"
    assert figure.layout.yaxis.title.text == "Amplitude (µV)"
    assert figure.layout.height == 200
