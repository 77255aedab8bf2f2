from __future__ import annotations

import pytest

from abr_model.sources.checks.known_imports import known_imports
from abr_model.sources.reading import read_recordings

SAID = {"sampling_rate_hz": 15_000, "start_ms": 0, "salt": b"s" * 32}


@pytest.fixture
def stored(clinic, write_csv, tmp_path):
    """A clinic's export, imported and stored in the data folder; gives (rows, its path, folder)."""
    rows = clinic(12)
    path = write_csv(rows)
    folder = tmp_path / "cohorts"
    read_recordings(path, **SAID).cohort.write(folder / "first.parquet")
    return rows, path, folder


def findings(path, folder):
    found = read_recordings(path, known=known_imports(folder), **SAID).report.findings
    return {f.code: f for f in found if f.code in ("imported_before", "recordings_known", "patients_known")}


def test_the_same_file_is_noticed(stored, tmp_path):
    _, path, folder = stored
    copy = tmp_path / "another name.csv"
    copy.write_bytes(path.read_bytes())
    found = findings(copy, folder)
    assert set(found) == {"imported_before"} and found["imported_before"].severity == "look"
    assert "12 recordings" in found["imported_before"].sentence


def test_a_changed_file_is_noticed(stored, write_csv):
    rows, _, folder = stored
    changed = [row | {"Age": 50} if i < 3 else row for i, row in enumerate(rows)]
    found = findings(write_csv(changed, "changed.csv"), folder)
    assert set(found) == {"recordings_known"}
    assert "12 of 12" in found["recordings_known"].sentence and "3 of them with other values" in (
        found["recordings_known"].sentence
    )
    part = findings(write_csv(rows[:5], "part.csv"), folder)["recordings_known"]
    assert "5 of 5" in part.sentence and "other values" not in part.sentence


def test_other_traces_of_the_same_patients(stored, write_csv):
    rows, _, folder = stored
    others = [row | {str(k): -row[str(k)] for k in range(1, 468)} for row in rows]
    found = findings(write_csv(others, "others.csv"), folder)
    assert set(found) == {"patients_known"} and "3 patients" in found["patients_known"].sentence


def test_nothing_is_known_of_strangers_simulations_and_damaged_files(stored, small_cohort, tmp_path, clinic, write_csv):
    _, _, folder = stored
    small_cohort.take([0, 1]).write(folder / "simulated.parquet")
    (folder / "damaged.parquet").write_bytes(b"PAR1 damaged")
    assert len(known_imports(folder)) == 1
    assert known_imports(folder, but=folder / "first.parquet") == []
    assert known_imports(tmp_path / "nowhere") == []
    strangers = [row | {"Patient_ID": 1} | {"9": 0.77} for row in clinic(12)]
    assert findings(write_csv(strangers, "strangers.csv"), folder) == {}


def test_one_of_several_files_is_noticed(stored, clinic, write_csv):
    _, path, folder = stored
    rows = [row | {"Patient_ID": 7, "3": 0.5 + i} for i, row in enumerate(clinic(4))]
    found = read_recordings([write_csv(rows, "new.csv"), path], known=known_imports(folder), **SAID).report.findings
    assert "imported_before" in {f.code for f in found}


def test_a_cohort_that_vanishes_meanwhile_is_no_obstacle(stored, clinic, write_csv):
    _, _, folder = stored
    known = known_imports(folder)
    (folder / "first.parquet").unlink()
    rows = [row | {"Patient_ID": 7} for row in clinic(4)]
    assert read_recordings(write_csv(rows, "n.csv"), known=known, **SAID).report.recordings_read == 4
