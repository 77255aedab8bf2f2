from __future__ import annotations

import numpy as np
import pytest

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.sources.reading import read_recordings
from abr_model.sources.sheets import csv_sheet, xlsx_sheet

SALT = b"s" * 32
SAID = {"sampling_rate_hz": 15_000, "start_ms": 0, "salt": SALT}


def refusals(result):
    return [(r["row"], r["column"], r["value"]) for r in result.report.refused.to_dict("records")]


def test_every_column_arrives_in_its_unit(clinic, write_csv):
    rows = clinic(6)
    cohort = read_recordings(write_csv(rows), **SAID).cohort
    table = cohort.table
    assert cohort.waveforms.shape == (6, 467) and cohort.sampling.rate_hz == 15_000
    expected = np.array([[row[str(k)] for k in range(1, 468)] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(cohort.waveforms, expected)
    assert list(table["ear"]) == ["right", "left"] * 3
    assert list(table["sex"]) == ["female", "male", "female"] * 2
    assert list(table["age_years"]) == [34.5, 0, 2.25] * 2
    assert list(table["intensity_db_nhl"]) == [20, 25, 30, 35, 40, 45]
    assert list(table["hearing_loss"][:5]) == ["normal", "sensorineural", "conductive", "total", "neuropathy"]
    assert list(table["stimulus_polarity"][:3]) == ["alternating", "rarefaction", "condensation"]
    assert (table["stimulus_type"] == "click").all() and (table["stimulus_rate_per_s"] == 33.1).all()
    assert (table["sweeps_accepted"] == 2000).all() and (table["sweeps_rejected"] == 12).all()
    assert list(table["fmp"][:2]) == [3.25, 0] and (table["residual_noise_nv"] == 38.5).all()
    np.testing.assert_allclose(table["latency_V_ms"], [row["V Latancy"] for row in rows])
    assert (table["amplitude_V_uv"] == 0.42).all()
    assert cohort.patients == 3


def test_zero_that_means_missing_is_missing_and_counted(clinic, write_csv):
    rows = clinic(4)
    rows[0]["V Amplitude"] = 0  # a marked peak: a measured 0 stays
    rows[2] |= {"V Latancy": "", "V Amplitude": 0, "Stimulus Rate": 0}
    result = read_recordings(write_csv(rows), **SAID)
    table = result.cohort.table
    unmarked = ["latency_I_ms", "amplitude_I_uv", "latency_III_ms", "amplitude_III_uv"]
    assert table[unmarked].isna().all(axis=None)
    assert table["amplitude_V_uv"].to_list()[:2] == [0, 0.42] and np.isnan(table["amplitude_V_uv"][2])
    assert np.isnan(table["stimulus_rate_per_s"][2])
    assert result.report.zeros_as_missing == {
        "I Latancy": 4,
        "III Latancy": 4,
        "I Amplitude": 4,
        "III Amplitude": 4,
        "V Amplitude": 1,
        "Stimulus Rate": 1,
    }
    assert table["fmp"][1] == 0 and table["age_years"][1] == 0  # these zeros can be measurements
    assert any("1 recordings have age 0" in line for line in result.report.lines())


def test_missing_age_stays_missing(clinic, write_csv):
    rows = clinic(4)
    for row, age in zip(rows, ("", "NaN", "NA", 3), strict=True):
        row["Age"] = age
    age = read_recordings(write_csv(rows), **SAID).cohort.table["age_years"]
    assert list(age.isna()) == [True, True, True, False]


def test_csv_variants_and_workbook_give_the_same_cohort(clinic, write_csv, write_xlsx):
    rows = clinic(6)
    rows[3] |= {str(k): "" for k in range(456, 468)}  # the workbook then reads this row cell by cell
    rows[3]["7"] = -0.0
    files = [
        write_csv(rows),
        write_csv(rows, "semicolon.csv", delimiter=";", decimal=","),
        write_csv(rows, "tab.txt", delimiter="\t", encoding="utf-16"),
        write_csv(rows, "quoted.csv", decimal=","),
        write_csv(rows, "bom.csv", encoding="utf-8-sig"),
        write_xlsx(rows),
    ]
    results = [read_recordings(file, **SAID) for file in files]
    assert len({result.cohort.digest() for result in results}) == 1
    assert any("decimal comma" in note for note in results[1].report.notes)
    assert not any("decimal comma" in note for note in results[0].report.notes)


def test_name_in_another_encoding_is_no_obstacle(clinic, write_csv):
    rows = clinic(3)
    rows[0]["Name"] = "Ayşe Çelik"
    assert len(read_recordings(write_csv(rows, encoding="cp1254"), **SAID).cohort) == 3


def test_trailing_empty_samples_are_cut_and_said(clinic, write_csv):
    rows = clinic(4)
    rows[2] |= {str(k): "" for k in range(456, 468)}
    result = read_recordings(write_csv(rows), **SAID)
    assert result.cohort.samples == 455
    assert "traces were cut to the 455 samples that all recordings have, of 467" in result.report.notes


def test_one_short_trace_does_not_cut_the_others(clinic, write_csv):
    rows = clinic(5)
    rows[1] |= {str(k): "" for k in range(11, 468)}
    result = read_recordings(write_csv(rows), **SAID)
    assert result.cohort.samples == 467 and len(result.cohort) == 4
    assert refusals(result) == [(2, "11", "")]


BAD_CELLS = [
    ("Intensity", 300, "300", "out of range"),
    ("Age", -1, "-1", "out of range"),
    ("Age", "old", "text of 3 characters", "must be a number"),
    ("Intensity", "inf", "inf", "must be a number"),
    ("Stimulus Rate", 500, "500", "out of range"),
    ("V Latancy", 99, "99", "out of range"),
    ("V Amplitude", "n.m.", "text of 4 characters", "must be a number"),
    ("Hear_Loss", "NORMALL", "NORMALL", "not a known class"),
    ("Hear_Loss", "MIXED", "text of 5 characters", "not a known class"),
    ("Stimulus Polarity", "Sinusoid", "text of 8 characters", "not a known class"),
    ("Stimulus Side", "Both", "text of 4 characters", "not a known class"),
    ("Patient_ID", "", "", "identifier is missing"),
    ("200", "###", "text of 3 characters", "not a number"),
    ("200", "inf", "inf", "not a number"),
    ("200", "", "", "a sample is missing"),
]


@pytest.mark.parametrize(("column", "cell", "value", "reason"), BAD_CELLS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_bad_cell_refuses_its_row_alone(clinic, write_csv, write_xlsx, column, cell, value, reason, kind):
    rows = clinic(5)
    rows[3][column] = cell
    result = read_recordings(write_csv(rows) if kind == "csv" else write_xlsx(rows), **SAID)
    assert len(result.cohort) == 4 and result.report.recordings_refused == 1
    assert refusals(result) == [(4, column, value)]
    assert reason in result.report.refused["reason"].item()
    assert list(result.cohort.table["intensity_db_nhl"]) == [20, 25, 30, 40]


def test_unknown_words_that_only_describe_are_missing_and_said(clinic, write_csv):
    rows = clinic(4)
    rows[0]["Gender"] = "unspecified"
    rows[1]["Stimulus Type"] = "Mehmet Demir"
    result = read_recordings(write_csv(rows), **SAID)
    assert len(result.cohort) == 4
    assert result.cohort.table["sex"].isna().to_list() == [True, False, False, False]
    assert result.cohort.table["stimulus_type"].isna().to_list() == [False, True, False, False]
    assert "1 words in 'Gender' are not known: missing" in result.report.notes


def test_flat_trace_is_refused(clinic, write_csv):
    rows = clinic(4)
    rows[1] |= {str(k): 0 for k in range(1, 468)}
    result = read_recordings(write_csv(rows), **SAID)
    assert "flat" in result.report.refused["reason"].item() and len(result.cohort) == 3


def test_rows_with_too_few_cells_are_refused_with_their_number(clinic, write_csv, monkeypatch):
    monkeypatch.setattr(csv_sheet, "BLOCK_BYTES", 12_000)  # about two rows a block
    rows = clinic(12)
    rows[9]["Intensity"] = 300
    path = write_csv(rows)
    lines = path.read_text().splitlines()
    lines[3] = "a;broken;line"
    lines[5] = ""
    lines[8] = lines[8] + ",1,2"
    path.write_text("\n".join(lines) + "\n\n")
    result = read_recordings(path, **SAID)
    assert [(row, column) for row, column, _ in refusals(result)] == [(3, ""), (8, ""), (10, "Intensity")]
    assert len(result.cohort) == 12 - 4  # three refused, one blanked out above
    assert list(result.cohort.table["intensity_db_nhl"]) == [20, 25, 35, 45, 50, 60, 70, 75]


def test_blocks_do_not_change_the_result(clinic, write_csv, write_xlsx, monkeypatch):
    rows = clinic(12)
    csv_file, workbook = write_csv(rows), write_xlsx(rows)
    whole = read_recordings(csv_file, **SAID).cohort.digest()
    monkeypatch.setattr(csv_sheet, "BLOCK_BYTES", 12_000)
    monkeypatch.setattr(xlsx_sheet, "BLOCK_ROWS", 5)
    blocks = list(csv_sheet.CsvSheet(csv_file).blocks([2], [29, 30], lambda *_: None))
    assert len(blocks) > 3 and np.concatenate([b.rows for b in blocks]).tolist() == list(range(1, 13))
    assert read_recordings(csv_file, **SAID).cohort.digest() == whole
    assert read_recordings(workbook, **SAID).cohort.digest() == whole


@pytest.mark.parametrize(
    ("removed", "named"),
    [
        (["Hear_Loss", "Age"], "Age, Hear_Loss"),
        (["Patient_ID"], "Patient_ID"),
        (["37"], "'37'"),
        ([str(k) for k in range(1, 468)], "the samples are missing"),
    ],
)
def test_missing_columns_are_named(clinic, write_csv, removed, named):
    rows = [{k: v for k, v in row.items() if k not in removed} for row in clinic(3)]
    with pytest.raises(InputError, match=named):
        read_recordings(write_csv(rows), **SAID)


def test_a_column_with_a_huge_number_for_a_name_is_no_trap(clinic, write_csv):
    rows = [row | {"99999999999": 1} for row in clinic(2)]
    with pytest.raises(InputError, match="'468'"):
        read_recordings(write_csv(rows), **SAID)


def test_optional_columns_may_be_absent_and_are_named(clinic, write_csv):
    rows = [{k: v for k, v in row.items() if k not in ("ResNo", "Gender")} for row in clinic(3)]
    result = read_recordings(write_csv(rows), **SAID)
    assert result.report.absent_columns == ("Gender", "ResNo")
    assert result.cohort.table[["sex", "residual_noise_nv"]].isna().all(axis=None)


def test_corrected_spelling_is_understood_and_a_column_twice_is_not(clinic, write_csv):
    rows = [{k.replace("Latancy", "Latency"): v for k, v in row.items()} for row in clinic(3)]
    assert read_recordings(write_csv(rows), **SAID).cohort.table["latency_V_ms"].notna().all()
    for row in rows:
        row["V Latancy"] = 1
    with pytest.raises(InputError, match="more than once"):
        read_recordings(write_csv(rows), **SAID)


@pytest.mark.parametrize(
    ("options", "said"), [({"start_ms": 0}, "--sampling-rate"), ({"sampling_rate_hz": 15_000}, "--start")]
)
def test_sampling_is_asked_for_not_guessed(clinic, write_csv, options, said):
    with pytest.raises(InputError, match=said) as error:
        read_recordings(write_csv(clinic(2)), salt=SALT, **options)
    assert error.value.file == "export.csv"


def test_unit_of_the_samples(clinic, write_csv):
    rows = clinic(3)
    path = write_csv(rows)
    in_uv = read_recordings(path, **SAID)
    in_nv = read_recordings(path, unit="nV", **SAID)
    np.testing.assert_allclose(in_nv.cohort.waveforms, in_uv.cohort.waveforms / 1000, rtol=1e-6)
    assert any("check the unit" in note for note in in_nv.report.lines())
    assert not any("check the unit" in note for note in in_uv.report.lines())
    np.testing.assert_array_equal(
        read_recordings(path, unit="uV", **SAID).cohort.waveforms, in_uv.cohort.waveforms
    )  # fmt: skip


def test_residual_noise_that_looks_like_uv_is_said(clinic, write_csv):
    rows = [row | {"ResNo": 0.04} for row in clinic(3)]
    assert any("may be in µV" in note for note in read_recordings(write_csv(rows), **SAID).report.lines())


def test_wave_v_offset_is_measured(clinic, write_csv):
    rows = clinic(12)
    aligned = read_recordings(write_csv(rows), **SAID).report
    assert aligned.wave_v.n == 12 and abs(aligned.wave_v.median_ms) < 0.05
    assert not any("tube" in line for line in aligned.lines())
    for row in rows:
        row["V Latancy"] = round(row["V Latancy"] - 0.85, 2)
    shifted = read_recordings(write_csv(rows, "shifted.csv"), **SAID).report
    assert shifted.wave_v.aligned_ms == pytest.approx(-0.85, abs=0.07)
    assert any("before the nearest peak" in line and "tube" in line for line in shifted.lines())


def test_without_marks_there_is_no_offset(clinic, write_csv):
    rows = [row | {"V Latancy": "", "V Amplitude": ""} for row in clinic(3)]
    assert read_recordings(write_csv(rows), **SAID).report.wave_v is None


def test_nobody_is_in_the_cohort_the_report_or_the_file(clinic, write_csv, tmp_path):
    rows = clinic(6)
    slipped = list(rows[4].values())
    rows[4] = dict(zip(rows[4], [*slipped[:4], rows[4]["Name"], *slipped[4:-1]], strict=True))  # a row that slipped
    rows[5]["Intensity"] = rows[5]["Patient_ID"]
    rows[5]["Stimulus Side"] = rows[5]["Birth Date"]
    result = read_recordings(write_csv(rows, "Ayse Yilmaz.csv"), **SAID)
    assert result.report.recordings_refused == 2
    written = result.cohort.write(tmp_path / "out.parquet")
    table = Cohort.read(written).table.to_csv() + written.read_bytes().decode("latin-1")
    said = result.report.refused.drop(columns="file").to_csv() + "\n".join(result.report.lines())
    for row in rows[:3]:
        for secret in (row["Name"], str(row["Patient_ID"]), row["Birth Date"], row["Test Date"]):
            assert secret not in table and secret not in said
    assert set(result.report.identifying_columns) == {"ID", "Name", "Patient_ID", "Birth Date", "Test Date"}
    assert "Protocol" in result.report.unused_columns and "1" not in result.report.unused_columns
