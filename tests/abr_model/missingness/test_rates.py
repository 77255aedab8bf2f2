from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from abr_model.errors import InputError
from abr_model.missingness import STUDIED, missing_rates, rate_along, studied_columns


def test_rates_of_all(table):
    rates = missing_rates(table).set_index("column")
    assert list(rates.index) == list(STUDIED)
    assert rates.loc["latency_I_ms", ["recordings", "missing"]].to_list() == [8, 6]
    assert rates.loc["latency_I_ms", "rate"] == 0.75
    assert rates.loc["age_years", "missing"] == 1  # the age of 0 is not missing
    assert rates.loc["latency_V_ms", "rate"] == 0 and rates.loc["latency_III_ms", "rate"] == 1
    assert rates.loc["latency_I_ms", "label"] == "Wave I latency"
    assert (rates["patients"] == 1).all()


def test_rates_by_a_column_keep_the_group_that_is_missing(table):
    rates = missing_rates(table, by="hearing_loss")
    groups = rates[rates["column"] == "latency_I_ms"]
    assert [("unknown" if pd.isna(g) else g) for g in groups["group"]] == ["normal", "total", "unknown"]
    assert groups[["recordings", "missing"]].to_numpy().tolist() == [[4, 3], [2, 1], [2, 2]]
    assert groups["missing"].sum() == missing_rates(table).set_index("column").loc["latency_I_ms", "missing"]


def test_rates_by_a_grouping_of_ones_own_come_in_its_order(table):
    bands = pd.cut(table["intensity_db_nhl"], [0, 40, 80, 120], labels=["soft", "loud", "none"])
    rates = missing_rates(table.iloc[::-1], by=bands.iloc[::-1].reset_index(drop=True), columns=["latency_I_ms"])
    assert rates.set_index("group")["missing"].to_dict() == {"soft": 4, "loud": 2}
    assert list(rates["group"]) == ["soft", "loud"]


def test_the_interval_of_independent_recordings_is_wilsons():
    table = pd.DataFrame({"patient_id": range(200), "age_years": [np.nan] * 30 + [1.0] * 170})
    row = missing_rates(table, columns=["age_years"]).iloc[0]
    wilson = binomtest(30, 200).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((wilson.low, wilson.high), abs=0.002)


def test_recordings_that_repeat_a_patient_add_no_certainty():
    once = pd.DataFrame({"patient_id": range(80), "age_years": [np.nan] * 20 + [1.0] * 60})
    often = pd.concat([once] * 25, ignore_index=True)
    one, many = (missing_rates(t, columns=["age_years"]).iloc[0] for t in (once, often))
    assert many["recordings"] == 25 * one["recordings"] and many["patients"] == one["patients"]
    assert (many["low"], many["high"]) == pytest.approx((one["low"], one["high"]), abs=0.003)


def test_the_interval_holds_the_truth_when_patients_differ():
    chance = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        share = chance.beta(1, 3, 50)  # mean 0.25, very different patients
        patient = np.repeat(np.arange(50), 20)
        missing = chance.random(1000) < share[patient]
        table = pd.DataFrame({"patient_id": patient, "age_years": np.where(missing, np.nan, 1.0)})
        row = missing_rates(table, columns=["age_years"]).iloc[0]
        held += row["low"] <= 0.25 <= row["high"]
    assert 0.90 <= held / 200 <= 0.99


def test_nothing_missing_leaves_room_for_doubt_and_never_leaves_0_to_1(table):
    rates = missing_rates(table)
    assert ((rates["low"] >= 0) & (rates["high"] <= 1)).all()
    never = rates.set_index("column").loc["latency_V_ms"]
    assert never["low"] == 0 and never["high"] > 0.5  # one patient proves little


def test_no_recordings(table):
    empty = table.iloc[:0]
    assert missing_rates(empty)["recordings"].eq(0).all() and missing_rates(empty)["rate"].isna().all()
    assert missing_rates(empty, by="ear").empty


def test_columns_missing_in_part_are_studied_too(table):
    assert studied_columns(table) == STUDIED
    partly = table.assign(fmp=[1.0] * 7 + [np.nan], response_V=["absent"] + [None] * 7)
    assert studied_columns(partly) == (*STUDIED, "fmp")  # what was judged of a wave is a code, not a value


def test_the_table_is_not_touched(table):
    before = table.copy()
    missing_rates(table, by="ear")
    rate_along(table, "latency_I_ms", "intensity_db_nhl")
    pd.testing.assert_frame_equal(table, before)


def test_unknown_columns_are_named(table):
    with pytest.raises(InputError, match="'size'"):
        missing_rates(table, by="size")
    with pytest.raises(InputError, match="'size'"):
        missing_rates(table, columns=["size"])
    with pytest.raises(InputError, match="'size'"):
        rate_along(table, "latency_I_ms", "size")
    with pytest.raises(ValueError, match="3 values for 8"):
        missing_rates(table, by=pd.Series([1, 2, 3]))


def test_along_few_values_each_is_a_point(made):
    along = rate_along(made, "latency_III_ms", "intensity_db_nhl")
    assert list(along["value"]) == list(np.arange(0, 101, 10.0))
    assert list(along["rate"]) == [1.0] * 5 + [0.0] * 6
    assert along["recordings"].sum() == len(made)


def test_along_many_values_there_are_bins_of_equal_size(made):
    table = made.assign(fmp=np.linspace(0, 10, len(made)))
    table.loc[:99, "fmp"] = np.nan
    along = rate_along(table, "latency_I_ms", "fmp", bins=10)
    assert len(along) == 10 and along["recordings"].sum() == len(made) - 100
    assert along["recordings"].max() - along["recordings"].min() <= 1
    assert (along["last"].to_numpy()[:-1] < along["first"].to_numpy()[1:]).all()


def test_along_classes_come_in_the_order_of_the_schema(made):
    assert list(rate_along(made, "latency_V_ms", "hearing_loss")["value"]) == ["normal", "sensorineural"]
