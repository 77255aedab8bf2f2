from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.exploration.grouping import by_level
from abr_model.exploration.latency_intensity import FEW, latency_by_level, measured, single_points
from abr_model.table import conform_table


def table(level, **columns) -> pd.DataFrame:
    n = len(level)
    ids = {"recording_id": [f"r{i}" for i in range(n)], "patient_id": "p"}
    return conform_table(pd.DataFrame(ids | {"intensity_db_nhl": np.asarray(level, float)} | columns))


MARKED = table(
    [80, 80, 80, 40, 40, np.nan],
    latency_V_ms=[5.4, 5.6, 5.9, 6.8, np.nan, 9.9],
    latency_I_ms=[1.5, np.nan, 1.7, np.nan, np.nan, 1.1],
)


def test_statistics_are_those_of_the_marked_waves_at_each_level():
    statistics = latency_by_level(MARKED, by_level(MARKED), ("I", "V"))
    at80 = statistics[(statistics["wave"] == "V") & (statistics["level_db_nhl"] == 80)].iloc[0]
    values = np.array([5.4, 5.6, 5.9])
    assert (at80["n"], at80["recordings"]) == (3, 3)
    assert at80["mean_ms"] == pytest.approx(values.mean())
    assert at80["sd_ms"] == pytest.approx(values.std(ddof=1))
    assert at80["median_ms"] == pytest.approx(5.6)
    assert (at80["p25_ms"], at80["p75_ms"]) == pytest.approx(tuple(np.quantile(values, (0.25, 0.75))))


def test_one_marked_wave_has_no_spread_and_none_has_no_mean():
    statistics = latency_by_level(MARKED, by_level(MARKED), ("I", "V")).set_index(["wave", "level_db_nhl"])
    assert (statistics.loc[("V", 40), "n"], statistics.loc[("V", 40), "recordings"]) == (1, 2)
    assert np.isnan(statistics.loc[("V", 40), "sd_ms"])
    assert statistics.loc[("I", 40), "n"] == 0 and np.isnan(statistics.loc[("I", 40), "mean_ms"])


def test_intervals_need_both_waves():
    interval = measured(MARKED, "I-V")
    np.testing.assert_allclose(interval[[0, 2]], [3.9, 4.2])
    assert np.isnan(interval[[1, 3, 4]]).all()


def test_only_few_points_are_drawn_one_by_one():
    many = table([80] * (FEW + 1) + [20] * FEW, latency_V_ms=np.linspace(5, 8, 2 * FEW + 1))
    points = single_points(many, by_level(many))
    assert set(points["level_db_nhl"]) == {20}
    assert len(points) == FEW
