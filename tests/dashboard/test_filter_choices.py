from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.table import conform_table
from dashboard.widgets.filter_box import count_in_words
from dashboard.widgets.filter_choices import QUALITY_RANGES, choices_of


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    ids = {"recording_id": [f"r{i}" for i in range(n)], "patient_id": [f"p{i % 3}" for i in range(n)]}
    return conform_table(pd.DataFrame(ids | columns))


def test_stops_enclose_every_value(small_cohort):
    offered = choices_of(small_cohort.table)
    assert set(offered.stops) >= {"age_years", "intensity_db_nhl", *QUALITY_RANGES}
    for name, stops in offered.stops.items():
        values = small_cohort.table[name].dropna()
        assert stops[0] <= values.min() and values.max() <= stops[-1], name
        assert list(stops) == sorted(set(stops)) and 2 <= len(stops) <= 60, name


@pytest.mark.parametrize("values", [[0.02, 0.03], [3.0, 99_999.0], [0.5, 1.0], [1, 700.0], [0.0, 0.001]])
@pytest.mark.parametrize("name", ["fmp", "residual_noise_nv", "sweeps_accepted"])
def test_stops_of_quality_at_any_size(name, values):
    stops = choices_of(table(**{name: values})).stops[name]
    assert stops[0] <= min(values) and max(values) <= stops[-1]


def test_fmp_has_fine_stops_where_thresholds_lie():
    assert {0.5, 1, 2, 3} <= set(choices_of(table(fmp=[0.1, 4000.0])).stops["fmp"])


def test_only_what_the_cohort_has_is_offered():
    offered = choices_of(
        table(
            age_years=[30.0, np.nan, 50.0],
            fmp=[2.0, 2.0, 2.0],
            ear=["left", "left", None],
            sex=["female"] * 3,
            stimulus_type=["click", "tone", "click"],
        )
    )
    assert set(offered.stops) == {"age_years"} and offered.incomplete == {"age_years"}
    assert offered.classes == {"ear": ("left", None), "stimulus_type": ("click", "tone")}
    assert offered.patients == ("p0", "p1", "p2")


def test_the_count_is_said_as_a_person_says_it():
    assert count_in_words(55_237, 55_237) == "**All 55,237** recordings"
    assert count_in_words(12_345, 55_237) == "**12,345** of 55,237 recordings"
