from __future__ import annotations

import numpy as np
import pytest

from abr_model.search.space import Choices, Range
from abr_model.search.trials import TrialRow
from dashboard.charts.training.search import (
    courses_chart,
    history_chart,
    importance_chart,
    settings_chart,
    upper_edge,
)

SPACE = {
    "training.learning_rate": Range(low=1e-4, high=1e-2, log=True),
    "network.width": Choices(choices=(16, 32, 64)),
    "network.layers": Range(low=1, high=4),
}
NAMES = {"training.learning_rate": "Learning rate", "network.width": "Token width", "network.layers": "Layers"}


def row(number, value, state="done", course=None):
    settings = {"training.learning_rate": 0.001 * (number + 1), "network.width": 32, "network.layers": 2}
    return TrialRow(number, state, value, settings, None, "", None, None, course or {0: 9.0 + number})


@pytest.fixture
def rows():
    return [
        row(0, 5.0), row(1, 7.0), row(2, 4.0, course={0: 8.0, 1: 4.0}), row(3, None, "ended early", {0: 6.0}),
        row(4, 900.0), row(5, 4.5), row(6, None, "training"), row(7, None, "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_history_shows_every_trial_that_has_a_figure(rows, theme):
    figure = history_chart(rows, "Loss", theme)
    best, done, early = figure.data
    assert list(best.y) == [5.0, 5.0, 4.0, 4.0, 4.0]
    assert list(done.x) == [0, 1, 2, 4, 5]
    assert list(done.customdata) == [5.0, 7.0, 4.0, 900.0, 4.5]
    assert done.y[3] == 7.0  # at the upper edge, as an arrow
    assert done.marker.symbol[3] == "triangle-up"
    assert list(done.marker.symbol).count("triangle-up") == 1
    assert (list(early.x), list(early.y)) == ([3], [6.0])
    low, high = figure.layout.yaxis.range
    assert low < 4.0
    assert 7.0 < high < 10
    assert figure.layout.yaxis.title.text == "Loss"


def test_charts_of_few_or_no_trials_do_not_fail():
    for rows in ([], [row(0, None, "training", {})], [row(0, 3.0)], [row(0, None, "ended early", {0: 2.0})]):
        history_chart(rows, "Loss", "light")
        courses_chart(rows, "Loss", "dark")
        settings_chart(rows, SPACE, NAMES, "Loss", "light")


def test_each_setting_has_its_own_chart_over_all_that_was_allowed(rows):
    figure = settings_chart(rows, SPACE, NAMES, "Loss", "light")
    rate, width, layers = figure.data
    assert np.allclose(rate.x, [0.001, 0.002, 0.003, 0.005, 0.006])
    assert set(width.x) == {"32"}
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.range[0] < -4 < -2 < figure.layout.xaxis.range[1]
    assert figure.layout.xaxis.ticktext == ("0.0001", "0.001", "0.01")
    assert figure.layout.xaxis2.categoryarray == ("16", "32", "64")
    assert figure.layout.xaxis3.range[0] < 1 < 4 < figure.layout.xaxis3.range[1]
    assert figure.layout.xaxis3.title.text == "Layers"
    assert list(layers.y) == [5.0, 7.0, 4.0, 7.0, 4.5]


def test_the_best_course_is_drawn_last_and_strong(rows):
    figure = courses_chart(rows, "Loss", "light")
    assert figure.data[-1].name == "trial 2, the best"
    assert list(figure.data[-1].x) == [1, 2]
    assert figure.data[-1].line.width > figure.data[0].line.width
    dashed = [trace.name for trace in figure.data if trace.line.dash != "solid"]
    assert dashed == ["trial 3, ended early"]


def test_the_most_important_setting_is_on_top():
    figure = importance_chart({"a": 0.2, "b": 0.7, "c": 0.1}, "light")
    assert list(figure.data[0].y) == ["c", "a", "b"]
    assert figure.data[0].text[-1] == "70%"


def test_a_value_far_away_does_not_flatten_the_others():
    assert upper_edge([1.0, 2.0, 3.0, 4.0, 1000.0]) == 4.0
    assert upper_edge([1.0, 2.0, 3.0, 4.0]) == 4.0
    assert upper_edge([1.0, 1000.0]) == 1000.0


def test_a_trial_that_ended_early_far_above_is_a_hollow_arrow():
    rows = [row(n, 5.0 + n) for n in range(4)] + [row(4, None, "ended early", {0: 400.0})]
    early = history_chart(rows, "Loss", "light").data[-1]
    assert (list(early.y), early.marker.symbol) == ([8.0], ("triangle-up-open",))
