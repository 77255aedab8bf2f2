from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.schema import COLUMN_NAMES, COLUMNS
from abr_model.table import conform_table


def table(**columns):
    base = {"recording_id": ["a", "b", "c"], "patient_id": ["p", "p", "q"]}
    return pd.DataFrame(base | columns)


def test_columns_left_out_are_missing_and_in_order():
    frame = conform_table(table(intensity_db_nhl=[60, 40, 20])[["intensity_db_nhl", "patient_id", "recording_id"]])
    assert tuple(frame.columns) == COLUMN_NAMES
    assert frame["age_years"].isna().all() and frame["hearing_loss"].isna().all()
    assert frame["intensity_db_nhl"].dtype == np.float64 and str(frame["hearing_loss"].dtype) == "str"


def test_missing_stays_missing_and_zero_stays_zero():
    frame = conform_table(table(age_years=[0, None, np.nan], hearing_loss=["normal", None, np.nan], fmp=[0, pd.NA, 1]))
    assert frame["age_years"].to_list()[0] == 0 and frame["age_years"].isna().to_list() == [False, True, True]
    assert frame["hearing_loss"].isna().to_list() == [False, True, True]
    assert frame["fmp"].isna().to_list() == [False, True, False]


def test_an_index_of_the_caller_does_not_matter():
    frame = conform_table(table(age_years=[1.0, 2, 3]).set_index(pd.Index([7, 7, 2])))
    assert frame["age_years"].to_list() == [1, 2, 3] and frame.index.to_list() == [0, 1, 2]


def test_conforming_twice_changes_nothing():
    once = conform_table(table(age_years=[1, None, 3], ear=["right", None, "left"]))
    pd.testing.assert_frame_equal(conform_table(once), once)


def test_an_empty_table():
    assert len(conform_table(table().iloc[:0])) == 0


@pytest.mark.parametrize(
    ("column", "values", "row", "value", "allowed"),
    [
        ("intensity_db_nhl", [60, 300, 20], 2, 300, "-10 to 110 dB nHL"),
        ("intensity_db_nhl", [60, 20, "loud"], 3, "loud", "-10 to 110 dB nHL"),
        ("age_years", [-1, 20, 3], 1, -1, "0 to 110 years"),
        ("age_years", [1, np.inf, 3], 2, np.inf, "0 to 110 years"),
        ("stimulus_rate_per_s", [33, 33, 0], 3, 0, "1 to 120 /s"),
        ("hearing_loss", ["normal", "NORMAL", None], 2, "NORMAL", "conductive"),
        ("stimulus_polarity", [None, None, "alternate"], 3, "alternate", "alternating"),
        ("ear", ["R", None, None], 1, "R", "right, left"),
        ("latency_V_ms", [6, 26, 7], 2, 26, "0 to 25 ms"),
        ("amplitude_V_uv", [0.5, -21, None], 2, -21, "-20 to 20 µV"),
        ("recording_id", ["a", "b", "a"], 1, "a", "each recording once"),
        ("patient_id", ["p", None, "q"], 2, None, "every recording has one"),
        ("patient_id", ["p", "", "q"], 2, "", "every recording has one"),
        ("recording_id", ["a", "b", None], 3, None, "every recording has one"),
    ],
)
def test_a_bad_cell_is_named(column, values, row, value, allowed):
    with pytest.raises(InputError) as error:
        conform_table(table(**{column: values}), file="some.csv")
    found = error.value
    assert (found.file, found.column, found.row) == ("some.csv", column, row)
    assert found.value == value or (value is None and (found.value is None or pd.isna(found.value)))
    assert allowed in found.allowed


@pytest.mark.parametrize("column", ["recording_id", "patient_id"])
def test_a_required_column_that_is_not_there(column):
    with pytest.raises(InputError, match="missing") as error:
        conform_table(table().drop(columns=column))
    assert error.value.column == column


def test_an_unknown_column_is_refused():
    with pytest.raises(InputError, match="'name'"):
        conform_table(table(name=["Mrs Doe"] * 3))


def test_every_limit_is_inside_and_the_next_value_outside():
    for column in COLUMNS:
        if column.kind != "number":
            continue
        frame = conform_table(table(**{column.name: [column.minimum, column.maximum, None]}))
        assert frame[column.name].to_list()[:2] == [column.minimum, column.maximum]
        for value in (np.nextafter(column.minimum, -np.inf), np.nextafter(column.maximum, np.inf)):
            with pytest.raises(InputError, match="out of range"):
                conform_table(table(**{column.name: [value, None, None]}))


def test_booleans_and_dates_are_not_numbers():
    for values in ([True, False, True], pd.to_datetime(["2020-01-01"] * 3), [1 + 2j, 1, 1], [[1], [2], [3]]):
        with pytest.raises(InputError) as error:
            conform_table(table(age_years=values))
        assert error.value.column == "age_years"


def test_a_column_that_occurs_twice_is_refused():
    doubled = pd.concat([table(), table()[["patient_id"]]], axis=1)
    with pytest.raises(InputError):
        conform_table(doubled)
