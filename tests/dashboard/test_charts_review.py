from __future__ import annotations

import numpy as np
import pytest

from abr_model.review.analysis.results import Cell, LatencyAgreement, Reviewer, ReviewResults
from dashboard.charts.review import (
    accuracy_figure,
    bland_altman_figure,
    cells_figure,
    items_figure,
    noticed_figure,
    ratings_figure,
    roc_figure,
)
from dashboard.style import TRACE_STYLES


def reviewer(code: str, accuracy: float | None) -> Reviewer:
    nothing = dict.fromkeys(Reviewer.model_fields) | {"repeated": 0, "recorded": 10, "generated": 10, "right": 12}
    interval = (accuracy - 0.2, accuracy + 0.2) if accuracy is not None else None
    return Reviewer(**nothing | {"code": code, "answers": 20, "of": 20, "accuracy": accuracy, "interval": interval})


@pytest.fixture
def results() -> ReviewResults:
    nothing = dict.fromkeys(ReviewResults.model_fields)
    lists = {name: [] for name in ("agreement", "pairs", "latencies", "cells", "notes", "by_item")}
    own = {
        "format": "abr-review", "version": 1, "study": "s", "label": "", "notice": "", "kind": "simulated",
        "cohort": "c", "model": "m", "model_id": "x", "held_out": True, "items": 20, "generated_items": 10,
        "display": "trace",
        "margin": 0.1, "closed": "", "verdict": "undecided", "statement": "", "answers": 40, "asked": 40,
        "holds_for": "", "accuracy": 0.6, "accuracy_interval": (0.45, 0.74), "seconds": {},
        "ratings": {"recorded": [4, 8, 4, 2, 1, 1], "generated": [1, 1, 2, 4, 8, 4]},
        "roc": {"r1": [(0, 0), (0.2, 0.5), (1, 1)]},
        "noticed": [{"what": "Noise", "recorded": 2, "generated": 5, "when_right": 4}],
        "reviewers": [reviewer("r1", 0.7), reviewer("r2", 0.5), reviewer("r3", None)],
    }  # fmt: skip
    return ReviewResults.model_validate(nothing | lists | own)


def test_accuracy_shows_each_reviewer_all_and_the_margin(results):
    figure = accuracy_figure(results, "light")
    [points] = figure.data
    assert list(points.y) == ["r1", "r2", "<b>all</b>"]
    assert list(points.x) == [0.7, 0.5, 0.6]
    assert points.error_x.array == pytest.approx([0.2, 0.2, 0.14])
    band, line = figure.layout.shapes
    assert (band.x0, band.x1) == (0.4, 0.6)
    assert line.x0 == 0.5


def test_ratings_are_shares_of_each_kind_told_apart_by_pattern_too(results):
    recorded, generated = ratings_figure(results, "dark").data
    assert sum(recorded.y) == pytest.approx(1)
    assert generated.y[4] == pytest.approx(8 / 20)
    assert recorded.marker.pattern.shape != generated.marker.pattern.shape
    assert "simulated" in recorded.name
    assert recorded.marker.line.color == TRACE_STYLES["simulated"].dark


def test_the_roc_has_chance_and_every_reviewer(results):
    chance, first = roc_figure(results, "light").data
    assert chance.line.dash == "dash"
    assert first.name == "r1"
    assert list(first.y) == [0, 0.5, 1]


def test_bland_altman_draws_limits_and_tells_kinds_by_symbol():
    limits = LatencyAgreement(
        wave="V", one="r1", other="r2", which="all", n=3, bias=0.1, bias_interval=(0.0, 0.2), sd=0.1, lower=-0.1,
        lower_interval=(-0.2, 0), upper=0.3, upper_interval=(0.2, 0.4), absent_same=1.0,
    )  # fmt: skip
    figure = bland_altman_figure(
        np.array([5.5, 5.6, 7]), np.array([0.1, 0, 0.2]), np.array([True, False, True]), limits, "simulated", "light"
    )
    recorded, generated = figure.data
    assert list(generated.y) == [0.1, 0.2]
    assert recorded.marker.symbol != generated.marker.symbol
    levels = {round(shape.y0, 3) for shape in figure.layout.shapes if shape.type == "line"}
    assert levels == {-0.1, 0.1, 0.3}


def test_items_keep_one_gain_and_the_line_style_of_their_kind():
    time = np.arange(50) / 15
    traces = [np.ones((1, 50)), np.full((3, 50), 0.1)]
    figure = items_figure(["a", "b"], traces, time, ["generated", "simulated"], "light")
    assert len(figure.data) == 4
    assert figure.data[0].line.dash == "solid"
    assert figure.data[1].line.dash == TRACE_STYLES["simulated"].dash
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range


def test_cells_and_ticks(results):
    cell = Cell(condition="Age", band="below 2 years", answers=12, accuracy=0.5, interval=(0.2, 0.8))
    assert cells_figure([cell, cell], 0.1, "light").data[0].y[0] == "Age: below 2 years (n = 12)"
    recorded, generated = noticed_figure(results, "light").data
    assert (recorded.x[0], generated.x[0]) == (0.1, 0.25)
