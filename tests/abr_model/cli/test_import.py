from __future__ import annotations

import re
import sys

import numpy as np
import pandas as pd
import pytest

from abr_model import cli
from abr_model.cohort import Cohort
from abr_model.schema import Kind


@pytest.fixture
def abr(monkeypatch, tmp_path, capsys):
    """Run ``abr ARGUMENTS`` as a person does; gives exit code, standard output and standard error."""
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["abr", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def export(tmp_path):
    """An Eclipse-shaped CSV of four recordings."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "Name": ["Ayse Yilmaz", "Ayse Yilmaz", "Mehmet Demir", "Mehmet Demir"],
            "Patient_ID": [501, 501, 502, 502],
            "Age": [3, 3, 40, 40],
            "Intensity": [60, 40, 60, 40],
            "Stimulus Rate": 33.1,
            "Hear_Loss": ["NORMAL", "NORMAL", "SNIK", "SNIK"],
            "V Latancy": [6.0, 6.5, 6.1, 7.0],
            **{str(k): random.normal(0, 0.1, 4).round(4) for k in range(1, 201)},
        }
    )
    path = tmp_path / "export.csv"
    table.to_csv(path, index=False)
    return path


def edited(path, old, new):
    path.write_text(path.read_text().replace(old, new))
    return path


SAID = ("--sampling-rate", 15_000, "--start", 0)


def test_imports_and_reports(abr, export, tmp_path):
    out = tmp_path / "cohorts" / "clinic.parquet"
    code, said, _ = abr("import", export, "--out", out, *SAID)
    assert code == 0
    assert "4 recordings read, 0 refused" in said and "Name, Patient_ID" in said
    assert "clinic.parquet: 4 recordings of 2 patients, 200 samples (0.00 to 13.27 ms at 15000 Hz)" in said
    assert "Ayse" not in said
    cohort = Cohort.read(out)
    assert cohort.kind is Kind.CLINICAL and len(cohort) == 4 and (tmp_path / "data" / ".salt").exists()


def test_start_before_the_stimulus_and_unit(abr, export, tmp_path):
    out = tmp_path / "c.parquet"
    assert (
        abr(
            "import", export, "--out", out, "--sampling-rate", 15_000, "--start=-1.5", "--unit", "nV", "--store-anyway"
        )[0]
        == 0
    )
    cohort = Cohort.read(out)
    assert cohort.sampling.start_ms == -1.5 and np.abs(cohort.waveforms).max() < 0.001


def test_refused_rows_are_written_with_their_reason(abr, export, tmp_path):
    edited(export, "502,40,60", "502,-40,60")
    refused = tmp_path / "refused.csv"
    code, said, _ = abr("import", export, "--out", tmp_path / "c.parquet", *SAID, "--refused", refused)
    assert code == 0 and "3 recordings read, 1 refused" in said
    (row,) = pd.read_csv(refused).to_dict("records")
    assert (row["file"], row["row"], row["column"], row["value"]) == ("export.csv", 3, "Age", -40)
    assert "Mehmet" not in refused.read_text()


def test_nothing_imported_still_writes_the_reasons(abr, export, tmp_path):
    edited(export, "33.1", "999")
    refused, out = tmp_path / "refused.csv", tmp_path / "c.parquet"
    code, _, error = abr("import", export, "--out", out, *SAID, "--refused", refused)
    assert code == 2 and "999" in error
    assert len(pd.read_csv(refused)) == 4 and not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--start", 0), "--sampling-rate"),
        (("--sampling-rate", 15_000), "--start"),
        ((*SAID, "--unit", "volt"), "µV, mV, nV"),
        (("--sampling-rate", 15, "--start", 0), "1000 to 1e+06 Hz"),
    ],
)
def test_bad_options_end_with_one_sentence_and_2(abr, export, tmp_path, arguments, said):
    code, _, error = abr("import", export, "--out", tmp_path / "c.parquet", *arguments)
    assert code == 2 and said in error.replace("\n", " ") and "Traceback" not in error
    assert not (tmp_path / "c.parquet").exists()


def test_unknown_and_missing_files(abr, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague")
    for file in (letter, tmp_path / "gone.csv"):
        code, _, error = abr("import", file, "--out", tmp_path / "c.parquet")
        assert code == 2 and file.name in error and "SmartEP" in error and str(tmp_path) not in error


def test_outputs_that_cannot_be(abr, export, tmp_path):
    before = export.read_bytes()
    for out in (tmp_path / "cohort.csv", tmp_path):
        assert abr("import", export, "--out", out, *SAID)[0] == 2
    code, _, error = abr("import", export, "--out", tmp_path / "c.parquet", *SAID, "--refused", export)
    assert code == 2 and "overwrite" in error
    (tmp_path / "file").write_text("")
    assert abr("import", export, "--out", tmp_path / "file" / "c.parquet", *SAID)[0] == 2
    assert export.read_bytes() == before


def test_a_failed_import_leaves_the_old_cohort(abr, export, tmp_path):
    out = tmp_path / "c.parquet"
    abr("import", export, "--out", out, *SAID)
    before = out.read_bytes()
    assert abr("import", edited(export, "Patient_ID", "Patient"), "--out", out, *SAID)[0] == 2
    assert out.read_bytes() == before


def test_real_files(abr, human_recordings, tmp_path):
    files = sorted((human_recordings / "native").glob("*.TXT"))
    code, said, _ = abr("import", *files, "--out", tmp_path / "real.parquet")
    assert code == 0 and "real.parquet: 18 recordings of 2 patients, 495 samples" in said
    assert "dB nHL" in said and "DEMO" not in said


def test_what_the_person_states_fills_what_the_files_lack(abr, human_recordings, tmp_path):
    files, out = sorted((human_recordings / "native").glob("*.TXT")), tmp_path / "real.parquet"
    said = ("--age", 25, "--hearing-loss", "normal", "--sex", "female", "--polarity", "alternating")
    code, text, _ = abr("import", *files, "--out", out, *said)
    assert code == 0 and "age 25 years stated by the person for 18 recordings" in text.replace("\n", " ")
    table = Cohort.read(out).table
    assert (table["age_years"] == 25).all() and (table["stimulus_polarity"] == "alternating").all()
    code, _, error = abr("import", *files, "--out", out, "--hearing-loss", "deaf")
    assert code == 2 and "sensorineural" in error


# --- looking first, mappings, corrections, problems ------------------------------------------------------------------


@pytest.fixture
def plain(small_cohort, tmp_path):
    """A plain table of a simulated clinic: 300 recordings, wave V marked, columns in words of its own."""
    cohort = small_cohort.take(np.flatnonzero(small_cohort.table["latency_V_ms"].notna())[:300])
    table = pd.DataFrame(
        {
            "Name": "Ayse Yilmaz",
            "Subject": cohort.table["patient_id"].str.removeprefix("p_"),
            "Level (dB nHL)": cohort.table["intensity_db_nhl"],
            "lat V [ms]": cohort.table["latency_V_ms"],
        }
    )
    samples = pd.DataFrame(cohort.waveforms[:, :250].round(6), columns=[f"s{k}" for k in range(250)])
    path = tmp_path / "plain.csv"
    pd.concat([table, samples], axis=1).to_csv(path, index=False)
    return path


def rewritten(path, change):
    table = pd.read_csv(path)
    change(table)
    table.to_csv(path, index=False)
    return path


def test_looking_says_what_a_file_is_and_imports_nothing(abr, plain, human_recordings, tmp_path):
    real = sorted((human_recordings / "native").glob("*.TXT"))[0]
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague")
    code, said, _ = abr("import", plain, real, letter, "--look")
    assert code == 0
    assert "patient = 'Subject'" in said and "wave V latency, ms = 'lat V [ms]'" in said and "% sure" in said
    assert "needed: how many samples per second? --sampling-rate HZ" in said
    assert "IHS SmartEP text export, 9 recordings" in said and "sampling rate: 20,000 Hz" in said
    assert "letter.txt: not of a kind that can be read" in said
    assert "Ayse" not in said and "DEMO0066" not in said
    assert list(tmp_path.glob("*.parquet")) == []
    code, _, error = abr("import", letter, "--look")
    assert code == 2 and "letter.txt" in error


def test_a_plain_table_from_the_first_look_to_the_next_file(abr, plain, tmp_path):
    mapping, out = tmp_path / "clinic.yaml", tmp_path / "c.parquet"
    code, _, error = abr("import", plain, "--out", out)
    assert code == 2 and "--mapping" in error and not out.exists()
    code, said, _ = abr("import", plain, "--look", "--save-mapping", mapping, *SAID)
    assert code == 0 and "clinic.yaml" in said and "needed" not in said
    code, said, _ = abr("import", plain, "--out", out, "--mapping", mapping)
    assert code == 0 and "300 recordings of" in said and "vertex positive is up" in said
    assert Cohort.read(out).sampling.rate_hz == 15_000
    # confirmed once: the next table with these columns needs no mapping
    half = tmp_path / "next.csv"
    pd.read_csv(plain).iloc[:100].to_csv(half, index=False)
    code, said, _ = abr("import", half, "--out", tmp_path / "next.parquet")
    assert code == 0 and "as confirmed for an earlier file" in said
    kept = tmp_path / "kept.yaml"
    assert abr("import", half, "--out", tmp_path / "next.parquet", "--save-mapping", kept)[0] == 0
    assert "sampling_rate_hz: 15000" in kept.read_text()


def test_a_problem_is_said_with_its_correction_and_nothing_is_stored(abr, plain, tmp_path):
    mapping, out = tmp_path / "m.yaml", tmp_path / "c.parquet"
    abr("import", plain, "--look", "--save-mapping", mapping, *SAID)
    rewritten(plain, lambda t: t.__setitem__("lat V [ms]", t["lat V [ms]"] - 0.85))
    code, said, error = abr("import", plain, "--out", out, "--mapping", mapping)
    words = error.replace("\n", " ")
    assert code == 2 and not out.exists() and "nothing was stored" in words and "--store-anyway" in words
    option = re.search(r"import with (--label-shift=\S+)", said).group(1)
    assert float(option.split("=")[1]) == pytest.approx(0.85, abs=0.05)
    code, said, _ = abr("import", plain, "--out", out, "--mapping", mapping, option)
    assert code == 0 and "300 recordings were moved by" in said and "problem" not in said
    assert Cohort.read(out).provenance.details["corrections"]["label_shift_ms"] == float(option.split("=")[1])
    code, said, _ = abr("import", plain, "--out", tmp_path / "as-it-is.parquet", "--mapping", mapping, "--store-anyway",
                        "--label-shift", 0)  # fmt: skip
    assert code == 0 and (tmp_path / "as-it-is.parquet").exists() and "problem: wave V is marked" in said


def test_upside_down_traces_and_another_unit(abr, plain, tmp_path):
    mapping, out = tmp_path / "m.yaml", tmp_path / "c.parquet"
    abr("import", plain, "--look", "--save-mapping", mapping, *SAID)
    right = abr("import", plain, "--out", tmp_path / "right.parquet", "--mapping", mapping)
    assert right[0] == 0
    rewritten(plain, lambda t: t.__setitem__(list(t.columns[4:]), -1000 * t[t.columns[4:]]))
    code, said, _ = abr("import", plain, "--out", out, "--mapping", mapping)
    assert code == 2 and "import with --unit nV" in said and "import with --invert-polarity" in said
    assert abr("import", plain, "--out", out, "--mapping", mapping, "--unit", "nV", "--invert-polarity")[0] == 0
    np.testing.assert_allclose(Cohort.read(out).waveforms, Cohort.read(tmp_path / "right.parquet").waveforms, rtol=1e-4)


def test_what_was_imported_before_is_said(abr, export, tmp_path):
    first = tmp_path / "data" / "cohorts" / "first.parquet"
    assert abr("import", export, "--out", first, *SAID)[0] == 0
    code, said, _ = abr("import", export, "--out", first, *SAID)
    assert code == 0 and "imported before" not in said  # it replaces itself
    code, said, _ = abr("import", export, "--out", tmp_path / "again.parquet", *SAID)
    assert code == 0 and "the same file was imported before" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--out FILE.parquet"),
        (("--out", "c.parquet", "--mapping", "gone.yaml"), "gone.yaml"),
        (("--look", "--save-mapping", "plain.csv"), "overwrite"),
        (("--out", "c.parquet", "--label-shift", "99"), "-20 to 20"),
    ],
)
def test_more_options_that_cannot_be(abr, plain, monkeypatch, arguments, said):
    monkeypatch.chdir(plain.parent)
    before = plain.read_bytes()
    code, _, error = abr("import", "plain.csv", *arguments)
    assert code == 2 and said in error.replace("\n", " ") and plain.read_bytes() == before
