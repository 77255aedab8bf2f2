from __future__ import annotations

import os
import stat
import tempfile
import time

import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import ImportReport, NothingImportedError
from abr_model.sources.simulator import simulate
from dashboard.uploads import PREFIX, STALE_AFTER_S, UploadFolder, forget_in_memory, read_cohort
from dashboard.widgets.problem import plain, sentence


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    return folder


def test_a_cohort_comes_back_as_it_was(tmp_path):
    cohort = simulate(3, 0)
    folder = UploadFolder()
    upload = folder.add("x.parquet", cohort.write(tmp_path / "c.parquet").read_bytes())
    assert read_cohort(upload).digest() == cohort.digest()


def test_a_problem_names_the_file_as_the_person_does():
    folder = UploadFolder()
    upload = folder.add("my export.csv", b"a,b\n1,2\n")
    with pytest.raises(InputError) as caught:
        read_recordings(upload.path)
    assert "upload-1" in str(caught.value)
    assert "my export.csv" in str(folder.named_error(caught.value))
    with pytest.raises(InputError, match="my cohort"):
        read_cohort(folder.add("my cohort.parquet", b"no"))


def test_a_report_names_the_files_as_the_person_does_in_its_sentences_too():
    folder = UploadFolder()
    folder.add("March.csv", b"a")
    folder.add("April.csv", b"b")
    refused = pd.DataFrame(
        [{"file": "upload-2", "row": 1, "column": "", "value": "", "reason": "the same trace as in 'upload-1'"}]
    )
    files = pd.DataFrame({"file": ["upload-1", "upload-2"], "format": "x", "read": [0, 0], "refused": [0, 1]})
    report = folder.named_report(ImportReport(files, refused))
    assert list(report.files["file"]) == ["March.csv", "April.csv"]
    assert report.refused["reason"][0] == "the same trace as in 'March.csv'"
    error = folder.named_error(NothingImportedError(ImportReport(files, refused)))
    assert isinstance(error, NothingImportedError) and "April.csv" in str(error)


def test_a_hostile_name_never_becomes_a_path(tmp_path, temporary):
    folder = UploadFolder()
    for name in ("../../escaped.parquet", "/etc/escaped", "../escaped.hea", "escaped\0.dat", "a/escaped.dat"):
        folder.add(name, b"x")
    assert not [path for path in tmp_path.rglob("*") if "escaped" in path.name]
    assert len(list(folder.folder.iterdir())) == 5


def test_the_files_of_a_record_keep_the_names_by_which_they_find_one_another():
    folder = UploadFolder()
    assert [folder.add(name, b"x").path.name for name in ("rec1.hea", "rec1.dat")] == ["rec1.hea", "rec1.dat"]
    with pytest.raises(InputError, match="here already"):
        folder.add("rec1.dat", b"y")


def test_the_folder_is_private_and_goes_when_it_is_closed_or_forgotten(temporary):
    folder = UploadFolder()
    folder.add("x.csv", b"x")
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700
    folder.close()
    folder.close()
    assert not list(temporary.iterdir())
    forgotten = UploadFolder()
    forgotten.add("x.csv", b"x")
    del forgotten, folder
    assert not list(temporary.iterdir()), "a session that ends leaves no patient's file behind"


def test_what_a_killed_server_left_is_removed_the_next_day(temporary):
    old, young, other = temporary / f"{PREFIX}old", temporary / f"{PREFIX}young", temporary / "of-somebody-else"
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "upload-1").write_bytes(b"x")
    past = time.time() - STALE_AFTER_S - 60
    for folder in (old, other):
        os.utime(folder, (past, past))
    UploadFolder().close()
    assert not old.exists() and young.exists() and other.exists()


def test_streamlit_keeps_no_copy_of_what_was_laid_down(monkeypatch):
    from types import SimpleNamespace

    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.runtime.uploaded_file_manager import UploadedFileRec

    manager = MemoryUploadedFileManager("/upload")
    for name in ("1", "2"):
        manager.add_file("session", UploadedFileRec(name, f"{name}.csv", "text/csv", b"x"))
    context = SimpleNamespace(uploaded_file_mgr=manager, session_id="session")
    monkeypatch.setattr("dashboard.uploads.get_script_run_ctx", lambda: context)
    forget_in_memory([SimpleNamespace(file_id="1")])
    assert [file.file_id for file in manager.get_files("session", ["1", "2"])] == ["2"]


def test_text_of_a_file_is_shown_as_it_stands():
    assert plain("*a*_b_[c](d):red[x]") == r"\*a\*\_b\_\[c\](d)\:red\[x\]"
    assert sentence("the file is empty") == "The file is empty."
