from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.exploration.grouping import AGE_BANDS, by_age, by_ear, by_hearing, by_level, by_rate
from abr_model.table import conform_table


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return conform_table(pd.DataFrame({"recording_id": [f"r{i}" for i in range(n)], "patient_id": "p", **columns}))


def test_levels_are_kept_as_they_are_where_they_are_few():
    groups = by_level(table(intensity_db_nhl=[80.0, 7.5, np.nan, 80.0]))
    assert groups.values.tolist() == [7.5, 80]
    assert groups.codes.tolist() == [1, 0, -1, 1]
    assert groups.counts.tolist() == [1, 2]
    assert groups.title == "Intensity (dB nHL)"


def test_many_levels_are_rounded_and_halves_go_up():
    groups = by_level(table(intensity_db_nhl=np.arange(0.0, 101, 5)), most=11)
    assert groups.values.tolist() == list(range(0, 101, 10))
    assert groups.counts.tolist() == [1, *[2] * 10], "5 belongs to 10, 15 to 20, and so on"
    assert "rounded to 10 dB" in groups.title


def test_the_upper_end_of_an_age_band_belongs_to_the_next():
    names = [name for name, _ in AGE_BANDS]
    groups = by_age(table(age_years=[0.0, 1 / 12, 0.99, 1.0, 17.9, 18.0, 90.0, np.nan]))
    shown = [names[c] if c >= 0 else None for c in groups.codes]
    assert shown == [
        "under 1 month", "1–3 months", "6–12 months", "1–2 years", "5–18 years", "18–45 years", "65 and older", None,
    ]  # fmt: skip


def test_classes_keep_the_order_of_the_schema_and_unknown_ones_belong_to_none():
    groups = by_hearing(table(hearing_loss=["total", "normal", None, "conductive"]))
    assert groups.codes.tolist() == [4, 0, -1, 1]
    assert groups.occurring().labels == ("Normal", "Conductive", "Total")
    assert groups.occurring().codes.tolist() == [2, 0, -1, 1]
    assert by_ear(table(ear=["left", "right", None])).codes.tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("rates", "labels"),
    [
        ([33.1, 11.1, 33.1], ("11.1", "33.1")),
        (np.linspace(11, 70, 20), ("under 15", "15–25", "25–35", "35–45", "45–60", "60 and more")),
    ],
)
def test_rates_are_kept_where_they_are_few_and_banded_where_not(rates, labels):
    groups = by_rate(table(stimulus_rate_per_s=rates))
    assert groups.labels == labels
    assert groups.counts.sum() == len(rates)
    assert (groups.counts > 0).all()
