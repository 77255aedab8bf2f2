"""Runs laid over one another, settings against figures, and the words of metrics."""

from __future__ import annotations

import json

import numpy as np
import pytest

from abr_model.runs.history import History
from abr_model.runs.previews import FixedCondition, HeldOut, Preview
from abr_model.schema import Kind
from dashboard.charts.training.comparison import (
    ALL_POINTS,
    COLOURS,
    FEW_RUNS,
    POINTS,
    RunLine,
    look_of,
    overlay,
    points_of_each,
    run_line,
)
from dashboard.charts.training.comparison_previews import RunPreview, previews_side_by_side
from dashboard.charts.training.parallel_coordinates import coordinate, parallel_coordinates
from dashboard.charts.training.smoothing import smoothed
from dashboard.style import TRACE_STYLES
from dashboard.widgets.training.comparing.metrics import metrics_of

THEMES = ("light", "dark")


def noisy(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x = np.arange(1.0, n + 1)
    return x, 10 * np.exp(-x / n) + np.random.default_rng(seed).normal(size=n)


# --- lines -----------------------------------------------------------------------------------------


def test_a_line_is_smoothed_over_everything_and_then_thinned():
    x, y = noisy(20_000)
    line = run_line("a", x, y, 0.9, runs=2)
    assert POINTS * 0.8 < len(line.x) <= POINTS + 2 and len(line.raw_x) <= POINTS + 2
    whole = smoothed(y, 0.9)
    at = line.x.astype(int) - 1
    np.testing.assert_allclose(line.y, whole[at], rtol=1e-6)
    assert line.y.max() == pytest.approx(whole.max()) and line.raw_y.max() == pytest.approx(y.max())
    assert (line.x[0], line.x[-1]) == (1, 20_000)


def test_fifty_runs_of_20_000_rows_are_a_chart_that_a_browser_can_draw():
    lines = [run_line(f"run {i}", *noisy(20_000, i), 0.9, runs=50) for i in range(50)]
    figure = overlay(lines, "light", axis="steps", y_title="loss")
    assert len(figure.data) == 50
    assert sum(len(trace.x) for trace in figure.data) <= ALL_POINTS * 1.1
    assert len(figure.to_json()) < 600_000
    assert points_of_each(50) == 600 and points_of_each(1) == POINTS == points_of_each(8)


def test_what_is_missing_is_left_out_and_the_axis_goes_to_the_right():
    x, y = np.array([1.0, 2.0, 3.0, 2.5, 4.0]), np.array([1.0, np.nan, 3.0, 2.0, np.inf])
    line = run_line("a", x, y, 0.0, runs=1)
    assert line.x.tolist() == [1.0, 2.5, 3.0] and line.y.tolist() == [1.0, 2.0, 3.0]
    empty = run_line("b", np.empty(0), np.empty(0), 0.5, runs=1)
    assert len(empty.x) == len(empty.raw_x) == 0


# --- the chart -----------------------------------------------------------------------------------------


def test_every_run_has_a_look_of_its_own():
    for theme in THEMES:
        looks = [look_of(place, theme) for place in range(4 * len(COLOURS[theme]))]
        assert len(set(looks)) == len(looks)
    assert look_of(3, "light")[0] != look_of(3, "dark")[0]


def test_a_run_without_values_keeps_its_colour_for_later():
    lines = [RunLine("a", np.empty(0), np.empty(0)), RunLine("b", np.ones(3), np.ones(3))]
    figure = overlay(lines, "light", axis="epochs", y_title="y")
    (trace,) = figure.data
    assert (trace.name, trace.line.color) == ("b", look_of(1, "light")[0])


def test_raw_lines_are_faint_behind_and_only_for_a_few_runs():
    few = [run_line(f"r{i}", *noisy(100, i), 0.8, runs=2) for i in range(2)]
    figure = overlay(few, "dark", axis="minutes", y_title="loss")
    assert [trace.showlegend for trace in figure.data] == [False, True, False, True]
    assert figure.layout.showlegend and figure.layout.xaxis.title.text == "Minutes of training"
    many = [run_line(f"r{i}", *noisy(100, i), 0.8, runs=FEW_RUNS + 1) for i in range(FEW_RUNS + 1)]
    figure = overlay(many, "dark", axis="epochs", y_title="loss")
    assert len(figure.data) == FEW_RUNS + 1 and not figure.layout.showlegend


def test_a_logarithmic_axis_where_there_is_a_logarithm_and_else_it_says_so():
    positive = [RunLine("a", np.arange(3.0), np.array([1.0, 2.0, 3.0]))]
    assert overlay(positive, "light", axis="epochs", y_title="y", log=True).layout.yaxis.type == "log"
    negative = [*positive, RunLine("b", np.arange(2.0), np.array([-1.0, 2.0]))]
    figure = overlay(negative, "light", axis="epochs", y_title="y", log=True)
    assert figure.layout.yaxis.type == "linear" and "not all are above 0" in figure.layout.yaxis.title.text


def test_without_any_value_the_chart_says_so():
    figure = overlay([RunLine("a", np.empty(0), np.empty(0))], "light", axis="epochs", y_title="y")
    assert "None of these runs" in figure.layout.annotations[0].text


def test_a_label_cannot_be_markup():
    figure = overlay([RunLine("<b>x</b> %{y}", np.ones(2), np.ones(2))], "light", axis="epochs", y_title="y")
    assert figure.data[0].name == "&lt;b>x&lt;/b> % {y}"


# --- parallel coordinates -----------------------------------------------------------------------------------------


def test_numbers_stand_where_they_are_and_wide_ones_by_their_logarithm():
    narrow = coordinate("layers", [1, 3, 2])
    assert narrow.values.tolist() == [1, 3, 2] and narrow.names == ("1", "2", "3")
    wide = coordinate("rate", [0.0001, 0.01, 0.001])
    np.testing.assert_allclose(wide.values, [-4, -2, -3])
    np.testing.assert_allclose(wide.ticks, [-4, -3, -2])
    assert wide.names == ("0.0001", "0.001", "0.01")
    assert len(coordinate("many", list(range(1, 60))).ticks) <= 6


def test_words_stand_in_order_and_beside_numbers_they_are_words():
    kinds = coordinate("schedule", ["step", "cosine", "step"])
    assert kinds.values.tolist() == [1, 0, 1] and kinds.names == ("cosine", "step")
    mixed = coordinate("patch", [20, "–", 8])
    assert mixed.names == ("8", "20", "–") and mixed.values.tolist() == [1, 2, 0]
    assert coordinate("dry", [True, False]).names == ("False", "True")


@pytest.mark.parametrize(("better", "reversed_"), [("lower", True), ("higher", False)])
def test_the_figure_is_the_last_axis_and_the_colour(better, reversed_):
    figure = parallel_coordinates({"rate": [0.1, 0.2]}, "error", [3.0, 1.0], better, "light")
    (trace,) = figure.data
    assert [axis.label for axis in trace.dimensions] == ["rate", "error"]
    assert list(trace.line.color) == [3.0, 1.0] and trace.line.reversescale is reversed_
    json.loads(figure.to_json())


def test_equal_values_have_an_axis_all_the_same():
    figure = parallel_coordinates({"seed": [1, 1]}, "error", [2.0, 2.0], "lower", "dark")
    assert all(axis.range[0] < axis.range[1] for axis in figure.data[0].dimensions)


# --- previews -----------------------------------------------------------------------------------------


def run_preview(name: str, place: int, height: float) -> RunPreview:
    time_ms = np.linspace(0, 13.3, 50)
    condition = FixedCondition(
        "80 dB nHL", "Normal hearing", "18–45 years", "33.1 /s", 30.0, 80.0, 33.1, "normal", 12, 5
    )
    mean = np.sin(time_ms)[None, :]
    held = HeldOut(Kind.SIMULATED, time_ms, (condition,), mean, np.full((1, 50), 0.1), "s", np.array([80.0]),
                   np.ones((1, 3)), np.array([12]))  # fmt: skip
    preview = Preview(4, "posteriors", 64, True, height * mean, np.full((1, 50), 0.1), np.ones(1))
    return RunPreview(name, place, held, preview, 0)


def test_previews_share_one_scale_and_carry_the_colours_of_their_runs():
    figure = previews_side_by_side([run_preview("a", 0, 1.0), run_preview("b", 2, 3.0)], "light")
    ranges = {tuple(figure.layout[name].range) for name in ("yaxis", "yaxis2")}
    assert len(ranges) == 1
    lines = [trace for trace in figure.data if trace.line.width == 2]
    kinds = [TRACE_STYLES[kind].light for kind in (Kind.SIMULATED, Kind.GENERATED)]
    assert [trace.line.color for trace in lines] == 2 * kinds, "kinds look as they do everywhere"
    titles = " ".join(note.text for note in figure.layout.annotations)
    assert look_of(0, "light")[0] in titles and look_of(2, "light")[0] in titles
    assert "n = 12 held-out" in titles and "means differ by 0.00 µV" in titles
    assert [trace.showlegend for trace in lines] == [True, True, False, False]


# --- metrics -----------------------------------------------------------------------------------------


def test_metrics_are_what_any_run_has_logged_errors_in_units_first(tmp_path):
    rows = [
        [{"kind": "step", "epoch": 0, "step": 1, "train_loss": 1.0, "train_kl": 2.0, "gradient_norm": 1.0},
         {"kind": "epoch", "epoch": 0, "step": 1, "train_loss": 1.0, "validation_loss": 2.0,
          "validation_rmse_uv": 0.1}],
        [{"kind": "epoch", "epoch": 0, "step": 1, "validation_something_new": 2.0, "active_units": 3}],
    ]  # fmt: skip
    histories = []
    for i, of_run in enumerate(rows):
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in of_run))
        histories.append(History(tmp_path / str(i)))
        histories[-1].update()
    metrics = metrics_of(histories)
    assert metrics[0].axis_title == "Error of the trace, validation (µV RMS)"
    by_name = {metric.name: metric for metric in metrics}
    assert len(by_name) == len(metrics), "each once"
    assert by_name["train_loss"].kind == "step" and by_name["validation_loss"].kind == "epoch"
    assert by_name["train_loss"].title == "Loss, training" and by_name["validation_loss"].title == "Loss, validation"
    assert {"train_kl", "gradient_norm", "active_units", "validation_something_new"} <= set(by_name)
    assert metrics_of([]) == []
