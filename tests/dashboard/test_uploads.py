from __future__ import annotations

import tempfile

import pytest

from abr_model.errors import InputError
from abr_model.sources.simulator import simulate
from dashboard.uploads import COHORT, SAMPLING_UNKNOWN, STATES_SAMPLING, Upload, import_recordings, read_cohort
from dashboard.widgets.problem import plain, sentence


def test_a_cohort_comes_back_as_it_was(tmp_path):
    cohort = simulate(3, 0)
    upload = Upload("x.parquet", cohort.write(tmp_path / "c.parquet").read_bytes())
    assert upload.content_kind == COHORT
    assert read_cohort(upload).digest() == cohort.digest()


def test_a_problem_names_the_file_as_the_person_does(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    with pytest.raises(InputError, match="my export"):
        import_recordings([Upload("my export.csv", b"a,b\n1,2\n")])
    with pytest.raises(InputError, match="my cohort"):
        read_cohort(Upload("my cohort.parquet", b"no"))


def test_a_hostile_name_never_becomes_a_path(tmp_path, monkeypatch):
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))  # uploads lie in t/abr-upload-…/
    with pytest.raises(InputError):
        read_cohort(Upload("../../escaped.parquet", b"x"))
    assert not list(tmp_path.rglob("*escaped*"))


def test_real_text_exports_state_their_sampling(human_recordings, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    uploads = [Upload(f.name, f.read_bytes()) for f in sorted((human_recordings / "native").glob("*.TXT"))]
    assert {u.content_kind for u in uploads} == {STATES_SAMPLING}
    result = import_recordings(uploads)
    assert len(result.cohort) > 0
    assert set(result.report.files["file"]) == {u.name for u in uploads}


def test_a_text_export_in_utf_16_states_its_sampling_too(human_recordings, tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    file = sorted((human_recordings / "native").glob("*.TXT"))[0]
    upload = Upload(file.name, file.read_text(encoding="latin-1").encode("utf-16"))
    assert upload.content_kind == STATES_SAMPLING
    assert len(import_recordings([upload]).cohort) > 0


def test_a_table_does_not_state_its_sampling():
    assert Upload("export.csv", b"Patient_ID,1,2\n").content_kind == SAMPLING_UNKNOWN


def test_text_of_a_file_is_shown_as_it_stands():
    assert plain("*a*_b_[c](d):red[x]") == r"\*a\*\_b\_\[c\](d)\:red\[x\]"
    assert sentence("the file is empty") == "The file is empty."
