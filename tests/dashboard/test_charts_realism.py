from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.norms import GORGA_1989
from abr_model.realism.check import TOO_FEW, Check, around
from abr_model.schema import Kind
from dashboard.charts.realism import FARTHEST, check_rows, number, position, trace_overlay, wave_v_by_level


def check(measured, name="Wave V latency, mean", unit="ms", **more):
    return Check(name, name, "group", measured, unit, **more)


@pytest.mark.parametrize(
    ("row", "at"),
    [
        (check(7.0, **around(7.0, 0.1)), 0),
        (check(7.1, **around(7.0, 0.1)), 1),
        (check(6.8, **around(7.0, 0.1)), -2),
        (check(0.2, low=0.15, high=0.25), 0),
        (check(0.25, low=0.15, high=0.25), 1),
        (check(0.96, low=0.98, high=np.inf, published=1.0), -2),
        (check(0.03, low=-np.inf, high=0.02, published=0.0), 1.5),
        (check(21, **around(21, 0)), 0),
        (check(20, **around(21, 0)), -np.inf),
        (check(0, unit="points", low=0, high=np.inf), -1),
        (check(10, unit="points", low=0, high=np.inf), 0),
        (check(40, low=35, high=40, published=40), 0),
        (check(37.5, low=35, high=40, published=40), -0.5),
    ],
)
def test_a_dot_lies_at_one_on_the_limit(row, at):
    assert position(row) == pytest.approx(at, abs=1e-6)


def test_a_met_check_is_drawn_inside_and_an_unmet_one_outside_of_the_band():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low, high = np.sort(rng.normal(0, 1, 2))
        published = rng.uniform(low, high) if rng.random() < 0.5 else np.nan
        row = check(rng.normal(0, 1.5), low=low, high=high, published=published)
        assert (abs(position(row)) <= 1) == row.met, row


CHECKS = [
    check(7.05, **around(7.0, 0.1), n=1234),
    check(7.5, "Wave III", **around(7.0, 0.1)),
    check(6.95, "Wave I", **around(7.0, 0.1), untold=TOO_FEW),
    check(3.0, "Recordings", published=4.0),
    check(np.nan, "Rate", low=0.35, high=0.65),
]


def marks(figure) -> dict:
    return {trace.name: trace for trace in figure.data}


def test_rows_show_outcome_by_shape_and_numbers_as_text():
    figure = check_rows(CHECKS, Kind.SIMULATED, "light")
    found = marks(figure)
    assert list(found["met"].y) == [0]
    assert list(found["not met"].y) == [1]
    assert found["not met"].marker.symbol == ("triangle-right",)  # 5 tolerances away: at the end of the axis
    assert list(found["not met"].x) == [FARTHEST]
    assert list(found["cannot be told"].y) == [2, 3]
    assert len({found[name].marker.symbol[0] for name in ("met", "cannot be told")}) == 2
    words = [a.text for a in figure.layout.annotations]
    for expected in ("Wave III", "<b>7.5</b>", "± 0.1 ms", "1,234", TOO_FEW, "<b>–</b>", "published"):
        assert expected in words, expected


def test_hover_tells_the_source():
    row = check(7.05, **around(7.0, 0.1), source="Hood 1998", note="same ear", n=12, of="ears", error=0.02)
    text = marks(check_rows([row], Kind.SIMULATED, "dark"))["met"].text[0]
    for words in ("Hood 1998", "same ear", "n = 12 ears", "standard error 0.02 ms", "± 0.1 ms"):
        assert words in text


@pytest.mark.parametrize(
    ("value", "words"), [(41.2345, "41.2"), (-0.176, "−0.176"), (55237, "55,237"), (0.0364, "0.0364"), (np.nan, "–")]
)
def test_numbers_have_sensible_digits(value, words):
    assert number(value) == words


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_trace_overlay_tells_both_apart_by_dash_and_name(theme):
    time = np.arange(200) / 15
    mean = np.sin(time)
    figure = trace_overlay(time, (mean, 0.1 + 0 * mean), (mean + 1, 0.2 + 0 * mean), (22746, 5), Kind.SIMULATED, theme)
    means = [t for t in figure.data if t.showlegend is not False]
    assert [t.name for t in means] == ["published clinic (n = 22,746)", "simulated cohort (n = 5)"]
    assert means[0].line.dash != means[1].line.dash
    assert np.allclose(means[1].y, mean + 1, atol=1e-4)
    bands = [t for t in figure.data if t.showlegend is False]
    assert np.max(bands[1].y) == pytest.approx(np.max(mean) + 1.2, abs=1e-3)


def test_wave_v_has_a_band_at_each_groups_age():
    function = pd.DataFrame({"level": [20.0, 80.0], "mean": [8.0, 5.6], "sd": [0.5, 0.2], "n": [12, 40]})
    functions = {"4 weeks to 1 year": function.assign(mean=function["mean"] + 1), "adults": function}
    ages = {"4 weeks to 1 year": 0.25, "adults": 30.0}
    figure = wave_v_by_level(functions, ages, GORGA_1989, Kind.SIMULATED, "light")
    drawn = marks(figure)
    assert np.allclose(drawn["adults"].y, [8.0, 5.6])
    assert drawn["adults"].marker.symbol != drawn["4 weeks to 1 year"].marker.symbol
    bands = [np.array(t.y) for t in figure.data if "Gorga" in t.name]
    assert bands[0].mean() - bands[1].mean() > 0.5  # an infant's wave V is later
