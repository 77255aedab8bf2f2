from __future__ import annotations

import pytest

from abr_model.errors import InputError
from abr_model.sources.readers import table
from abr_model.sources.readers.registry import READERS, is_cohort, reader_of, readers_of


def test_every_reader_has_what_a_reader_has():
    assert READERS[-1] is table  # it would take what a more exact reader knows better
    assert len({reader.FORMAT for reader in READERS}) == len(READERS)
    for reader in READERS:
        assert reader.ENDINGS and all(ending.startswith(".") for ending in reader.ENDINGS)
        assert callable(reader.recognises) and callable(reader.read)


@pytest.mark.parametrize(
    "content", [b"x", b"\0" * 50, b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"\xd0\xcf\x11\xe0", b'"', b",\n" * 9]
)
def test_no_reader_stumbles_when_it_is_asked(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    for reader in READERS:
        assert reader.recognises(path, content) in (True, False)


def test_content_decides_whatever_the_name(tmp_path, clinic, write_csv, smartep_text):
    text = tmp_path / "a.parquet"
    text.write_text(smartep_text())
    assert reader_of(text).FORMAT == "IHS SmartEP text export"
    assert reader_of(write_csv(clinic(2), "b.hea")).FORMAT == "Interacoustics Eclipse research export"


def test_a_companion_is_read_with_its_header(tmp_path):
    import numpy as np

    wfdb = pytest.importorskip("wfdb")
    signal = np.sin(np.linspace(0, 30, 500))[:, None]
    wfdb.wrsamp("rec", 20_000, ["uV"], ["ABR"], p_signal=signal, fmt=["16"], write_dir=str(tmp_path))
    data, header = tmp_path / "rec.dat", tmp_path / "rec.hea"
    assert [path for path, _ in readers_of([data, header])] == [header]
    with pytest.raises(InputError, match=r"rec\.dat"):
        readers_of([data])


def test_a_cohort_is_known_by_its_content(small_cohort, tmp_path):
    path = small_cohort.take([0, 1]).write(tmp_path / "x.parquet")
    assert is_cohort(path, path.read_bytes())
    small_cohort.table.to_parquet(tmp_path / "y.parquet")
    assert not is_cohort(tmp_path / "y.parquet", (tmp_path / "y.parquet").read_bytes())
