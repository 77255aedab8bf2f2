from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.missingness import label_patterns, nullity_correlation, nullity_tree, same_nullity


def test_patterns_count_every_recording_once(table):
    patterns = label_patterns(table, ["age_years", "latency_I_ms", "amplitude_I_uv"])
    assert patterns.to_dict("records") == [
        {"age_years": False, "latency_I_ms": True, "amplitude_I_uv": True, "recordings": 5, "share": 5 / 8},
        {"age_years": False, "latency_I_ms": False, "amplitude_I_uv": False, "recordings": 2, "share": 2 / 8},
        {"age_years": True, "latency_I_ms": True, "amplitude_I_uv": True, "recordings": 1, "share": 1 / 8},
    ]
    assert label_patterns(table)["recordings"].sum() == 8


def test_patterns_are_those_of_a_count_row_by_row(made):
    columns = ["latency_I_ms", "latency_III_ms", "latency_V_ms", "amplitude_III_uv"]
    counted = made[columns].isna().value_counts()
    patterns = label_patterns(made, columns).set_index(columns)["recordings"]
    assert patterns.to_dict() == counted.to_dict()


def test_correlation_of_what_goes_missing(table):
    correlation = nullity_correlation(table)
    assert list(correlation.columns) == ["age_years", "hearing_loss", "latency_I_ms", "amplitude_I_uv"]
    assert correlation.loc["latency_I_ms", "amplitude_I_uv"] == pytest.approx(1)
    a, b = table["age_years"].isna(), table["latency_I_ms"].isna()
    assert correlation.loc["age_years", "latency_I_ms"] == pytest.approx(np.corrcoef(a, b)[0, 1])
    opposite = table.assign(age_years=table["latency_I_ms"].where(table["latency_I_ms"].isna(), np.nan).fillna(1))
    opposite.loc[opposite["latency_I_ms"].notna(), "age_years"] = np.nan
    assert nullity_correlation(opposite).loc["age_years", "latency_I_ms"] == pytest.approx(-1)


def test_columns_missing_in_the_same_recordings_are_one_group(table):
    assert same_nullity(table) == [("age_years",), ("hearing_loss",), ("latency_I_ms", "amplitude_I_uv")]
    one_apart = table.copy()
    one_apart.loc[3, "amplitude_I_uv"] = np.nan
    assert ("latency_I_ms",) in same_nullity(one_apart) and ("amplitude_I_uv",) in same_nullity(one_apart)


def test_the_tree_joins_what_is_missing_together_first(table):
    correlation = nullity_correlation(table)
    tree = nullity_tree(correlation)
    first = {tree.given[int(i)] for i in tree.merges[0, :2]}
    assert first == {"latency_I_ms", "amplitude_I_uv"} and tree.merges[0, 2] == pytest.approx(0, abs=1e-12)
    assert sorted(tree.columns) == sorted(correlation.columns)
    at = [tree.columns.index(name) for name in ("latency_I_ms", "amplitude_I_uv")]
    assert abs(at[0] - at[1]) == 1  # side by side


def test_the_tree_joins_at_one_minus_phi():
    names = ["a", "b", "c"]
    phi = pd.DataFrame([[1, 0.6, -0.2], [0.6, 1, 0.0], [-0.2, 0.0, 1]], names, names)
    merges = nullity_tree(phi).merges
    assert merges[0, 2] == pytest.approx(0.4)
    assert merges[1, 2] == pytest.approx((1.2 + 1.0) / 2)  # average of c with a and with b


def test_nothing_missing_and_nothing_at_all(table):
    assert nullity_correlation(table[["latency_V_ms"]], ["latency_V_ms"]).empty
    assert nullity_tree(nullity_correlation(table, ["latency_I_ms"])) is None
    empty = table.iloc[:0]
    assert label_patterns(empty).empty and nullity_correlation(empty).empty and same_nullity(empty) == []


def test_unknown_columns_are_named(table):
    with pytest.raises(InputError, match="'size'"):
        label_patterns(table, ["size"])
