from __future__ import annotations

import numpy as np
import pytest

from abr_model.sources.columns.guessing import guess_mapping

RANDOM = np.random.default_rng(0)


def rows(*cells, samples=40, scale=0.15, count=6):
    """``count`` rows that begin with ``cells`` and end with samples of this standard deviation."""
    return [[*cells, *(f"{x:.8g}" for x in RANDOM.normal(0, scale, samples))] for _ in range(count)]


SAMPLES = [f"s{k}" for k in range(40)]

NAMES = [
    ("Intensity (dB nHL)", "60", "intensity_db_nhl"),
    ("dB nHL", "60", "intensity_db_nhl"),
    ("Reizpegel", "60", "intensity_db_nhl"),
    ("StimLevel", "60", "intensity_db_nhl"),
    ("Schwelle", "60", None),
    ("V latency [ms]", "6.1", "latency_V_ms"),
    ("lat_V", "6.1", "latency_V_ms"),
    ("latV", "6.1", "latency_V_ms"),
    ("V Latancy", "6.1", "latency_V_ms"),
    ("Wave 5 Latency", "6.1", "latency_V_ms"),
    ("Latenz Welle III", "4.1", "latency_III_ms"),
    ("I (ms)", "1.6", "latency_I_ms"),
    ("J1 gecikme", "1.6", "latency_I_ms"),
    ("V Amplitude (µV)", "0.4", "amplitude_V_uv"),
    ("amp III", "0.2", "amplitude_III_uv"),
    ("V genlik", "0.2", "amplitude_V_uv"),
    ("I-V interval", "4", None),
    ("I-V latency", "4", None),
    ("Age (months)", "14", "age_years"),
    ("Alter", "14", "age_years"),
    ("Yaş", "14", "age_years"),
    ("Cinsiyet", "Kadın", "sex"),
    ("Geschlecht", "weiblich", "sex"),
    ("Ohr", "links", "ear"),
    ("Test Side", "R", "ear"),
    ("işitme kaybı", "SNIK", "hearing_loss"),
    ("Diagnosis", "Normal hearing", "hearing_loss"),
    ("Rep. Rate", "33.1", "stimulus_rate_per_s"),
    ("Polarity", "alt", "stimulus_polarity"),
    ("Sweeps accepted", "2000", "sweeps_accepted"),
    ("Artifacts", "3", "sweeps_rejected"),
    ("FMP", "3.2", "fmp"),
    ("Residual Noise (nV)", "40", "residual_noise_nv"),
    ("Subject", "A7", "patient_id"),
    ("Hasta No", "12345", "patient_id"),
    ("Probanden-Nr.", "12", "patient_id"),
    ("Name", "Jane Doe", None),
    ("Birth Date", "2001-02-03", None),
]


@pytest.mark.parametrize(("name", "cell", "column"), NAMES)
def test_columns_are_known_by_their_names(name, cell, column):
    guess = guess_mapping([name, *SAMPLES], rows(cell))
    assert guess.mapping.columns == ({column: name} if column else {})
    if column:
        assert 0.4 <= guess.confidence[column] <= 1


def test_a_name_whose_cells_say_otherwise_is_not_believed():
    guess = guess_mapping(["Level", *SAMPLES], rows("high"))
    assert "intensity_db_nhl" not in guess.mapping.columns
    sure = guess_mapping(["Sex", *SAMPLES], rows("F")).confidence["sex"]
    assert guess_mapping(["Sex", *SAMPLES], rows("Zebra")).confidence["sex"] < sure


def test_the_better_of_two_names_wins():
    guess = guess_mapping(["ID", "Patient ID", *SAMPLES], rows("1", "77"))
    assert guess.mapping.columns == {"patient_id": "Patient ID"}


@pytest.mark.parametrize(
    ("names", "samples"),
    [
        ([f"{k}" for k in range(1, 41)], {"prefix": ""}),
        ([f"sample_{k:03d}" for k in range(40)], {"prefix": "sample_"}),
        ([f"{k / 15:.3f}" for k in range(40)], {"first": "0.000", "last": "2.600"}),
        ([f"{k / 10 - 1:.1f} ms" for k in range(40)], {"first": "-1.0 ms", "last": "2.9 ms"}),
    ],
)
def test_samples_are_found(names, samples):
    guess = guess_mapping(["Subject", *names], rows("a"))
    assert guess.mapping.samples.model_dump(exclude_none=True) == samples
    assert guess.mapping.sampling_rate_hz is None and guess.mapping.start_ms is None  # asked, never guessed


def test_columns_named_by_their_time_are_a_hint_not_an_answer():
    guess = guess_mapping(["Subject", *(f"{k / 15 - 1:.3f}" for k in range(40))], rows("a"))
    assert "15,0" in guess.hints["sampling_rate_hz"] and "from -1 ms on" in guess.hints["start_ms"]


def test_a_list_column_is_found():
    guess = guess_mapping(["Subject", "trace"], [["a", "[0.1, 0.2, …]"]])
    assert guess.mapping.samples.list_column == "trace"


def test_a_table_without_traces():
    assert guess_mapping(["Subject", "Age"], [["a", "3"]]).mapping is None


@pytest.mark.parametrize(("scale", "unit"), [(0.15, "µV"), (150, "nV"), (1.5e-4, "mV"), (1.5e-7, "V")])
def test_the_unit_of_samples_by_their_size(scale, unit):
    guess = guess_mapping(["Subject", *SAMPLES], rows("a", scale=scale))
    assert guess.mapping.waveform_unit == unit
    assert (guess.confidence["waveform_unit"] >= 0.5) == (unit == "µV")


@pytest.mark.parametrize(
    ("name", "cell", "field", "unit"),
    [
        ("lat V (s)", "0.006", "latency_unit", "s"),
        ("lat V", "0.006", "latency_unit", "s"),
        ("lat V", "6.1", "latency_unit", "ms"),
        ("lat V", "6100", "latency_unit", "µs"),
        ("amp V [nV]", "300", "amplitude_unit", "nV"),
        ("amp V", "300", "amplitude_unit", "nV"),
        ("Age (weeks)", "30", "age_unit", "weeks"),
        ("Alter Monate", "30", "age_unit", "months"),
        ("ResNo", "0.03", "residual_noise_unit", "µV"),
    ],
)
def test_units_by_name_or_size(name, cell, field, unit):
    assert getattr(guess_mapping([name, *SAMPLES], rows(cell)).mapping, field) == unit


def test_codes_for_missing_are_seen():
    table = rows("6.1", "30") + rows("999", "-1")
    guess = guess_mapping(["lat V", "Age", *SAMPLES], table)
    assert guess.mapping.missing_values == {"latency_V_ms": ("0", "999"), "age_years": ("-1",)}


def test_a_level_in_spl_is_asked_about():
    assert "SPL" in guess_mapping(["Level (dB peSPL)", *SAMPLES], rows("90")).hints["level_offset_db"]


def test_a_column_with_the_sampling_rate():
    assert guess_mapping(["sr", *SAMPLES], rows("20000")).mapping.sampling_rate_column == "sr"
