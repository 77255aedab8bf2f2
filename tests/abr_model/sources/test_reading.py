from __future__ import annotations

import pickle

import numpy as np
import openpyxl
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.schema import Kind
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import NothingImportedError

SALT = b"s" * 32
SAID = {"sampling_rate_hz": 15_000, "start_ms": 0, "salt": SALT}


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a file of a person was unpickled",))


def _contents():
    yield "empty.csv", b"", "the file is empty"
    yield "blank.csv", b" \n\n ", "the file is empty"
    yield "letter.txt", b"Dear colleague,\nplease find attached", "kind that can be read"
    yield "table.csv", b"a,b,c\n1,2,3\n", "kind that can be read"
    yield "old_mac.csv", b"Patient_ID,Age,Intensity,FMP\r1,2,3,4\r\n\r5", "kind that can be read|damaged|missing"
    yield "binary.xlsx", bytes(range(256)) * 8, "kind that can be read"
    yield "data.csv", pickle.dumps(Bomb()), "kind that can be read"
    yield "export.xlsx", b"PK\x03\x04" + b"damaged" * 50, "damaged"
    yield "cohort.csv", b"PAR1" + bytes(100), "not a Parquet file, or it is truncated"


@pytest.mark.parametrize(("name", "content", "problem"), _contents())
def test_a_file_that_cannot_be_read_says_so(tmp_path, name, content, problem):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as error:
        read_recordings(path, **SAID)
    assert error.value.file == name
    if problem == "kind that can be read":
        assert "SmartEP" in error.value.allowed and "Eclipse" in error.value.allowed


def test_workbook_of_something_else(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["budget", 2024])
    workbook.save(tmp_path / "budget.xlsx")
    with pytest.raises(InputError, match="Eclipse"):
        read_recordings(tmp_path / "budget.xlsx", **SAID)


def test_truncated_workbook(clinic, write_xlsx):
    path = write_xlsx(clinic(4))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match="damaged"):
        read_recordings(path, **SAID)


def test_no_such_file_names_it_without_its_folder(tmp_path):
    with pytest.raises(InputError) as error:
        read_recordings(tmp_path / "gone.csv", **SAID)
    assert "gone.csv" in str(error.value) and str(tmp_path) not in str(error.value)


def test_no_file_at_all():
    with pytest.raises(InputError, match="no file"):
        read_recordings([], **SAID)


def test_header_without_rows(clinic, write_csv):
    path = write_csv(clinic(1))
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="no recording"):
        read_recordings(path, **SAID)


@pytest.mark.parametrize(
    "options",
    [
        {"sampling_rate_hz": 0},
        {"sampling_rate_hz": float("nan")},
        {"sampling_rate_hz": 15},
        {"start_ms": float("inf")},
        {"unit": "volt"},
        {"label_shift_ms": 50},
        {"level_offset_db": float("nan")},
    ],
)
def test_options_that_cannot_be(clinic, write_csv, options):
    with pytest.raises(InputError, match="allowed"):
        read_recordings(write_csv(clinic(2)), **(SAID | options))


def test_content_not_name_decides(tmp_path, smartep_text, clinic, write_csv):
    smartep = tmp_path / "named.xlsx"
    smartep.write_text(smartep_text())
    eclipse = write_csv(clinic(3), "named.TXT")
    report = read_recordings([smartep, eclipse], **SAID).report
    assert [f.split()[0] for f in report.files["format"]] == ["IHS", "Interacoustics"]


def test_a_clinical_cohort_with_its_provenance(clinic, write_csv):
    path = write_csv(clinic(4), "Mrs Doe.csv")
    cohort = read_recordings(path, **SAID).cohort
    assert isinstance(cohort, Cohort) and cohort.kind is Kind.CLINICAL
    assert cohort.provenance.source == "Interacoustics Eclipse research export"
    assert len(cohort.provenance.source_sha256) == 64
    assert cohort.provenance.details["given"] == {"sampling_rate_hz": 15_000, "start_ms": 0, "unit": None}
    assert "Doe" not in cohort.provenance.model_dump_json()


def test_same_file_twice_is_read_once_and_said(clinic, write_csv):
    path = write_csv(clinic(5))
    result = read_recordings([path, path], **SAID)
    assert len(result.cohort) == 5
    assert list(result.report.files["read"]) == [5, 0] and list(result.report.files["refused"]) == [0, 5]
    reasons = result.report.refused["reason"]
    assert reasons.str.startswith("duplicate: the same trace as recording").all()


def test_a_repeated_row_under_another_patient_is_found(clinic, write_csv):
    rows = clinic(5)
    rows.append(rows[0] | {"Patient_ID": 5555})
    result = read_recordings(write_csv(rows), **SAID)
    assert len(result.cohort) == 5
    assert result.report.refused["row"].item() == 6
    assert "recording 1, but of another patient" in result.report.refused["reason"].item()


def test_recordings_and_patients_keep_their_names_between_imports(clinic, write_csv):
    rows = clinic(6)
    whole = read_recordings(write_csv(rows), **SAID).cohort.table
    part = read_recordings(write_csv(rows[2:], "part.csv"), **SAID).cohort.table
    assert list(part["recording_id"]) == list(whole["recording_id"][2:])
    assert list(part["patient_id"]) == list(whole["patient_id"][2:])
    other = read_recordings(write_csv(rows), **(SAID | {"salt": b"o" * 32})).cohort.table
    assert not set(other["patient_id"]) & set(whole["patient_id"])


def test_the_salt_of_the_machine_is_used(clinic, write_csv, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    path = write_csv(clinic(3))
    first, second = (read_recordings(path, sampling_rate_hz=15_000, start_ms=0).cohort for _ in range(2))
    assert first.digest() == second.digest()
    salt = (tmp_path / "data" / ".salt").read_bytes()
    assert read_recordings(path, **(SAID | {"salt": salt})).cohort.digest() == first.digest()
    assert salt.hex() not in first.provenance.model_dump_json()


def test_files_with_other_rates_become_one_cohort_at_the_highest(tmp_path, smartep_text, clinic, write_csv):
    fast = tmp_path / "fast.txt"
    fast.write_text(smartep_text(points=500))
    rows = clinic(6)
    result = read_recordings([write_csv(rows), fast], **SAID)
    cohort = result.cohort
    assert cohort.sampling.rate_hz == 20_000 and len(cohort) == 8
    assert any("6 recordings were resampled from 15000 Hz to 20000 Hz" in note for note in result.report.notes)
    assert cohort.time_ms[-1] <= 491 / 20  # the shorter recordings end there
    for i, row in enumerate(rows):
        peak = cohort.time_ms[cohort.waveforms[i].argmax()]
        assert peak == pytest.approx(row["V Latancy"], abs=0.06)
        trace = np.array([row[str(k)] for k in range(1, 468)])
        at = np.interp(cohort.time_ms, np.arange(467) / 15, trace)
        np.testing.assert_allclose(cohort.waveforms[i], at, atol=0.02)


def test_other_time_zeros_are_brought_onto_one_axis(tmp_path, smartep_text):
    paths = []
    for name, start in (("a", ""), ("b", "9")):
        path = tmp_path / f"{name}.txt"
        path.write_text(smartep_text(points=200, zero=start, **{"Ear:": ("R", "R")}))
        paths.append(path)
    # Point 9 is at 0 ms: without that row, the first point is at −0.4 ms; −0.42 puts it between two samples.
    lines = paths[1].read_text().replace("0.0300", "0.0301")
    paths[1].write_text(lines)
    result = read_recordings(paths, salt=SALT, start_ms=-0.42)
    cohort = result.cohort
    assert len(cohort) == 4 and cohort.sampling.start_ms == 0
    assert any("interpolated onto the common time axis" in note for note in result.report.notes)
    moved = 0.1 * np.sin(2 * np.pi * 0.5 * (cohort.time_ms + 0.02))
    np.testing.assert_allclose(cohort.waveforms[0], moved, atol=2e-4)


def test_progress_reaches_its_end(clinic, write_csv):
    seen = []
    files = [write_csv(clinic(3)), write_csv(clinic(6)[3:], "more.csv")]
    read_recordings(files, on_progress=lambda share, name: seen.append((share, name)), **SAID)
    shares = [share for share, _ in seen]
    assert shares == sorted(shares) and shares[-1] == 1 and {n for _, n in seen} == {"export.csv", "more.csv"}


def test_everything_refused_says_the_first_reason(clinic, write_csv):
    rows = [row | {"Intensity": 300} for row in clinic(3)]
    with pytest.raises(
        NothingImportedError, match=r"'export.csv', row 1, column 'Intensity'.*3 refused.*'300'"
    ) as error:
        read_recordings(write_csv(rows), **SAID)
    assert isinstance(error.value.report.refused, pd.DataFrame) and len(error.value.report.refused) == 3


def test_refused_and_read_add_up(clinic, write_csv):
    rows = clinic(12)
    rows[0] |= {"Age": -4, "Intensity": 300}  # two reasons, one recording
    rows[5]["100"] = "x"
    report = read_recordings(write_csv([*rows, rows[3]]), **SAID).report
    assert (report.recordings_read, report.recordings_refused) == (10, 3)
    assert len(report.refused) == 4
    assert report.lines()[0] == "10 recordings read, 3 refused"


# --- what the person states -----------------------------------------------------------------------------------------

STATED = {"age_years": 25, "hearing_loss": "normal", "sex": None}


def test_a_statement_fills_missing_cells_and_is_told(tmp_path, smartep_text):
    path = tmp_path / "export.TXT"
    path.write_text(smartep_text())
    result = read_recordings(path, salt=SALT, stated=STATED)
    table = result.cohort.table
    assert table["age_years"].tolist() == [25, 25] and table["hearing_loss"].tolist() == ["normal", "normal"]
    assert table["sex"].isna().all()
    assert "age 25 years stated by the person for 2 recordings" in result.report.lines()
    assert result.cohort.provenance.details["stated"] == {
        "age_years": {"value": 25.0, "recordings": 2},
        "hearing_loss": {"value": "normal", "recordings": 2},
    }


def test_what_the_file_says_wins_over_a_statement(clinic, write_csv):
    rows = clinic(6)
    rows[1]["Age"] = ""
    path = write_csv(rows)
    options = {"salt": SALT, "sampling_rate_hz": 15_000, "start_ms": 0}
    before = read_recordings(path, **options).cohort.table
    result = read_recordings(path, **options, stated={"age_years": 70, "hearing_loss": "total"})
    after = result.cohort.table
    assert np.flatnonzero(after["age_years"] == 70).tolist() == [1] and np.isnan(before["age_years"][1])
    assert after["hearing_loss"].tolist() == before["hearing_loss"].tolist()
    assert any("total stated by the person was not used" in line for line in result.report.lines())


def test_recordings_with_statements_can_be_selected_for_training(human_recordings):
    from abr_model.preparation import SelectionRules, select

    files = sorted((human_recordings / "native").glob("*.TXT"))
    rules = SelectionRules(fmp_above=None, polarity=None)
    with pytest.raises(InputError, match="no recording is left"):
        select(read_recordings(files, salt=SALT).cohort, rules)
    assert len(select(read_recordings(files, salt=SALT, stated=STATED).cohort, rules).cohort) == 18


@pytest.mark.parametrize(
    ("stated", "column"),
    [
        ({"age_years": 200}, "age_years"),
        ({"age_years": -1}, "age_years"),
        ({"age_years": float("nan")}, "age_years"),
        ({"hearing_loss": "deaf"}, "hearing_loss"),
        ({"sex": "x"}, "sex"),
        ({"intensity_db_nhl": 60}, "intensity_db_nhl"),
        ({"name": "x"}, "name"),
    ],
)
def test_a_statement_that_cannot_be_is_refused(tmp_path, smartep_text, stated, column):
    path = tmp_path / "export.TXT"
    path.write_text(smartep_text())
    with pytest.raises(InputError) as refused:
        read_recordings(path, salt=SALT, stated=stated)
    assert refused.value.column == column and refused.value.allowed and refused.value.row is None


def test_refused_cells_for_a_spreadsheet_are_no_formula_and_numbers_stay():
    from abr_model.sources.report import ImportReport

    cells = [("=cmd|'/c calc'!A1.csv", 1, "Age", "-5", "µ")]
    refused = pd.DataFrame(cells, columns=["file", "row", "column", "value", "reason"])
    report = ImportReport(files=pd.DataFrame({"read": [0], "refused": [1]}), refused=refused)
    text = report.refused_csv().decode("utf-8-sig")
    assert text.splitlines()[1] == "'=cmd|'/c calc'!A1.csv,1,Age,-5,µ"
