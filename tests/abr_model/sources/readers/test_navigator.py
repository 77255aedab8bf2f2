from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.schema import LABEL_NAMES
from abr_model.sources.readers import navigator
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import NothingImportedError

SALT = b"s" * 32
NAME, NUMBER, INITIALS, BORN, TESTED = "Okonkwo", "771234", "Chidi", "2/18/1994", "5/7/2005 7:53:06 AM"
EPOCH_MS, POINTS, BEFORE_MS = 74.69, 512, -15.0
STEP_MS = EPOCH_MS / POINTS


def trace(peak_ms=6.0, points=POINTS):
    time_ms = BEFORE_MS + np.arange(points) * STEP_MS
    return 0.3 * np.exp(-(((time_ms - peak_ms) / 0.5) ** 2)) - 0.05


def recording(
    samples=None, level="74 dB HL", ear="Right", number=NUMBER, born=BORN, tested=TESTED, stimulus="Click", **cells
):
    """One recording in the layout of the published exports; the patient is invented."""
    more = {
        "epoch": EPOCH_MS,
        "points": POINTS,
        "before": BEFORE_MS,
        "rate": "10.9",
        "polarity": "Alternating",
        "transducer": "Insert Earphone (ER3)",
    } | cells
    header = [
        (NAME, number, INITIALS, born, "M", tested),
        ("Calculated", tested, "1", more["epoch"], more["points"], more["before"], "0.0", f"{NAME}ADD"),
        (ear, more["transducer"], stimulus, more["polarity"], level, more["rate"], "None", "None"),
        ("Chan 1 Bank 1", "6.78", "7.83", "18.55", "", ""),
    ]
    rows = ["\t".join(f'"{cell}"' for cell in row) for row in header]
    return "\r\n".join([*rows, "", "", *(f"{x:.4f}" for x in (trace() if samples is None else samples)), "", ""])


@pytest.fixture
def read(tmp_path):
    def read(*recordings, **options):
        path = tmp_path / "Okonkwo export.dat"  # content decides, not the name
        path.write_text("".join(recordings), encoding="latin-1", newline="")
        return read_recordings(path, salt=SALT, **options)

    return read


def test_waveform_comes_back_at_its_time(read):
    cohort = read(recording()).cohort
    sampling = cohort.sampling
    assert sampling.rate_hz == pytest.approx(1000 / STEP_MS, rel=1e-12)
    assert 0 <= sampling.start_ms < STEP_MS
    kept = cohort.samples
    np.testing.assert_allclose(cohort.waveforms[0], trace()[-kept:], atol=6e-5)
    assert cohort.time_ms[-1] == pytest.approx(BEFORE_MS + (POINTS - 1) * STEP_MS)
    assert cohort.time_ms[cohort.waveforms[0].argmax()] == pytest.approx(6.0, abs=STEP_MS / 2)


def test_conditions_come_from_the_header(read):
    cohort = read(recording()).cohort
    row = cohort.table.iloc[0]
    assert (row["ear"], row["sex"], row["stimulus_polarity"], row["stimulus_type"]) == (
        "right", "male", "alternating", "click",
    )  # fmt: skip
    assert row["intensity_db_nhl"] == 74 and row["stimulus_rate_per_s"] == 10.9
    assert row["age_years"] == pytest.approx(11.214, abs=0.002)  # 18 February 1994 to 7 May 2005
    assert cohort.table[["fmp", "sweeps_accepted", "hearing_loss", *LABEL_NAMES]].isna().all(axis=None)


def test_nothing_of_the_patient_gets_out(read, tmp_path):
    result = read(recording(stimulus=f"Custom: C:\\{NAME}\\click.wav"), recording(trace(7.0), ear="Left"))
    cohort, report = result.cohort, result.report
    assert len(cohort) == 2 and cohort.patients == 1
    said = cohort.table.to_csv() + cohort.provenance.model_dump_json() + "\n".join(report.lines())
    for secret in (NUMBER, INITIALS, BORN, "1994", "2005", "ADD", "C:"):
        assert secret not in said
    assert NAME not in cohort.table.to_csv() + cohort.provenance.model_dump_json()
    assert {"patient's name", "birth date", "test date"} <= set(report.identifying_columns)
    assert cohort.table["stimulus_type"].tolist()[0] is None or cohort.table["stimulus_type"].isna()[0]


def test_another_patient_is_another(read):
    cohort = read(recording(), recording(trace(6.5), number="999"), recording(trace(7.0))).cohort
    patients = cohort.table["patient_id"].tolist()
    assert patients[0] == patients[2] != patients[1]


@pytest.mark.parametrize(
    ("level", "offset", "expected"),
    [
        ("60 dB nHL", None, 60),
        ("60dBnHL", -30, 60),  # what the file states wins
        ("60 dB HL", None, 60),
        ("90 dB SPL", None, None),
        ("90 dB SPL", -32.5, 57.5),
        ("90 dB peSPL", -30, 60),
        ("60", None, None),
        ("60", 0, 60),
    ],
)
def test_a_level_on_another_scale_is_never_taken_for_nhl(read, level, offset, expected):
    result = read(recording(level=level), level_offset_db=offset)
    found = result.cohort.table["intensity_db_nhl"].iloc[0]
    assert np.isnan(found) if expected is None else found == expected
    told = any("level is" in note for note in result.report.notes)
    assert told is ("nHL" not in level)
    if expected is None:
        assert any("--level-offset" in note for note in result.report.notes)


@pytest.mark.parametrize(
    ("born", "tested", "years"),
    [
        ("2/18/1994", "5/7/2005 7:53:06 AM", 11.21),
        ("18.02.1994", "07.05.2005 07:53:06", 11.21),
        ("3/4/2001", "5/6/2004", np.nan),  # March or April?
        ("18/2/1994", "2/18/2005", np.nan),  # both orders
        ("2/30/1994", "5/7/2005 7:53:06 AM", np.nan),
        ("", "5/7/2005 7:53:06 AM", np.nan),
    ],
)
def test_age_where_the_dates_are_clear(born, tested, years):
    assert navigator.age_at_test(born, tested) == pytest.approx(years, abs=0.01, nan_ok=True)


def test_a_birth_after_the_test_is_refused(read):
    with pytest.raises(NothingImportedError, match="age is out of range"):
        read(recording(born="2/18/2024"))


def test_the_tube_of_an_insert_earphone_is_told(read):
    assert any("insert earphones" in note for note in read(recording()).report.notes)
    assert not any("insert earphones" in n for n in read(recording(transducer="Headphone (TDH39)")).report.notes)


def test_decimal_commas(read):
    text = recording(epoch="74,69", before="-15,0").replace(".0", ",0").replace("0.", "0,").replace("-0.", "-0,")
    assert "0,2" in text
    np.testing.assert_allclose(read(text).cohort.waveforms, read(recording()).cohort.waveforms)


def test_unit_is_microvolts_unless_stated(read):
    assert any("µV" in note for note in read(recording()).report.notes)
    nanovolts = read(recording(trace() * 1000), unit="nV").cohort
    np.testing.assert_allclose(nanovolts.waveforms, read(recording()).cohort.waveforms, atol=1e-4)


# --- broken files ---------------------------------------------------------------------------------------------------


def test_a_cut_off_recording_is_refused_and_the_others_stay(read):
    cut = recording(trace(7.0)).rstrip()[:-40]
    result = read(recording(), cut)
    assert len(result.cohort) == 1
    refused = result.report.refused.iloc[0]
    assert refused["row"] == 2 and "512 points" in refused["reason"] and "cut off" in refused["reason"]
    with pytest.raises(NothingImportedError, match="cut off"):
        read(cut)


def test_a_file_that_ends_in_a_header_keeps_the_recordings_before(read):
    header = "\r\n".join(recording().splitlines()[:2])
    result = read(recording(), header)
    assert len(result.cohort) == 1 and result.report.recordings_refused == 1
    assert "no samples" in result.report.refused["reason"].iloc[0]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"epoch": "?"}, navigator._EPOCH),
        ({"epoch": "0"}, navigator._EPOCH),
        ({"points": "51.5"}, navigator._POINTS),
        ({"before": "soon"}, navigator._BEFORE),
    ],
)
def test_a_header_without_its_numbers_refuses_the_recording(read, cells, column):
    result = read(recording(), recording(trace(7.0), **cells))
    assert len(result.cohort) == 1
    assert result.report.refused["column"].tolist() == [column] and result.report.refused["row"].tolist() == [2]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (recording(level="loud"), "the level must be a number"),
        (recording(level="190 dB nHL"), "intensity is out of range"),
        (recording(ear="Both"), "ear is not a known class"),
        (recording(rate="fast"), "stimulus rate must be a number"),
        (recording().replace("0.2", "0.x", 1), "a sample is not a number"),
        (recording(np.full(POINTS, 0.5)), "the trace is flat"),
        (recording(before="-100"), "the trace ends before the stimulus"),
        (recording(epoch="9000"), "the sampling rate is out of range"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(read, changed, reason):
    result = read(recording(trace(7.0)), changed)
    assert len(result.cohort) == 1
    assert result.report.refused["row"].tolist() == [2] and reason in result.report.refused["reason"].iloc[0]


@pytest.mark.parametrize(
    "text",
    [
        "\r\n".join(recording().splitlines()[1:]),  # the patient's row is gone
        "\r\n".join(["0.1", *recording().splitlines()]),
        recording().replace('\t"10.9"\t"None"\t"None"', ""),
        recording().replace('"Chan 1 Bank 1"', '"Bank 1"'),
        recording().replace("\r\n\r\n\r\n", '\r\n"Chan 2 Bank 1"\t"6.0"\r\n\r\n'),
        "\r\n".join(line if '"' in line or not line else f"{line}\t{line}" for line in recording().splitlines()),
        '"Patient ID","Name"\r\n"1","X"\r\n"Epoch (ms)","Pre/Post Time (ms)","Blocked Time (ms)"\r\n'
        '"Channel","Bank"\r\n"Chan 1",1\r\n0.1\r\n',
    ],
)
def test_another_layout_is_an_error_not_a_guess(read, text):
    with pytest.raises(InputError, match="layout of AEPtoASCII") as error:
        read(text)
    assert error.value.file == "Okonkwo export.dat" and "four header rows" in error.value.allowed
    assert NUMBER not in str(error.value) and INITIALS not in str(error.value)


def test_other_files_are_not_recognised(tmp_path, smartep_text):
    for text in (smartep_text(), "a,b\n1,2\n", '"name"\t"age"\n"x"\t"3"\n', "0.1\n0.2\n"):
        assert not navigator.recognises(tmp_path / "x.txt", text.encode())
