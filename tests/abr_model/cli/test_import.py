from __future__ import annotations

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
    assert abr("import", export, "--out", out, "--sampling-rate", 15_000, "--start=-1.5", "--unit", "nV")[0] == 0
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
