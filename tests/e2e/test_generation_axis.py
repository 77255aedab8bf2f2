"""The µV axis of the Generation picture holds what is drawn: its function, in a browser without a dashboard."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e
HALF = """([mean, sd, single, present]) =>
  createPlot(document.querySelector("canvas")).half({ mean, sd, single }, undefined, present, true)"""


@pytest.fixture
def half(page, project_root):
    page.set_content("<canvas></canvas>")
    page.add_script_tag(content=(project_root / "dashboard/components/explorer/plot.js").read_text())
    return lambda mean, sd, single, present=0: page.evaluate(HALF, [mean, sd, single, present])


@pytest.mark.parametrize(
    "single, expected",
    [
        ([], 0.5),  # 0.2 + 2 × 0.1 µV
        ([0.3, -0.4], 0.5),
        ([0.3, -0.49], 0.6),  # a draw beyond the band is not cut
        ([9.0, -0.4], 0.6),  # one far off does not flatten all others
    ],
)
def test_the_axis_holds_the_band_and_the_single_draws(half, single, expected):
    assert half([0.1, -0.2], [0.1, 0.1], single) == expected


def test_the_axis_stays_while_it_is_not_far_too_large(half):
    assert half([0.2], [0.1], [], 0.8) == 0.8
    assert half([0.2], [0.1], [], 1.0) == 0.5
