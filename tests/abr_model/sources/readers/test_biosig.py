from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.schema import LABEL_NAMES
from abr_model.sources.readers import biosig
from abr_model.sources.readers.reader import NotStatedError
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import NothingImportedError

SALT = b"s" * 32
PERIOD_US, POINTS = 40.96, 244
RATE_HZ = 1e6 / PERIOD_US
SUBJECT = "Mickey-77"


def trace(peak_ms=2.0, height_uv=1.5, points=POINTS):
    time_ms = np.arange(points) * PERIOD_US / 1000
    return height_uv * np.exp(-(((time_ms - peak_ms) / 0.3) ** 2)) - 0.1


def row(samples=None, **cells):
    said = {
        "Sub. ID": SUBJECT,
        "Ref. #1": "20201210",
        "Memo": "green cage of Ann",
        "SGI": 19,
        "Channel": 1,
        "Freq(Hz)": 8000,
        "Level(dB)": 90,
        "Samp. Per.": PERIOD_US,
        "No. Samps.": POINTS,
        "Onset Delay": 0,
        "No. Averages": 630,
        "No. Artifacts": 12,
    }
    return said | {k: v for k, v in cells.items()}, trace() if samples is None else samples


def table(*rows, unit="uv", factor=1.0, without=(), delimiter=","):
    names = [name for name in rows[0][0] if name not in without]
    lines = [delimiter.join([*names, f"Data({unit})"])]
    for said, samples in rows:
        lines.append(delimiter.join([*(str(said[n]) for n in names), *(f"{x * factor:.6g}" for x in samples)]))
    return "\n".join(lines) + "\n"


def text(*records, subject=SUBJECT, group=True):
    """The text export; ``records`` are (samples in µV, changed lines)."""
    lines = [
        "ABR Group Header  ==================================",
        "    Group Number: 0",
        f"         Records: {len(records)}",
        "  SigGen File #1: TonePip_B_long505-100",
        "  SigGen File #2: ",
        f"      Subject ID: {subject}",
        "    Reference #1: 20201210",
        "            Memo: green cage of Ann",
        "Ann Lee: she goes on",
        "      Start Time: Thu Dec 10 20:14",
        "----------------------------------------------------",
    ]
    for number, (samples, changed) in enumerate(records):
        said = {
            "Record Number": str(number),
            "Aqu. Duration": f"{POINTS * PERIOD_US / 1000:.6g} ms",
            "Onset Delay": "0 ms",
            "No. Points": str(POINTS),
            "No. Averages": "630",
            "No. Artifacts": "12",
            "Start Time": "Thu Dec 10 20:15",
        } | changed
        lines += ["", *(f"   {key}: {value}" for key, value in said.items() if value is not None and key != "Level")]
        lines += ["", "    SigGen Index: 19", "       Variables: ", "                  Freq = 8000 Hz"]
        lines += [f"                  Level = {said.get('Level', '90 dB')}", "                  Phase = 270 deg"]
        lines += [f"{x * 1e-6:.6g}".replace("e-0", "e-00") for x in samples]
    return "\n".join(lines) + "\n"


def with_decimal_commas(content):
    header, rest = content.split("\n", 1)
    return header + "\n" + rest.replace(".", ",")


@pytest.fixture
def read(tmp_path):
    def read(content, **options):
        path = tmp_path / "export.asc"
        path.write_text(content, encoding="latin-1")
        return read_recordings(path, salt=SALT, **options)

    return read


@pytest.mark.parametrize(
    ("content", "tolerance"),
    [
        (table(row()), 1e-5),
        (table(row(), unit="nv", factor=1e3), 1e-5),
        (table(row(), unit="V", factor=1e-6), 1e-5),
        (with_decimal_commas(table(row(), delimiter=";")), 1e-5),
        (text((trace(), {})), 1e-5),
    ],
)
def test_waveform_comes_back_in_microvolts_at_its_time(read, content, tolerance):
    cohort = read(content).cohort
    assert cohort.sampling.rate_hz == pytest.approx(RATE_HZ, rel=1e-5) and cohort.sampling.start_ms == 0
    np.testing.assert_allclose(cohort.waveforms, [trace()], atol=tolerance)
    assert cohort.time_ms[cohort.waveforms[0].argmax()] == pytest.approx(2.0, abs=0.03)
    said = cohort.table.iloc[0]
    assert said["sweeps_accepted"] == 630 and said["sweeps_rejected"] == 12
    assert said["stimulus_type"] == "tone 8000 hz"


@pytest.mark.parametrize("content", [table(row()), text((trace(), {}))])
def test_level_needs_an_offset_and_unknowns_stay_missing(read, content):
    result = read(content)
    unknown = ["intensity_db_nhl", "age_years", "sex", "ear", "stimulus_rate_per_s", "hearing_loss", "fmp"]
    assert result.cohort.table[[*unknown, "residual_noise_nv", *LABEL_NAMES]].isna().all(axis=None)
    assert any("--level-offset" in note and "90" in note for note in result.report.notes)
    assert any("species" in note for note in result.report.notes)
    result = read(content, level_offset_db=-32)
    assert result.cohort.table["intensity_db_nhl"].tolist() == [58]
    assert any("dB SPL (90)" in note and "-32 dB" in note for note in result.report.notes)


@pytest.mark.parametrize("content", [table(row()), text((trace(), {}))])
def test_the_subject_becomes_a_pseudonym_and_free_text_goes(read, content):
    result = read(content)
    said = result.cohort.table.to_csv() + result.cohort.provenance.model_dump_json()
    said += "\n".join(result.report.lines()) + result.report.refused.to_csv()
    for secret in (SUBJECT, "Ann", "20201210", "Dec 10"):
        assert secret not in said
    dropped = " ".join(result.report.identifying_columns)
    assert all(name in dropped for name in ("ID", "Memo", "Ref"))


def test_records_of_one_file_are_one_subject_or_several(read):
    rows = [row(trace(p), **{"Sub. ID": s, "Level(dB)": v}) for p, s, v in ((2, "A", 90), (2.2, "A", 80), (3, "B", 90))]
    patients = read(table(*rows)).cohort.table["patient_id"].tolist()
    assert patients[0] == patients[1] != patients[2]
    result = read(table(*rows, without=("Sub. ID",)))
    assert result.cohort.patients == 1 and any("does not name the subject" in n for n in result.report.notes)


def test_groups_of_the_text_export_keep_their_subjects(read):
    content = text((trace(), {}), (trace(2.4), {"Level": "80 dB"})) + "\n" + text((trace(3), {}), subject="Minnie")
    cohort = read(content, level_offset_db=0).cohort
    patients = cohort.table["patient_id"].tolist()
    assert patients[0] == patients[1] != patients[2]
    assert cohort.table["intensity_db_nhl"].tolist() == [90, 80, 90]


def test_channels_are_told(read):
    result = read(table(row(), row(trace(2.5), Channel=2)))
    assert any("2 channels" in note for note in result.report.notes)
    assert not any("channels" in note for note in read(table(row())).report.notes)


def test_what_the_file_does_not_state_is_asked_and_what_it_states_wins(read):
    with pytest.raises(NotStatedError, match="--sampling-rate") as error:
        read(table(row(), without=("Samp. Per.",)))
    assert error.value.what == "sampling_rate_hz"
    assert read(table(row(), without=("Samp. Per.",)), sampling_rate_hz=25_000).cohort.sampling.rate_hz == 25_000
    with pytest.raises(NotStatedError, match="--start") as error:
        read(table(row(), without=("Onset Delay",)))
    assert error.value.what == "start_ms"
    assert read(table(row(), without=("Onset Delay",)), start_ms=0.5).cohort.sampling.start_ms == 0.5
    with pytest.raises(NotStatedError, match="onset delay"):
        read(table(row(**{"Onset Delay": 2.5})))
    result = read(table(row()), sampling_rate_hz=10_000, unit="mV")
    assert result.cohort.sampling.rate_hz == pytest.approx(RATE_HZ)
    assert sum("was not used" in note for note in result.report.notes) == 2


def test_number_of_points_need_not_be_stated(read):
    content = table(row(), row(trace(2.5)[:-30]), without=("No. Samps.",))
    result = read(content)
    assert len(result.cohort) == 1 and result.report.refused["row"].tolist() == [2]


# --- broken files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (row(trace()[:-1]), "it may be cut off"),
        (row(np.full(POINTS, 0.25)), "the trace is flat"),
        (row(**{"Samp. Per.": "4.096e-05"}), "it must be a number from 1 to 1000"),
        (row(**{"Samp. Per.": ""}), "it must be a number from 1 to 1000"),
        (row(**{"No. Samps.": "many"}), "number of points"),
        (row(**{"Onset Delay": "late"}), "it must be a number (ms)"),
        (row(**{"Level(dB)": "loud"}), "the level must be a number"),
        (row(**{"No. Averages": "x"}), "sweeps accepted must be a number"),
        (row(**{"Sub. ID": ""}), "the subject's identifier is missing"),
        (row([0.1, np.nan, *trace()[2:]]), "a sample is not a number (point 2)"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(read, changed, reason):
    result = read(table(row(trace(2.5)), changed))
    assert len(result.cohort) == 1
    assert result.report.refused["row"].unique().tolist() == [2]
    assert any(reason in found for found in result.report.refused["reason"])


def test_a_level_out_of_range_is_refused(read):
    with pytest.raises(NothingImportedError, match="intensity is out of range"):
        read(table(row()), level_offset_db=60)


def test_a_text_export_that_is_cut_off(read):
    content = text((trace(), {}), (trace(2.5), {}))
    result = read(content[:-300])
    assert len(result.cohort) == 1
    assert result.report.refused["row"].tolist() == [2] and "cut off" in result.report.refused["reason"].iloc[0]


def test_a_damaged_sample_in_the_text_export(read):
    lines = text((trace(2.5), {}), (trace(), {})).splitlines()
    lines[-5] = "#####"
    result = read("\n".join(lines))
    assert len(result.cohort) == 1 and "not a number (point 240)" in result.report.refused["reason"].iloc[0]


def test_a_header_alone_holds_no_record(read):
    for content in (table(row()).splitlines()[0] + "\n", text()):
        with pytest.raises(InputError, match="no record"):
            read(content)


def test_other_files_are_not_recognised(tmp_path, smartep_text):
    for content in (
        smartep_text(),
        "Freq(Hz),Level(dB),0,1,2\n1,2,3,4,5\n",
        "ID,Level(dB)\n1,2\n",
        "Record of nobody\n",
    ):
        assert not biosig.recognises(tmp_path / "x.csv", content.encode())
    for content in (table(row()), table(row(), unit="nV"), text((trace(), {}))):
        assert biosig.recognises(tmp_path / "x.csv", content.encode())
