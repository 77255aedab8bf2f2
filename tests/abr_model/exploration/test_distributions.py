from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.exploration.distributions import binned, quartiles_by
from abr_model.exploration.grouping import by_hearing
from abr_model.schema import AMPLITUDES, COLUMNS, LATENCIES
from abr_model.table import conform_table


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return conform_table(pd.DataFrame({"recording_id": [f"r{i}" for i in range(n)], "patient_id": "p", **columns}))


@pytest.mark.parametrize("column", [c.name for c in COLUMNS if not c.required])
def test_every_known_value_is_in_exactly_one_bin(small_cohort, column):
    values = binned(small_cohort.table, column)
    known = small_cohort.table[column].notna()
    assert (values.codes >= 0).tolist() == known.tolist()
    assert values.counts().sum() == known.sum()
    assert values.title


@pytest.mark.parametrize("column", [c.name for c in (*LATENCIES, *AMPLITUDES)] + ["residual_noise_nv"])
def test_a_value_lies_within_its_bin_unless_it_lies_beyond_all(small_cohort, column):
    values = binned(small_cohort.table, column)
    x = small_cohort.table[column].to_numpy(float)
    known = np.isfinite(x)
    away = np.abs(x[known] - values.centres[values.codes[known]])
    assert (away > values.width / 2 + 1e-9).sum() == values.cut
    assert values.cut <= 0.005 * known.sum() + 2


def test_fmp_is_binned_in_decades_and_zero_is_not_lost():
    values = binned(table(fmp=[0.0, 0.01, 0.1, 1.0, 10.0, 100.0, np.nan]), "fmp")
    assert values.logarithmic
    assert values.counts().sum() == 6
    assert values.codes[0] == values.codes[1] == 0
    assert 10 ** values.centres[values.codes[4]] == pytest.approx(10, rel=0.7)


def test_levels_have_bins_of_five_decibels():
    values = binned(table(intensity_db_nhl=[0.0, 15.0, 17.0, 100.0]), "intensity_db_nhl")
    assert values.centres[values.codes].tolist() == [0, 15, 15, 100]


def test_counts_by_group_add_up_to_the_counts(small_cohort):
    groups = by_hearing(small_cohort.table)
    for column in ("latency_V_ms", "age_years", "ear"):
        values = binned(small_cohort.table, column)
        by_group = values.counts_by(groups.codes, len(groups))
        assert by_group.sum(axis=0).tolist() == values.counts().tolist()
        normal = (small_cohort.table["hearing_loss"] == "normal").to_numpy(bool)
        assert by_group[0].tolist() == values.counts(normal).tolist()


def test_nothing_known_and_nothing_that_varies():
    assert binned(table(fmp=[np.nan, np.nan]), "fmp").counts().sum() == 0
    assert binned(table(residual_noise_nv=[20.0, 20.0]), "residual_noise_nv").counts().sum() == 2
    assert binned(table(intensity_db_nhl=[np.nan]), "intensity_db_nhl").counts().sum() == 0


def test_quartiles_are_those_of_the_known_values_of_each_class():
    frame = table(fmp=[1.0, 2.0, 3.0, np.nan, 9.0], hearing_loss=["normal"] * 4 + ["total"])
    groups = by_hearing(frame).occurring()
    rows = quartiles_by(frame, ("fmp",), groups.codes, groups.labels).set_index("group")
    assert (rows.loc["Normal", "recordings"], rows.loc["Normal", "known"]) == (4, 3)
    assert rows.loc["Normal", "median"] == 2
    assert rows.loc["Normal", "p25"] == pytest.approx(1.5)
    assert rows.loc["all recordings", "median"] == pytest.approx(2.5)
    assert rows.loc["Total", "known"] == 1
