from __future__ import annotations

import numpy as np
import pytest

from abr_model.runs.columns import Columns, columns_of, thinned


def test_what_a_row_does_not_hold_is_nan_and_never_0():
    columns = columns_of([{"a": 1, "b": None}, {"b": 2.5}, {"a": 3, "c": "word"}])
    np.testing.assert_array_equal(columns["a"], [1, np.nan, 3])
    np.testing.assert_array_equal(columns["b"], [np.nan, 2.5, np.nan])
    assert np.isnan(columns["c"]).all()


def test_infinity_is_no_number():
    assert np.isnan(columns_of([{"a": float("inf")}, {"a": -float("inf")}])["a"]).all()
    assert np.isnan(columns_of([{"v": [float("inf"), 1.0]}])["v"][0, 0])


def test_vectors_may_be_missing_or_of_other_lengths():
    columns = columns_of([{"v": [1, 2]}, {}, {"v": [3, None, 5]}, {"v": []}])
    nan = np.nan
    np.testing.assert_array_equal(columns["v"], [[1, 2, nan], [nan] * 3, [3, nan, 5], [nan] * 3])


@pytest.mark.parametrize(
    "odd",
    [[[1, 2], [3, 4]], 10**400, True, {"x": 1}, "", [10**400]],
    ids=["lists of lists", "huge", "yes", "object", "text", "a huge one in a list"],
)
def test_odd_values_of_a_file_harm_nobody(odd):
    table = Columns()
    for rows in ([{"a": 1.0}], [{"a": odd}], [{"a": odd}, {}], [{"a": [1.0, 2.0]}, {"a": odd}], [{"a": 2.0}]):
        table.append(columns_of(rows), len(rows))
    assert table.rows == 7
    assert table.column("a")[[0, 6]].tolist() == [1, 2]
    assert table.matrix("a")[4, :2].tolist() == [1, 2]


def test_columns_that_come_late_or_stay_away_stay_in_their_rows():
    table = Columns()
    table.append(columns_of([{"a": i} for i in range(300)]), 300)
    table.append(columns_of([{"b": i, "v": [i, i]} for i in range(300)]), 300)
    table.append(columns_of([{"a": 7}]), 1)
    assert table.column("a")[[0, 299, 600]].tolist() == [0, 299, 7]
    assert np.isnan(table.column("a")[300:600]).all()
    assert np.isnan(table.column("b")[:300]).all() and table.column("b")[599] == 299
    assert table.matrix("v").shape == (601, 2) and np.isnan(table.matrix("v")[600]).all()
    assert table.row(600) == {"a": 7, "b": None, "v": []}
    assert table.row(599) == {"a": None, "b": 299, "v": [299, 299]}


def test_rows_after_some_were_dropped_hold_nothing_of_those():
    table = Columns()
    table.append(columns_of([{"a": i, "b": i, "v": [i]} for i in range(10)]), 10)
    table.append(columns_of([{"a": 10}]), 1)
    table.keep(table.column("a") < 4)
    table.append(columns_of([{"a": 50}]), 1)
    assert table.column("a").tolist() == [0, 1, 2, 3, 50]
    assert np.isnan(table.column("b")[4]) and np.isnan(table.matrix("v")[4, 0])


def test_rows_are_dropped_also_where_a_column_ended_long_before():
    table = Columns()
    table.append(columns_of([{"a": 0, "b": 0}]), 1)
    table.append(columns_of([{"a": i} for i in range(1, 1000)]), 999)
    table.keep((table.column("a") == 0) | (table.column("a") > 997))
    assert table.column("a").tolist() == [0, 998, 999]
    np.testing.assert_array_equal(table.column("b"), [0, np.nan, np.nan])


def test_a_copy_is_given_away():
    table = Columns()
    table.append(columns_of([{"a": 1.0, "v": [1.0]}]), 1)
    table.column("a")[0] = table.matrix("v")[0, 0] = 99
    assert (table.column("a")[0], table.matrix("v")[0, 0]) == (1, 1)


def test_no_peak_is_lost_and_the_newest_point_stays():
    rng = np.random.default_rng(1)
    x, y = np.arange(20_000.0), rng.normal(size=20_000)
    y[[777, 13_131]] = 50, -50
    y[-1] = 0.123
    few_x, few_y = thinned(x, y, points=1000)
    assert len(few_x) <= 1000
    assert (np.diff(few_x) > 0).all()
    assert (few_y.max(), few_y.min()) == (50, -50)
    assert (few_x[0], few_x[-1], few_y[-1]) == (0, 19_999, 0.123)
    np.testing.assert_array_equal(y[few_x.astype(int)], few_y)


def test_every_bin_keeps_its_smallest_and_its_largest():
    y = np.random.default_rng(2).normal(size=5003)
    few_x, _ = thinned(np.arange(5003.0), y, points=200)
    size = -(-5003 // 99)
    for start in range(0, 5003, size):
        part = y[start : start + size]
        assert {start + part.argmin(), start + part.argmax()} <= set(few_x.astype(int))


def test_gaps_stay_and_hide_no_number():
    y = np.arange(10_000.0)
    y[2000:4000] = np.nan
    y[6001] = np.nan
    few_x, few_y = thinned(np.arange(10_000.0), y, points=100)
    assert np.isnan(few_y[(few_x > 2300) & (few_x < 3700)]).all() and ((few_x > 2300) & (few_x < 3700)).any()
    assert np.isfinite(few_y[few_x > 4300]).all()
    everywhere = thinned(np.arange(500.0), np.full(500, np.nan), points=50)
    assert np.isnan(everywhere[1]).all() and len(everywhere[0])


@pytest.mark.parametrize("n", [0, 1, 2, 99, 100])
def test_a_short_curve_is_left_as_it_is(n):
    x = np.arange(float(n))
    assert thinned(x, x, points=100)[0] is x


@pytest.mark.parametrize("points", [1, 2, 3, 4, 5, 1500])
def test_any_number_of_points_is_possible(points):
    few_x, _ = thinned(np.arange(2001.0), np.sin(np.arange(2001.0)), points=points)
    assert few_x[[0, -1]].tolist() == [0, 2000]
    assert len(few_x) <= max(4, points)
