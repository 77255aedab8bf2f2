from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.schema import CONDITION_NAMES, LABEL_NAMES
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import NothingImportedError

SALT = b"s" * 32


def read(tmp_path, text, **options):
    path = tmp_path / "export.TXT"
    path.write_text(text, encoding="latin-1")
    return read_recordings(path, salt=SALT, **options)


# --- the real files -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(human_recordings):
    return read_recordings(sorted((human_recordings / "native").glob("*.TXT")), salt=SALT)


def test_real_files_give_the_published_arrays(real, human_recordings):
    arrays = np.load(human_recordings / "waveforms.npz")
    records = pd.read_csv(human_recordings / "records.csv")
    listed = [records.index[records["file"].str.contains(name)] for name in ("TEMP-03-60db", "TEMP-08-0db")]
    expected = np.concatenate(listed)
    cohort = real.cohort
    assert len(cohort) == len(expected) == 18 and cohort.samples == 495
    assert cohort.sampling.rate_hz == 20_000 and cohort.sampling.start_ms == 0
    np.testing.assert_allclose(cohort.time_ms, arrays["time_ms"], atol=1e-9)
    np.testing.assert_allclose(cohort.waveforms, arrays["average_uv"][expected], atol=2e-4)
    noise = np.sqrt(np.mean(((arrays["buffer1_uv"] - arrays["buffer2_uv"])[expected] / 2) ** 2, axis=1)) * 1000
    np.testing.assert_allclose(cohort.table["residual_noise_nv"], noise, rtol=1e-3)
    listed = records.iloc[expected]
    for column, name in (
        ("level_db", "intensity_db_nhl"),
        ("rate_hz", "stimulus_rate_per_s"),
        ("sweeps", "sweeps_accepted"),
        ("artifacts", "sweeps_rejected"),
    ):
        np.testing.assert_array_equal(cohort.table[name], listed[column])


def test_real_grand_average_has_its_wave_v_at_six_ms(real):
    cohort = real.cohort.take((real.cohort.table["intensity_db_nhl"] == 60).to_numpy())
    assert len(cohort) == 9 and cohort.patients == 1
    sweeps = cohort.table["sweeps_accepted"].to_numpy()
    average = (cohort.waveforms * sweeps[:, None]).sum(axis=0) / sweeps.sum()
    window = (cohort.time_ms > 5) & (cohort.time_ms < 8)
    assert cohort.time_ms[window][average[window].argmax()] == pytest.approx(6.0, abs=0.05)


def test_real_residual_noise_falls_with_the_sweeps(real):
    table = real.cohort.table.query("intensity_db_nhl == 60")
    noise = table.groupby("sweeps_accepted")["residual_noise_nv"].mean()
    assert noise.loc[500] > noise.loc[1000] > noise.loc[2000]


def test_real_unknowns_stay_missing_and_identifiers_stay_out(real, human_recordings):
    table = real.cohort.table
    unknown = ["age_years", "sex", "hearing_loss", "fmp", "stimulus_polarity", "stimulus_type", *LABEL_NAMES]
    assert table[unknown].isna().all(axis=None)
    assert table["ear"].eq("right").all()
    assert real.report.recordings_refused == 0 and any("dB nHL" in note for note in real.report.notes)
    said = table.to_csv() + real.cohort.provenance.model_dump_json() + "\n".join(real.report.lines())
    for secret in ("DEMO0066", "IHS7044", "WFRA", "PHRA"):
        assert secret in "".join(p.read_text() for p in (human_recordings / "native").glob("*.TXT"))
        assert secret not in said


def test_real_cohort_survives_the_disk(real, tmp_path):
    from abr_model.cohort import Cohort

    assert Cohort.read(real.cohort.write(tmp_path / "p3.parquet")).digest() == real.cohort.digest()
    assert b"DEMO0066" not in (tmp_path / "p3.parquet").read_bytes()


# --- made files -----------------------------------------------------------------------------------------------------


def test_time_zero_is_the_first_sample(tmp_path, smartep_text):
    cohort = read(tmp_path, smartep_text()).cohort
    assert cohort.samples == 56 and cohort.sampling.start_ms == 0
    expected = 0.1 * np.sin(2 * np.pi * 0.5 * cohort.time_ms)
    np.testing.assert_allclose(cohort.waveforms, [expected, 2 * expected], atol=1e-4)
    np.testing.assert_allclose(cohort.table["residual_noise_nv"], 30.0, atol=0.1)
    assert list(cohort.table["ear"]) == ["right", "left"]


def test_two_sampling_periods_in_one_file_are_resampled_and_said(tmp_path, smartep_text):
    result = read(tmp_path, smartep_text(points=200, periods=("50.00", "100.00")))
    cohort = result.cohort
    assert cohort.sampling.rate_hz == 20_000
    assert any("1 recordings were resampled from 10000 Hz to 20000 Hz" in note for note in result.report.notes)
    assert any("cut to the time that all share" in note for note in result.report.notes)
    inner = slice(20, cohort.samples - 20)  # a resampling filter rings at the ends
    expected = np.sin(2 * np.pi * 0.5 * cohort.time_ms)
    np.testing.assert_allclose(cohort.waveforms[0], 0.1 * expected, atol=1e-4)
    np.testing.assert_allclose(cohort.waveforms[1][inner], 0.2 * expected[inner], atol=2e-3)


def test_missing_sampling_period_names_the_option(tmp_path, smartep_text):
    text = smartep_text(**{"Smp. Period:": None})
    with pytest.raises(InputError, match="--sampling-rate") as error:
        read(tmp_path, text)
    assert error.value.file == "export.TXT" and error.value.column == "Smp. Period:"
    assert read(tmp_path, text, sampling_rate_hz=20_000).cohort.sampling.rate_hz == 20_000


def test_missing_time_zero_names_the_option(tmp_path, smartep_text):
    text = smartep_text(zero="")
    with pytest.raises(InputError, match="--start"):
        read(tmp_path, text)
    cohort = read(tmp_path, text, start_ms=-0.4).cohort
    assert cohort.sampling.start_ms == -0.4 and cohort.samples == 64


def test_what_the_file_states_wins_over_the_options_and_that_is_said(tmp_path, smartep_text):
    result = read(tmp_path, smartep_text(), sampling_rate_hz=48_000, start_ms=3, unit="mV")
    assert result.cohort.sampling.rate_hz == 20_000 and result.cohort.sampling.start_ms == 0
    assert sum("given" in note and "not used" in note for note in result.report.notes) == 3
    assert result.cohort.waveforms.max() < 1


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"intensities": ("60", "300")}, "Intensity:", "300"),
        ({"intensities": ("60", "loud")}, "Intensity:", "text of 4 characters"),
        ({"Stim. Rate:": ("37.1", "-3")}, "Stim. Rate:", "-3"),
        ({"Ear:": ("R", "X")}, "Ear:", "text of 1 characters"),
        ({"Zero Position:": ("9", "9999")}, "Zero Position:", "9999"),
        ({"Smp. Period:": ("50", "0")}, "Smp. Period:", "0"),
        ({"Smp. Period:": ("50", "abc")}, "Smp. Period:", "text of 3 characters"),
        ({"Identifier:": ("someone", "")}, "Identifier:", ""),
    ],
)
def test_one_bad_recording_is_refused_and_the_other_read(tmp_path, smartep_text, changes, column, value):
    result = read(tmp_path, smartep_text(**changes))
    assert len(result.cohort) == 1 and result.cohort.table["intensity_db_nhl"].item() == 60
    (refused,) = result.report.refused.to_dict("records")
    assert (refused["file"], refused["row"], refused["column"], refused["value"]) == ("export.TXT", 2, column, value)
    assert refused["reason"]


def test_a_sample_that_is_not_a_number_refuses_its_recording_alone(tmp_path, smartep_text):
    lines = smartep_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  30,"))
    cells = lines[at].split(",")
    cells[2] = "  #####"
    lines[at] = ",".join(cells)
    result = read(tmp_path, "\n".join(lines))
    assert len(result.cohort) == 1
    assert "point 30" in result.report.refused["reason"].item() and result.report.refused["row"].item() == 1


def test_file_cut_in_its_last_line_refuses_what_is_incomplete(tmp_path, smartep_text):
    text = smartep_text()
    result = read(tmp_path, text[: text.rindex(",", 0, text.rindex("\n") - 40)])
    assert len(result.cohort) == 1
    refused = result.report.refused.to_dict("records")
    assert [(r["row"], r["value"], r["reason"]) for r in refused] == [(2, "64", "the line of this point ends early")]
    assert any("cut off" in note for note in result.report.notes)


def test_a_lost_line_is_found(tmp_path, smartep_text):
    lines = [line for line in smartep_text().splitlines() if not line.startswith("  30,")]
    with pytest.raises(InputError, match="not consecutive"):
        read(tmp_path, "\n".join(lines))


def test_file_without_samples(tmp_path, smartep_text):
    text = smartep_text()
    with pytest.raises(InputError, match="ends before its samples"):
        read(tmp_path, text[: text.index("   1,")])


def test_file_without_a_recording(tmp_path, smartep_text):
    with pytest.raises(InputError, match="no recording"):
        read(tmp_path, smartep_text().replace("Average:", "Mean:"))
    with pytest.raises(InputError, match="no average in µV"):
        read(tmp_path, smartep_text().replace("Average(uV):", "Average(?):"))


def test_missing_header_row_is_named(tmp_path, smartep_text):
    with pytest.raises(InputError, match="Intensity"):
        read(tmp_path, smartep_text(**{"Intensity:": None}))


def test_flat_trace_and_unusable_half_averages(tmp_path, smartep_text):
    lines = smartep_text().splitlines()
    for i, line in enumerate(lines):
        if line[:4].strip().isdigit():
            cells = line.split(",")
            cells[2], cells[10] = "0.0000", "9.0"  # first average flat; second recording's half-average does not fit
            lines[i] = ",".join(cells)
    result = read(tmp_path, "\n".join(lines))
    assert "flat" in result.report.refused["reason"].item()
    assert result.cohort.table["residual_noise_nv"].isna().all()
    assert any("residual noise is missing in 1" in note for note in result.report.notes)


def test_nothing_left_is_an_input_error_with_the_report(tmp_path, smartep_text):
    with pytest.raises(NothingImportedError, match="2 refused") as error:
        read(tmp_path, smartep_text(intensities=("300", "400")))
    assert len(error.value.report.refused) == 2


def test_no_identifier_anywhere_in_the_refusals(tmp_path, smartep_text):
    result = read(tmp_path, smartep_text(intensities=("60", "JANE-DOE-1987")))
    said = result.report.refused.to_csv() + "\n".join(result.report.lines())
    assert "JANE" not in said and "JDOE" not in said
    assert result.cohort.table[list(CONDITION_NAMES)].notna().sum(axis=None) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_any_encoding_gives_the_same_recordings(tmp_path, smartep_text, encoding):
    path = tmp_path / "export.TXT"
    path.write_text(smartep_text(), encoding=encoding)
    cohort = read_recordings(path, salt=SALT).cohort
    usual = read(tmp_path, smartep_text()).cohort
    pd.testing.assert_frame_equal(cohort.table, usual.table)
    np.testing.assert_array_equal(cohort.waveforms, usual.waveforms)


def test_a_utf_16_file_cut_within_a_letter_is_explained(tmp_path, smartep_text):
    path = tmp_path / "export.TXT"
    path.write_bytes(smartep_text().encode("utf-16")[:-1])
    with pytest.raises(InputError, match="damaged"):
        read_recordings(path, salt=SALT)
    path.write_bytes("a,b\n1,2\n".encode("utf-16")[:-1])
    with pytest.raises(InputError, match="damaged"):
        read_recordings(path, salt=SALT)
