from __future__ import annotations

import os
import stat

import pytest

from abr_model.errors import InputError
from abr_model.sources.identifying import is_identifying, shown
from abr_model.sources.pseudonyms import load_salt, patient_pseudonym, recording_pseudonym, salt_file

SALT, OTHER = b"a" * 32, b"b" * 32


def test_same_patient_same_pseudonym_in_csv_and_spreadsheet():
    names = {patient_pseudonym(text, SALT) for text in ("98765001", " 98765001 ", "98765001.0")}
    assert len(names) == 1


def test_pseudonym_depends_on_patient_and_salt_and_hides_the_number():
    one = patient_pseudonym("98765001", SALT)
    assert one != patient_pseudonym("98765002", SALT)
    assert one != patient_pseudonym("98765001", OTHER)
    assert "98765001" not in one
    assert one.startswith("p_") and len(one) == 14


def test_many_patients_keep_apart():
    assert len({patient_pseudonym(str(i), SALT) for i in range(50_000)}) == 50_000


def test_patient_and_recording_names_of_the_same_bytes_differ():
    assert patient_pseudonym("x", SALT)[2:] != recording_pseudonym(b"x", SALT)[2:14]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_salt_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    salt = load_salt()
    assert salt_file() == tmp_path / "data" / ".salt"
    assert stat.S_IMODE(salt_file().stat().st_mode) == 0o600
    assert len(salt) == 32 and load_salt() == salt
    assert load_salt(tmp_path / "another") != salt


def test_damaged_salt_is_refused_not_replaced(tmp_path):
    (tmp_path / ".salt").write_bytes(b"short")
    with pytest.raises(InputError, match="damaged"):
        load_salt(tmp_path / ".salt")
    assert (tmp_path / ".salt").read_bytes() == b"short"


def test_salt_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="ABR_DATA"):
        load_salt(tmp_path / "file" / ".salt")


@pytest.mark.parametrize(
    "name",
    ["ID", "Name", "Patient_ID", "Birth Date", "Test Date", "Hasta Adı", "e-mail", "Comments", "MRN", "Last Name"],
)
def test_identifying_columns(name):
    assert is_identifying(name)


@pytest.mark.parametrize("name", ["Intensity", "V Latancy", "Hear_Loss", "Protocol", "FMP", "Sweeps Measured", "12"])
def test_columns_that_do_not_identify(name):
    assert not is_identifying(name)


@pytest.mark.parametrize(
    ("value", "words", "expected"),
    [
        ("300", (), "300"),
        ("-2.5", (), "-2.5"),
        ("Mehmet Demir", (), "text of 12 characters"),
        ("12345678901", (), "text of 11 characters"),
        ("1987-05-02", (), "text of 10 characters"),
        ("Alternatng", ("alternating",), "Alternatng"),
        ("Mehmet", ("alternating",), "text of 6 characters"),
        (None, (), ""),
    ],
)
def test_a_refused_cell_never_shows_a_person(value, words, expected):
    assert shown(value, words) == expected
