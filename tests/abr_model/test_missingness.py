from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.missingness import STUDIED, label_patterns, missing_rates, nullity_correlation
from abr_model.table import conform_table


@pytest.fixture
def table():
    """Eight recordings; wave I goes missing with its amplitude, the age in one, V never."""
    missing = np.nan
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": [f"r{i}" for i in range(8)],
                "patient_id": "p",
                "hearing_loss": ["normal"] * 4 + ["total"] * 2 + [None] * 2,
                "age_years": [missing, 1, 2, 3, 4, 5, 6, 0],
                "intensity_db_nhl": [20.0, 20, 60, 60, 20, 60, 20, 60],
                "stimulus_rate_per_s": 33.1,
                "latency_I_ms": [missing, missing, missing, 1.5, missing, 1.6, missing, missing],
                "amplitude_I_uv": [missing, missing, missing, 0.3, missing, 0.0, missing, missing],
                "latency_V_ms": 6.0,
            }
        )
    )


def test_rates_of_all(table):
    rates = missing_rates(table).set_index("column")
    assert list(rates.index) == list(STUDIED)
    assert rates.loc["latency_I_ms", ["recordings", "missing"]].to_list() == [8, 6]
    assert rates.loc["latency_I_ms", "rate"] == 0.75
    assert rates.loc["age_years", "missing"] == 1  # the age of 0 is not missing
    assert rates.loc["latency_V_ms", "rate"] == 0 and rates.loc["latency_III_ms", "rate"] == 1
    assert rates.loc["latency_I_ms", "label"] == "Wave I latency"


def test_rates_by_a_column_keep_the_group_that_is_missing(table):
    rates = missing_rates(table, by="hearing_loss")
    groups = rates[rates["column"] == "latency_I_ms"]
    by_name = {
        ("missing" if pd.isna(g) else g): (n, m) for g, n, m in groups[["group", "recordings", "missing"]].values
    }
    assert by_name == {"normal": (4, 3), "total": (2, 1), "missing": (2, 2)}
    assert groups["missing"].sum() == missing_rates(table).set_index("column").loc["latency_I_ms", "missing"]


def test_rates_by_a_grouping_of_ones_own(table):
    bands = pd.cut(table["intensity_db_nhl"], [0, 40, 80, 120], labels=["soft", "loud", "none"])
    rates = missing_rates(table.iloc[::-1], by=bands.iloc[::-1].reset_index(drop=True), columns=["latency_I_ms"])
    assert rates.set_index("group")["missing"].to_dict() == {"soft": 4, "loud": 2}


def test_patterns_count_every_recording_once(table):
    patterns = label_patterns(table, ["age_years", "latency_I_ms", "amplitude_I_uv"])
    assert patterns.to_dict("records") == [
        {"age_years": False, "latency_I_ms": True, "amplitude_I_uv": True, "recordings": 5, "share": 5 / 8},
        {"age_years": False, "latency_I_ms": False, "amplitude_I_uv": False, "recordings": 2, "share": 2 / 8},
        {"age_years": True, "latency_I_ms": True, "amplitude_I_uv": True, "recordings": 1, "share": 1 / 8},
    ]
    assert label_patterns(table)["recordings"].sum() == 8


def test_correlation_of_what_goes_missing(table):
    correlation = nullity_correlation(table)
    assert list(correlation.columns) == ["age_years", "hearing_loss", "latency_I_ms", "amplitude_I_uv"]
    assert correlation.loc["latency_I_ms", "amplitude_I_uv"] == pytest.approx(1)
    a, b = table["age_years"].isna(), table["latency_I_ms"].isna()
    assert correlation.loc["age_years", "latency_I_ms"] == pytest.approx(np.corrcoef(a, b)[0, 1])
    opposite = table.assign(age_years=table["latency_I_ms"].where(table["latency_I_ms"].isna(), np.nan).fillna(1))
    opposite.loc[opposite["latency_I_ms"].notna(), "age_years"] = np.nan
    assert nullity_correlation(opposite).loc["age_years", "latency_I_ms"] == pytest.approx(-1)


def test_nothing_missing_and_nothing_at_all(table):
    assert nullity_correlation(table[["latency_V_ms"]], ["latency_V_ms"]).empty
    empty = table.iloc[:0]
    assert missing_rates(empty)["recordings"].eq(0).all() and missing_rates(empty)["rate"].isna().all()
    assert label_patterns(empty).empty and nullity_correlation(empty).empty
    assert missing_rates(empty, by="ear").empty


def test_the_table_is_not_touched(table):
    before = table.copy()
    missing_rates(table, by="ear")
    label_patterns(table)
    nullity_correlation(table)
    pd.testing.assert_frame_equal(table, before)


def test_unknown_columns_are_named(table):
    with pytest.raises(InputError, match="'size'"):
        missing_rates(table, by="size")
    with pytest.raises(InputError, match="'size'"):
        label_patterns(table, ["size"])
    with pytest.raises(ValueError, match="3 values for 8"):
        missing_rates(table, by=pd.Series([1, 2, 3]))
