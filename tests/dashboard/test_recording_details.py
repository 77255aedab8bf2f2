from __future__ import annotations

import pandas as pd

from abr_model.table import conform_table
from dashboard.widgets.data.recording_details import fact_rows, interval_rows, wave_rows


def recording(**columns) -> pd.Series:
    row = {"recording_id": "r1", "patient_id": "p1"} | columns
    return conform_table(pd.DataFrame({name: [value] for name, value in row.items()})).iloc[0]


def test_no_response_is_not_the_same_as_not_marked():
    rows = dict((r[0], r[1:]) for r in wave_rows(recording(latency_V_ms=5.6, amplitude_V_uv=0.4, response_I="absent")))
    assert rows == {"I": ("no response", ""), "III": ("not marked", ""), "V": ("5.60", "0.40")}


def test_a_latency_without_an_amplitude_is_shown():
    assert wave_rows(recording(latency_V_ms=5.6))[2] == ("V", "5.60", "–")


def test_intervals_and_ratio_of_the_marked_waves():
    one = recording(latency_I_ms=1.6, latency_V_ms=5.6, amplitude_I_uv=0.2, amplitude_V_uv=0.5)
    assert interval_rows(one) == [("I–V", "4.00 ms"), ("V/I", "2.50")]
    assert interval_rows(recording(latency_V_ms=5.6)) == []


def test_every_other_column_is_shown_with_its_unit_or_said_to_be_unknown():
    one = recording(age_years=0.5, stimulus_rate_per_s=33.1, fmp=2.345, residual_noise_nv=41.7, hearing_loss="total",
                    sweeps_accepted=2000, stimulus_type="click")  # fmt: skip
    rows = dict(fact_rows(one))
    assert rows["Age"] == "6 months"
    assert rows["Stimulus rate"] == "33.1 /s"
    assert rows["Fmp"] == "2.35" or rows["Fmp"] == "2.34"
    assert rows["Residual noise"] == "42 nV"
    assert rows["Hearing loss"] == "Total loss"
    assert rows["Sweeps accepted"] == "2,000"
    assert rows["Not known"] == "sex, stimulus polarity, sweeps rejected"
